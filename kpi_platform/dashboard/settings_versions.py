"""Settings documents as versions: who, when, what changed.

The document is plain JSON; the settings model validates it before it comes here. Saving also claims the
connections and raw schemas that it names (`claims`): each belongs to one customer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.claims import claim
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """One version. `changes` lists `{"path", "before", "after"}`, dotted paths, sorted."""

    version: int
    document: dict[str, Any]
    saved_by: str
    saved_at: datetime
    note: str
    changes: list[dict[str, Any]]


_table = tables.customer_settings_versions
_SELECT = sa.select(*(column for column in _table.c if column.name != "customer_id"))
_MINE = _SELECT.where(_table.c.customer_id == sa.bindparam("customer"))
_NEWEST = _MINE.order_by(_table.c.version.desc()).limit(1)
_NEWEST_OF_ACTIVE = (
    _SELECT.join_from(_table, tables.customers)
    .where(tables.customers.c.key == sa.bindparam("key"), tables.customers.c.removed_at.is_(None))
    .order_by(_table.c.version.desc())
    .limit(1)
)


def save_settings(
    connection: sa.Connection,
    customer: str,
    document: Mapping[str, Any],
    *,
    who: str,
    expected_version: int | None = None,
    note: str = "",
    effective: Mapping[str, Any] | None = None,
) -> int:
    """Stores `document` as the customer's next version and returns its number; an unchanged document keeps
    the current one. What it claims is read from `effective`: the document with all defaults.

    Raises Conflict if the current version is not `expected_version` (None: not checked; 0: there must be
    none), or if another customer has one of the connections or raw schemas.
    """
    stored = get_customer(connection, customer)
    _lock(connection, stored.id)
    current = _newest(connection, stored.id)
    found = current.version if current else 0
    if expected_version is not None and expected_version != found:
        raise somebody_was_faster(customer, expected_version, found)
    changes = differences(current.document if current else {}, document)
    claim(connection, stored.id, customer, document if effective is None else effective)
    if current and not changes:
        return found
    row = {
        "customer_id": stored.id,
        "version": found + 1,
        "document": dict(document),
        "saved_by": who,
        "saved_at": datetime.now(UTC),
        "note": note,
        "changes": changes,
    }
    connection.execute(sa.insert(_table).values(row))
    return found + 1


def current_settings(connection: sa.Connection, customer: str) -> StoredSettings | None:
    """Returns the newest version; None if none was saved (the defaults hold)."""
    row = connection.execute(_NEWEST_OF_ACTIVE, {"key": customer}).mappings().one_or_none()
    if row is not None:
        return StoredSettings(**row)
    # Raises if there is no such customer.
    get_customer(connection, customer)
    return None


def current_settings_of(connection: sa.Connection, customer_ids: Sequence[int]) -> dict[int, StoredSettings]:
    """Returns the newest versions of many customers, by their ids, from one query."""
    newest = (
        sa.select(_table.c.customer_id, sa.func.max(_table.c.version).label("version"))
        .where(_table.c.customer_id.in_(customer_ids))
        .group_by(_table.c.customer_id)
        .subquery()
    )
    same = sa.and_(newest.c.customer_id == _table.c.customer_id, newest.c.version == _table.c.version)
    rows = connection.execute(sa.select(_table).join_from(_table, newest, same)).mappings()
    return {row.pop("customer_id"): StoredSettings(**row) for row in map(dict, rows)}


def settings_history(connection: sa.Connection, customer: str) -> list[StoredSettings]:
    """Returns all versions, newest first."""
    customer_id = get_customer(connection, customer).id
    rows = connection.execute(_MINE.order_by(_table.c.version.desc()), {"customer": customer_id})
    return [StoredSettings(**row) for row in rows.mappings()]


def settings_version(connection: sa.Connection, customer: str, version: int) -> StoredSettings:
    """Returns one version, or NotFound."""
    customer_id = get_customer(connection, customer).id
    found = connection.execute(_MINE.where(_table.c.version == version), {"customer": customer_id})
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(
            f"Customer '{customer}' has no settings version {version}.",
            next_step="List the versions: kpi-platform settings history",
        )
    return StoredSettings(**row)


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = ""
) -> list[dict[str, Any]]:
    """Returns the differences of two documents: `{"path", "before", "after"}` for each leaf, by path."""
    changes: list[dict[str, Any]] = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        path = f"{prefix}{key}"
        # None states something, such as "no frequency of its own"; a missing key states nothing.
        if old == new and (key in before) == (key in after):
            continue
        sections = [part for part in (old, new) if part is not None]
        if sections and all(isinstance(part, Mapping) for part in sections):
            changes += differences(old or {}, new or {}, f"{path}.")
        else:
            changes.append({"path": path, "before": old, "after": new})
    return changes


def somebody_was_faster(customer: str, expected: int, found: int) -> Conflict:
    """Returns the refusal of a change that is based on version `expected`, while `found` holds."""
    return Conflict(
        f"The settings of '{customer}' are at version {found}, not {expected}: somebody else was faster.",
        next_step="Read the current settings, make the change again, and save.",
        details={"expected_version": expected, "current_version": found},
    )


def _lock(connection: sa.Connection, customer_id: int) -> None:
    """Two savers of one customer queue (SQLite: the transaction is a writer's from its begin)."""
    row = sa.select(tables.customers.c.id).where(tables.customers.c.id == customer_id)
    connection.execute(row.with_for_update())


def _newest(connection: sa.Connection, customer_id: int) -> StoredSettings | None:
    row = connection.execute(_NEWEST, {"customer": customer_id}).mappings().one_or_none()
    return StoredSettings(**row) if row else None
