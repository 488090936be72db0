"""Writes the values that numbers were computed by into the settings of customers that exist.

The default of a new setting may give other numbers than before, and an upgrade changes no number by itself.
Every stored version states the old value, so that an older one that is restored still means what it meant.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, UtcDateTime

_BY = "the upgrade"
_NOTE = "Keeps the numbers as they were: the old value of each setting that is new."
_versions = sa.table(
    "customer_settings_versions",
    sa.column("customer_id", sa.Integer()),
    sa.column("version", sa.Integer()),
    sa.column("document", JSON),
    sa.column("saved_by", sa.Text()),
    sa.column("saved_at", UtcDateTime()),
    sa.column("note", sa.Text()),
    sa.column("changes", JSON),
)


def state(old: Mapping[str, Any]) -> None:
    """States the values, by the path of their setting, in every stored version that says nothing of them. The
    newest is followed by a version that names the change; a customer without settings gets its first."""
    newest: dict[int, tuple[int, Any]] = {}
    for customer, version, document in _documents():
        _store(customer, version, _stating(document, old))
        newest[customer] = version, document
    now = datetime.now(UTC)
    for customer in op.get_bind().execute(sa.text("SELECT id FROM customers ORDER BY id")).scalars().all():
        version, document = newest.get(customer, (0, {}))
        after, stated = _stating(document, old), dict(_leaves(document))
        row = {
            "customer_id": customer,
            "version": version + 1,
            "document": after,
            "saved_by": _BY,
            "saved_at": now,
            "note": _NOTE,
            "changes": [
                {"path": path, "before": None, "after": value}
                for path, value in sorted(dict(_leaves(after)).items())
                if path not in stated
            ],
        }
        op.get_bind().execute(sa.insert(_versions).values(row))


def remove(paths: Collection[str]) -> None:
    """Removes settings, by their paths, that the older program does not know. The version that the upgrade
    added stays."""
    for customer, version, document in _documents():
        for path in paths:
            *parents, name = path.split(".")
            part = document
            for parent in parents:
                part = part.get(parent) if isinstance(part, dict) else None
            if isinstance(part, dict):
                part.pop(name, None)
        _store(customer, version, document)


def _documents() -> Iterator[tuple[int, int, Any]]:
    """Customer, version and document of all versions, older ones first."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT customer_id, version, document FROM customer_settings_versions"
            " ORDER BY customer_id, version"
        )
    )
    for customer, version, stored in found.all():
        yield customer, version, json.loads(stored) if isinstance(stored, str) else stored


def _store(customer: int, version: int, document: Any) -> None:
    mine = sa.and_(_versions.c.customer_id == customer, _versions.c.version == version)
    op.get_bind().execute(sa.update(_versions).where(mine).values(document=document))


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
