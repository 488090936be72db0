"""Company names in the form in which they are compared."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from anyascii import anyascii

from kpi_platform.domain.matching.legal_forms import ANYWHERE, BEGINNINGS, ENDINGS
from kpi_platform.domain.matching.words import COUNTRIES, FILLERS, LAST_NUMBERS, SPELLINGS, STRUCTURAL

# Punctuation separates words, apostrophes join them ("Lowe's"); dots and commas still carry meaning.
_PUNCTUATION = {c: " " for c in map(chr, range(128)) if not c.isalnum()}
_PUNCTUATION |= {"'": "", "`": "", "&": " and ", "+": " and ", ".": ".", ",": " , "}
_TABLE = str.maketrans(_PUNCTUATION)
_ASIAN_FORMS = re.compile(
    "株式会社|有限会社|合同会社|股份有限公司|有限责任公司|有限公司|주식회사|유한회사|\\(주\\)|\\(株\\)"
)
_SPELLING = SPELLINGS.get
_REGISTER_MARK = re.compile(r"\s*/[a-z]{2,4}/?\s*$")
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_FORM_SPELLINGS = {
    "corporation": "corp", "incorporated": "inc", "incorporation": "inc", "limited": "ltd", "company": "co",
    "aktiengesellschaft": "ag", "aktiebolag": "ab", "aktiebolaget": "ab", "proprietary": "pty",
}  # fmt: skip
_FORM_SPELLING = _FORM_SPELLINGS.get


class ParsedName(NamedTuple):
    """A name's words in normal form, and the legal form that it is written with: "" for none."""

    words: list[str]
    legal_form: str


def parse_name(name: str) -> ParsedName:
    """Returns the words that identify `name`, and its legal form, spelt in one way ("corp", "co ltd").

    Words are small ASCII letters and digits. Case, accents, scripts, punctuation, "&"/"and"/"the", dotted or
    spaced initials, legal forms, brackets, numerals and usual abbreviations no longer differ. A name that is
    nothing but such words keeps them ("The Limited" → "limited"); there is no word only if `name` has no
    letter and no digit.
    """
    text = name.lower() if name.isascii() else _in_ascii(name)
    if "/" in text:
        text = _REGISTER_MARK.sub("", text) or text
    if "(" in text or "[" in text:
        text = _without_brackets(text)
    words = text.translate(_TABLE).split()
    if "." in text:
        words = _without_dots(words)
    if 1 in map(len, words):
        words = _with_joined_initials(words)
    if "," in text:
        words = _without_address(words)
    core = words if FILLERS.isdisjoint(words) else [word for word in words if word not in FILLERS]
    kept, dropped = _without_legal_forms(core or words)
    return ParsedName(_in_one_spelling(kept), " ".join([_FORM_SPELLING(word, word) for word in dropped]))


def initials(words: Sequence[str]) -> set[str]:
    """Returns the first letters of `words`, with and without those of "of" and "group"."""
    return {
        "".join(word[0] for word in words),
        "".join(word[0] for word in words if word not in STRUCTURAL),
    }


def _without_brackets(text: str) -> str:
    """Drops text in brackets, except countries and numbers, which distinguish siblings; keeps all of it if
    nothing else is there."""
    rest = _BRACKETS.sub(_bracketed, text)
    return rest if any(map(str.isalnum, rest)) else text


def _bracketed(match: re.Match[str]) -> str:
    words = match[1].split()
    tells = any(_SPELLING(word, word) in COUNTRIES or not word.isalpha() for word in words)
    return f" {match[1]} " if tells else " "


def _in_ascii(name: str) -> str:
    text = unicodedata.normalize("NFKC", name)
    return anyascii(_ASIAN_FORMS.sub(" ", text).strip() or text).lower()


def _without_dots(words: list[str]) -> list[str]:
    result: list[str] = []
    for word in words:
        if "." not in word:
            result.append(word)
            continue
        pieces = [piece for piece in word.split(".") if piece]
        if len(pieces) > 1 and all(len(piece) == 1 for piece in pieces):
            result.append("".join(pieces))
        else:
            result.extend(pieces)
    return result


def _with_joined_initials(words: list[str]) -> list[str]:
    """ "a o smith" → "ao smith", "n v" → "nv"; a single letter stays alone."""
    result: list[str] = []
    run = 0
    for word in words:
        if len(word) == 1 and word.isalpha():
            if run:
                result[-1] += word
            else:
                result.append(word)
            run += 1
        else:
            result.append(word)
            run = 0
    return result


def _without_address(words: list[str]) -> list[str]:
    """Drop what follows a legal form and a comma ("DSM N.V., Heerlen, NL") and all commas."""
    comma = words.index(",")
    if 1 < comma < len(words) - 1 and words[comma - 1] in ENDINGS:
        tail = [word for word in words[comma:] if word != ","]
        if tail and not any(word in ENDINGS and word not in ("nl", "co") for word in tail):
            words = words[:comma]
    return [word for word in words if word != ","]


def _without_legal_forms(words: list[str]) -> tuple[list[str], list[str]]:
    """`words` without the legal forms at their end, before and among them, and these; one word stays."""
    start, end = 0, len(words)
    while end > 1 and (forms := ENDINGS.get(words[end - 1])):
        for form in forms:
            size = len(form)
            if size < end and (size == 1 or tuple(words[end - size : end]) == form):
                end -= size
                break
        else:
            break
    for form in BEGINNINGS.get(words[0], ()) if words else ():
        if len(form) < end and tuple(words[: len(form)]) == form:
            start = len(form)
            break
    kept, dropped = words[start:end], words[:start] + words[end:]
    if len(kept) > 1 and not ANYWHERE.isdisjoint(kept):
        inside = [word for word in kept if word in ANYWHERE]
        if len(inside) < len(kept):
            kept, dropped = [word for word in kept if word not in ANYWHERE], inside + dropped
    return kept, dropped


def _in_one_spelling(words: list[str]) -> list[str]:
    result = [_SPELLING(word, word) for word in words]
    if len(result) > 1 and result[-1] in LAST_NUMBERS:
        result[-1] = LAST_NUMBERS[result[-1]]
    return result
