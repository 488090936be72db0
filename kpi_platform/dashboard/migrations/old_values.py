"""Writes the values that numbers were computed by into the settings of customers that exist.

The default of a new setting may give other numbers than before, and an upgrade changes no number by itself.
Every stored version states the old value, so that an older one that is restored still means what it meant.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.migrations.settings_documents import add_version, documents, store

_NOTE = "Keeps the numbers as they were: the old value of each setting that is new."


def state(old: Mapping[str, Any]) -> None:
    """States the values, by the path of their setting, in every stored version that says nothing of them. The
    newest is followed by a version that names the change; a customer without settings gets its first."""
    newest: dict[int, tuple[int, Any]] = {}
    for customer, version, document in documents():
        store(customer, version, _stating(document, old))
        newest[customer] = version, document
    for customer in op.get_bind().execute(sa.text("SELECT id FROM customers ORDER BY id")).scalars().all():
        version, document = newest.get(customer, (0, {}))
        after, stated = _stating(document, old), dict(_leaves(document))
        changes = [
            {"path": path, "before": None, "after": value}
            for path, value in sorted(dict(_leaves(after)).items())
            if path not in stated
        ]
        add_version(customer, version + 1, after, _NOTE, changes)


def remove(paths: Collection[str]) -> None:
    """Removes settings, by their paths, that the older program does not know. The version that the upgrade
    added stays."""
    for customer, version, document in documents():
        for path in paths:
            *parents, name = path.split(".")
            part = document
            for parent in parents:
                part = part.get(parent) if isinstance(part, dict) else None
            if isinstance(part, dict):
                part.pop(name, None)
        store(customer, version, document)


def _stating(document: Any, old: Mapping[str, Any]) -> Any:
    """A copy that states the old values wherever it says nothing. What is no section stays as it is."""
    result = json.loads(json.dumps(document))
    for path, value in old.items():
        *parents, name = path.split(".")
        part = result
        for parent in parents:
            part = part.setdefault(parent, {}) if isinstance(part, dict) else None
        if isinstance(part, dict):
            part.setdefault(name, value)
    return result


def _leaves(document: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
