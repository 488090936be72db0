"""Titles of contacts: the words that make an executive, as patterns for the warehouse."""

import re
import unicodedata
from collections.abc import Sequence

EXECUTIVE = (
    "VP", "SVP", "EVP", "AVP", "Vice President", "Director", "President", "Chief", "CEO", "CFO", "COO", "CTO",
    "CIO", "CMO", "CRO", "CISO", "CSO", "CPO", "Head of", "Managing Director", "Director General",
    "Geschäftsführer", "Vorstand", "Directeur",
)  # fmt: skip
"""What makes an executive, by default."""

NO_EXECUTIVE = (
    "former", "ex-", "EA to", "assistant", "office of the", "intern", "art director", "product owner",
)  # fmt: skip
"""What makes none, whatever else the title says, by default."""

TITLE_CHARACTERS = r"[\w &/'.,()+-]*[^\W_][\w &/'.,()+-]*"
"""What a word of the lists may be made of, as a pattern: nothing that a warehouse's pattern has to escape."""

_WORD_CHARACTERS = "a-z0-9_ªµºÀ-ÖØ-öø-῿Ⰰ-ⷿ々-〇ぁ-퟿豈-﷿ﹰ-ﻼＡ-Ｚａ-ｚ０-９"
"""Letters, digits and underscore in a bracket; no warehouse has a shorter name for them that all have."""

_LONGEST_ABBREVIATION = 5


def title_pattern(words: Sequence[str]) -> str | None:
    """Returns a pattern (POSIX, without escapes) for titles in small letters in which one of `words` stands
    between characters that are no letter, digit or underscore; a word that ends with "-" needs none after it.
    Dots between or after single letters do not matter: C.E.O. is CEO. None for no words."""
    texts = [_text(word) for word in words]
    whole = "|".join(_plain(text) for text in texts if not text.endswith("-"))
    dotted = "|".join(_dotted(text) for text in texts if not text.endswith("-"))
    beginnings = "|".join(_plain(text) for text in texts if text.endswith("-"))
    parts = []
    if whole:
        parts.append(f"(^|[^{_WORD_CHARACTERS}])({whole})($|[^{_WORD_CHARACTERS}])")
        parts.append(f"(^|[^{_WORD_CHARACTERS}.])({dotted})[.]?($|[^{_WORD_CHARACTERS}.])")
    if beginnings:
        parts.append(f"(^|[^{_WORD_CHARACTERS}])({beginnings})")
    return "|".join(parts) or None


def _text(word: str) -> str:
    """In small letters, without dots after single ones, with one blank for each run of them."""
    text = " ".join(unicodedata.normalize("NFC", word).lower().split())
    return _SINGLE_LETTERS.sub(lambda found: found.group().replace(".", ""), text)


_SINGLE_LETTERS = re.compile(r"(?<!\w)(?:[^\W\d_]\.)+(?:[^\W\d_](?!\w))?")


def _plain(text: str) -> str:
    return "[[:space:]]+".join("".join(map(_character, word)) for word in text.split())


def _dotted(text: str) -> str:
    """With dots after the first letters of each word that may be an abbreviation, or without."""
    return "[.]?[[:space:]]+".join(
        _spelled(word) if word.isalpha() and len(word) <= _LONGEST_ABBREVIATION else _plain(word)
        for word in text.split()
    )


def _spelled(letters: str) -> str:
    """`ceo`, `c.eo` or `c.e.o`."""
    first, rest = _character(letters[0]), letters[1:]
    return f"{first}({_plain(rest)}|[.]{_spelled(rest)})" if rest else first


def _character(one: str) -> str:
    """A letter also in the form in which its accent is a character of its own."""
    if one == "'":
        return "."
    apart = unicodedata.normalize("NFD", one)
    if apart != one:
        return f"({one}|{apart})"
    return one if one.isalnum() or one == "_" else f"[{one}]"
