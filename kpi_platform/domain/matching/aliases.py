"""The parts of a written name beside the name: another name of the same holder, an acronym, an address."""

import re
from typing import NamedTuple

from kpi_platform.domain.matching.legal_forms import ANYWHERE, ENDINGS
from kpi_platform.domain.matching.places import PLACES

# What follows is another name of the same holder. Each run of marks is looked at once: no name is slow.
_ALSO = re.compile(
    r"""(?<![\s,;(\[/-])[\s,;(\[/-]+(?:
      operating\s+as | (?:carrying\s+on\s+business|doing\s+business|trading|trades|known|now|business)\s+as
      | (?:now|also|formerly|previously)\s+(?:known|called|trading|operating|doing\s+business)(?:\s+as)?
      | now\s+part\s+of | formerly | previously | (?-i:now(?=\s+[A-Z]))
      | d/?b/?a\b | d\.b\.a\.? | o/a\b | t/a\b | c\.o\.b\.\s+as
      | f/?k/?a\b | f\.k\.a\.? | a/?k/?a\b | a\.k\.a\.? | n/k/a\b
      | (?:an?|the)\s+(?:\w+\s+)?(?:division|subsidiary|unit|brand|affiliate|branch)\s+of
      | (?:division|subsidiary)\s+of
    )[\s:,.]*(?:the\s+)?(?=\w)""",
    re.IGNORECASE | re.VERBOSE,
)
# What follows is somebody else: who takes the letters, or who acts for the holder.
_ADDRESSEE = re.compile(
    r"(?<![\s,;(\[-])[\s,;(\[-]+(?:c/o|c\.o\.|care\s+of|attn\.?:?|attention:|represented\s+by)\s+\S.*$",
    re.IGNORECASE,
)
_IN_CARE = re.compile(r"^\s*(?:c/o|care\s+of)\s+", re.IGNORECASE)
_BRACKET = re.compile(r"[(\[]\s*([^\s()\[\]]{2,12})\s*[)\]]")
_DASHED = re.compile(
    r"^\s*([A-Z][A-Za-z&]{1,7})\s+[-–—:]\s+(?=\S+\s+\S)|(?<=\w)\s+[-–—]\s+([A-Z][A-Za-z&]{1,7})\s*$"
)


class WrittenName(NamedTuple):
    """The names of one holder in a written name, its own first, and the short forms given for it."""

    names: tuple[str, ...]
    acronyms: tuple[str, ...]


def read_name(text: str) -> WrittenName:
    """Returns the names that `text` gives its holder: "A Ltd (formerly B)" has "A Ltd" and "B", "A c/o B"
    only "A"; acronyms are words in brackets or before or after a dash, which are no place or legal form."""
    text = " ".join(text.split())
    text = _IN_CARE.sub("", _ADDRESSEE.sub("", text) or text)
    names, acronyms = [], []
    for part in _ALSO.split(text):
        name = part.strip(" ,;)(" if part.count("(") != part.count(")") else " ,;")
        found = [match[1] for match in _BRACKET.finditer(name)]
        if dashed := _DASHED.search(name):
            short = dashed[1] or dashed[2]
            if _is_short_form(short) and sum(map(str.isupper, short)) > 1:
                found.append(short)
                name = _DASHED.sub("", name)
        words = name.split()
        if len(words) > 3 and _ends_in_acronym(words):
            found.append(words[-1])
            name = " ".join(words[:-1])
        letters = "".join(word[0] for word in name.lower().split())
        acronyms += [
            short
            for word in found
            if (short := word.lower().replace(".", ""))
            and (_is_short_form(word) or letters.startswith(short))
        ]
        if any(map(str.isalnum, name)):
            names.append(name)
    return WrittenName(tuple(names) or (text,), tuple(acronyms))


def _is_short_form(word: str) -> bool:
    plain = word.lower().replace(".", "")
    return (
        plain.isalpha() and len(plain) > 2
        and plain not in PLACES and plain not in ANYWHERE and plain not in ENDINGS
    )  # fmt: skip


def _ends_in_acronym(words: list[str]) -> bool:
    last = words[-1]
    return (
        2 < len(last) < 7 and last.isupper() and last.isalpha() and _is_short_form(last)
        and all(any(map(str.islower, word)) for word in words[:-1])
    )  # fmt: skip
