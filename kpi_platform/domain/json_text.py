"""JSON from outside: no key twice in one object, no half of a character, and no deeper than what walks it can
go."""

import json
import re
from itertools import accumulate
from typing import Any

from kpi_platform.domain.settings.parsing import MAX_DEPTH

TOO_DEEP = f"It nests deeper than {MAX_DEPTH} levels."
# One that never ends matches too: else each of its quotes would be tried as a beginning.
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_KEY_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"(\s*+:)?|[\[\]{}]', re.DOTALL)


class UnclearJson(ValueError):
    """JSON that says two things, or nothing that can be stored. Its text says where, or what."""


def is_too_deep(text: bytes) -> bool:
    """Whether objects and lists of the text, which need not be valid JSON, nest deeper than MAX_DEPTH."""
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _TEXT.sub(b"", text).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_DEPTH


def parse_json(text: str) -> Any:
    """Parses the text. Raises UnclearJson, which names a key that is there twice with its line, and another
    ValueError if it is no JSON. It must not be too deep."""
    try:
        document = json.loads(text, object_pairs_hook=_object)
    except UnclearJson:
        raise UnclearJson(_first_duplicate(text)) from None
    if "\\u" in text:
        _require_whole_characters(document)
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise UnclearJson
    return made


def _require_whole_characters(document: Any) -> None:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as cause:
        half = f"\\u{ord(cause.object[cause.start]):04x}"
        raise UnclearJson(f"{half} is half of a character, without its other half") from None


def _first_duplicate(text: str) -> str:
    """Says where in valid JSON a key is in its object for the second time."""
    objects: list[set[str]] = []
    for found in _KEY_OR_BRACKET.finditer(text):
        part = found[0]
        if part in "[{":
            objects.append(set())
        elif part in "]}":
            objects.pop()
        elif found[1] is not None:
            key = json.loads(part[: -len(found[1])])
            if key in objects[-1]:
                line = text.count("\n", 0, found.start()) + 1
                return f"line {line}: the key {key[:100]!r} stands there for the second time"
            objects[-1].add(key)
    raise AssertionError("there is no key twice")
