"""Settings as a person types them, on a page or on the command line."""

import copy
from collections.abc import Mapping
from typing import Any

from kpi_platform.domain.settings.leaves import Leaf, settings_kinds, settings_leaves, value_at
from kpi_platform.domain.settings.parsing import invalid_settings

_BOOLEANS = {"true": True, "false": False}
_NUMBERS: Mapping[str, type[int] | type[float]] = {"integer": int, "number": float}


def text_of(leaf: Leaf, value: Any) -> str:
    """Returns the value as somebody would type it: a list has a line for each entry, no value is empty."""
    if value is None:
        return ""
    if leaf.type == "boolean":
        return "true" if value else "false"
    if leaf.type == "list":
        return "\n".join(map(str, value))
    if isinstance(value, float):
        short = f"{value:.10g}"
        # What a form sends back unchanged is the same number.
        return short if float(short) == value else repr(value)
    return str(value)


def with_typed(document: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """Returns `document` with the texts that were typed, by the settings' paths; what nobody touched stays as
    it is. Text that is no number stays text, and an unknown path is set, so that the settings' own check
    names them. Raises InvalidSettings for a path inside a setting or one that is only shown."""
    leaves = {leaf.path: leaf for leaf in settings_leaves()}
    result = copy.deepcopy(dict(document))
    for path, text in typed.items():
        leaf = leaves.get(path)
        if leaf is not None and leaf.read_only:
            raise invalid_settings([{"field": path, "message": "is only shown, and cannot be set"}])
        if leaf is None or _lines(text) != _lines(text_of(leaf, value_at(document, path))):
            part, name = _place(result, path)
            part[name] = text if leaf is None else _value(leaf, text)
    return result


def without(document: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Returns `document` without the setting, so that its default holds. Raises InvalidSettings if there is
    none at this path."""
    if path not in settings_kinds():
        return with_typed(document, {path: ""})
    result = copy.deepcopy(dict(document))
    part, name = _place(result, path)
    part.pop(name, None)
    return result


def _place(document: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """The section that holds the setting, made if it is missing, and the setting's name in it."""
    *parents, name = path.split(".")
    part: Any = document
    for parent in parents:
        part = part.setdefault(parent, {}) if isinstance(part, dict) else None
    if not isinstance(part, dict):
        raise invalid_settings([{"field": path, "message": "is not a setting"}])
    return part, name


def _lines(text: str) -> list[str]:
    """Browsers end lines in a way of their own."""
    return text.strip().splitlines()


def _value(leaf: Leaf, text: str) -> Any:
    text = text.strip()
    if leaf.type == "list":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if leaf.optional and not text:
        return None
    if leaf.type == "boolean":
        return _BOOLEANS.get(text.lower(), text)
    if leaf.type in _NUMBERS:
        try:
            return _NUMBERS[leaf.type](text)
        except ValueError:
            return text
    return text
