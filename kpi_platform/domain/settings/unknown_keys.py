"""Keys of a document that are no settings, each with the setting that was probably meant."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from rapidfuzz import fuzz, process

from kpi_platform.domain.custom_kpis import And, Comparison, CustomKpi, CustomThresholds, Measure, Or
from kpi_platform.domain.settings.leaves import settings_leaves, settings_structures
from kpi_platform.domain.settings.model import CustomerSettings

Place = tuple[int | str, ...]
"""The place of a key: the keys and list positions that lead to it, and the key itself."""

NAMED_KEYS = 20
"""Most unknown keys that one answer names."""

_SHOWN_LENGTH = 100
_SECRET = re.compile(r"password|secret|token|private_?key|api_?key", re.IGNORECASE)
_DEFINITION_KEYS = frozenset(
    field.alias or name
    for part in (CustomKpi, CustomThresholds, Measure, Comparison, And, Or)
    for name, field in part.model_fields.items()
)
"""Keys that a custom KPI's definition may have at any of its levels."""


def unknown_keys(document: Mapping[str, Any]) -> Iterator[Place]:
    """Yields the places of keys that no setting has, in the order of the document."""
    return _unknown(document, _tree(), ())


def shown_place(place: Place) -> str:
    """Returns the dotted path of a place, each of its keys shortened if it is longer than any setting's."""
    names = map(str, place)
    return ".".join(name if len(name) <= _SHOWN_LENGTH else f"{name[:_SHOWN_LENGTH]}…" for name in names)


def unknown_message(place: Place) -> str:
    """Returns what is wrong with an unknown key, and which setting is the nearest."""
    *parents, last = place
    name = str(last)[:_SHOWN_LENGTH]
    if _SECRET.search(name):
        return (
            "is not a setting: secrets are never stored here. Put it into an environment variable, and that "
            "variable's name into credentials_secret"
        )
    known = _keys_at(parents)
    if not known:
        return "is not a setting"
    nearest, score, _ = process.extractOne(name, known, scorer=fuzz.ratio)
    elsewhere = [leaf.path for leaf in settings_leaves() if leaf.path.endswith(f".{name}")]
    if score < 75 and elsewhere:
        return f"is not a setting here; there is '{elsewhere[0]}'"
    return f"is not a setting; the nearest is '{shown_place((*parents, nearest))}'"


def _unknown(part: Mapping[str, Any], known: Mapping[str, Any], place: Place) -> Iterator[Place]:
    for key, value in part.items():
        if key not in known:
            yield (*place, key)
        elif key == "custom_kpis" and not place:
            yield from _unknown_in_definitions(value, (key,))
        elif isinstance(value, Mapping) and ".".join(map(str, (*place, key))) not in _structures():
            yield from _unknown(value, known[key], (*place, key))


def _unknown_in_definitions(part: Any, place: Place) -> Iterator[Place]:
    inner: Iterable[tuple[int | str, Any]] = ()
    if isinstance(part, Mapping):
        inner = part.items()
        yield from ((*place, key) for key in part if key not in _DEFINITION_KEYS)
    elif isinstance(part, list | tuple):
        inner = enumerate(part)
    for key, value in inner:
        if isinstance(value, Mapping | list | tuple):
            yield from _unknown_in_definitions(value, (*place, key))


@cache
def _tree() -> Mapping[str, Any]:
    """Returns sections by name; keys inside a setting's value belong to no section."""
    tree = _branches(CustomerSettings())
    for path in (leaf.path for leaf in settings_leaves() if leaf.read_only):
        section, _, name = path.partition(".")
        tree[section].setdefault(name, {})
    return tree


def _branches(part: BaseModel) -> dict[str, Any]:
    inner = {field.alias or name: getattr(part, name) for name, field in type(part).model_fields.items()}
    return {key: _branches(value) if isinstance(value, BaseModel) else {} for key, value in inner.items()}


def _keys_at(parents: list[int | str]) -> list[str]:
    if parents[:1] == ["custom_kpis"]:
        return list(CustomKpi.model_fields) if len(parents) == 2 else []
    known = _tree()
    for parent in parents:
        known = known.get(str(parent), {})
    return list(known)


@cache
def _structures() -> frozenset[str]:
    """The settings whose parts the model alone knows."""
    return frozenset(one.path for one in settings_structures())
