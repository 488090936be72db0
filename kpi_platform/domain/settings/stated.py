"""The settings that a document states, as opposed to those that it only repeats."""

from collections.abc import Mapping
from typing import Any

from kpi_platform.domain.settings.leaves import settings_kinds, value_at
from kpi_platform.domain.settings.sources import made_names

_ABSENT: Any = object()
"""What a part of a setting is by default that has no parts then."""


def stated_part(
    document: Mapping[str, Any],
    *,
    stored: Mapping[str, Any],
    before: Mapping[str, Any],
    holds: Mapping[str, Any],
    defaults: Mapping[str, Any],
) -> dict[str, Any]:
    """Returns `document` without settings that only repeat a default, so that a later default or environment
    variable holds.

    The other documents are whole: `holds` is what the document makes, `before` what held so far, `defaults`
    what an empty document makes; `stored` is the document so far. What it states in the same words stays
    stated; a name that the former table prefix made was never stated. Lists count as a whole.
    """
    made = made_names(holds["servicenow"]["table_prefix"])
    follows = {**defaults, "servicenow": {**defaults["servicenow"], "custom_fields": made}}
    return _stated(document, stored, before, holds, follows)


def as_it_holds(stored: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the whole document that `stored` makes, unchecked: stored settings may be invalid by now, and
    the right to change them must not depend on that."""
    document: dict[str, Any] = {}
    prefix = value_at(stored, "servicenow.table_prefix")
    made = made_names(prefix) if isinstance(prefix, str) else {}
    for path in settings_kinds():
        *parents, name = path.split(".")
        part = document
        for parent in parents:
            part = part.setdefault(parent, {})
        default = value_at(defaults, path)
        if path.startswith("servicenow.custom_fields."):
            default = made.get(name, default)
        value = value_at(stored, path)
        part[name] = default if value in (None, "") else value
    return document


def _stated(
    document: Mapping[str, Any],
    stored: Mapping[str, Any],
    before: Mapping[str, Any],
    holds: Mapping[str, Any],
    defaults: Mapping[str, Any],
) -> dict[str, Any]:
    stated: dict[str, Any] = {}
    for key, value in document.items():
        former = stored.get(key)
        if isinstance(value, Mapping):
            inner = former if isinstance(former, Mapping) else {}
            part = _stated(value, inner, before.get(key, {}), holds[key], defaults.get(key, {}))
            if part or former == {}:
                stated[key] = part
        elif key in stored:
            if former == value or holds[key] != defaults.get(key, _ABSENT):
                stated[key] = value
        elif holds[key] != defaults.get(key, _ABSENT) and value != before.get(key, _ABSENT):
            stated[key] = value
    return stated
