"""Takes everything of a customer out of the dashboard database, and counts that nothing is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.claims import leave_claims
from kpi_platform.dashboard.customers import StoredCustomer, remove_customer
from kpi_platform.domain.erasure import Erased
from kpi_platform.domain.errors import UnknownCustomer


@dataclass(frozen=True, slots=True)
class Leaver:
    """A customer that goes. `documents` are its settings of all versions, the newest first; `connections` are
    the Fivetran connections that it had at any time."""

    customer: StoredCustomer
    documents: tuple[Mapping[str, Any], ...]
    connections: tuple[str, ...]


def find_leaver(connection: sa.Connection, key: str) -> Leaver:
    """Returns the customer `key`, active or removed. Raises UnknownCustomer."""
    customers, versions = tables.customers, tables.customer_settings_versions
    row = connection.execute(sa.select(customers).where(customers.c.key == key)).mappings().one_or_none()
    if row is None:
        raise UnknownCustomer(
            f"There is no customer '{key}', and none of that name was removed.",
            next_step="List them: kpi-platform customer list",
        )
    customer = StoredCustomer(**row)
    documents = connection.scalars(
        sa.select(versions.c.document)
        .where(versions.c.customer_id == customer.id)
        .order_by(versions.c.version.desc())
    ).all()
    states = tables.source_states
    seen = connection.scalars(
        sa.select(states.c.connection_id).where(
            states.c.customer_id == customer.id, states.c.connection_id.is_not(None)
        )
    )
    named = {
        section["connection_id"]
        for document in documents
        for section in document.values()
        if isinstance(section, dict) and section.get("connection_id")
    }
    return Leaver(customer, tuple(documents), tuple(sorted(named | set(seen))))


def taken_over(connection: sa.Connection, leaver: Leaver, kind: str) -> set[str]:
    """Returns the connections or raw schemas (`kind`: connection, schema; in lower case, of any destination)
    that others have claimed."""
    claims = tables.settings_claims
    is_other = claims.c.customer_id.is_distinct_from(leaver.customer.id)
    return set(connection.scalars(sa.select(claims.c.name).where(claims.c.kind == kind, is_other)))


def retire(connection: sa.Connection, leaver: Leaver, *, who: str) -> None:
    """Removes the customer from every list and schedule, so that nothing new begins; notes who does it."""
    if leaver.customer.removed_at is None:
        key = leaver.customer.key
        record_event(connection, who=who, action="customer.remove", target=key, customer=key)
        remove_customer(connection, key)


def erase_dashboard(engine: sa.Engine, leaver: Leaver, *, who: str, keep_audit: bool = False) -> list[Erased]:
    """Deletes every row of the customer in one transaction. Raw schemas whose data was not erased stay
    claimed, without an owner. The audit trail keeps one event: that this was
    done, by whom, and how many rows of which table. With `keep_audit` earlier events stay too, under the
    customer's key instead of the customer."""
    customer_id, key = leaver.customer.id, leaver.customer.key
    audit = tables.audit_events
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # Else what was deleted can be read in the file until its pages are used again.
            connection.connection.driver_connection.execute("PRAGMA secure_delete = ON")  # type: ignore[union-attr]
        with connection.begin():
            before = {table.name: _count(connection, table, leaver) for table in _own_tables()}
            kept = before[audit.name] if keep_audit else 0
            if keep_audit:
                moved = {"customer_id": None, "target": sa.literal(f"{key}: ") + audit.c.target}
                connection.execute(sa.update(audit).where(_mine(audit, leaver)).values(moved))
            leave_claims(connection, customer_id)
            for table in reversed(_own_tables()):
                connection.execute(sa.delete(table).where(_mine(table, leaver)))
            connection.execute(sa.delete(tables.customers).where(tables.customers.c.id == customer_id))
            counts = {name: count for name, count in before.items() if count}
            record_event(
                connection, who=who, action="customer.erase", target=key,
                detail={"rows": counts, "audit_events_kept": kept},
            )  # fmt: skip
        # A row that referred to the customer would have refused the deletion; this says it in numbers.
        left = {table.name: _count(connection, table, leaver) for table in _own_tables()}
        known = connection.execute(
            sa.select(sa.func.count()).where(tables.customers.c.id == customer_id)
        ).scalar_one()
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    proved = [Erased(f"dashboard table {name}", before[name], left[name]) for name in sorted(before)]
    if keep_audit:
        name = f"dashboard table {audit.name}"
        proved = [
            Erased(name, kept, kept, "events stay under the customer's key") if one.place == name else one
            for one in proved
        ]
    return [*proved, Erased("dashboard table customers", 1, known)]


def _own_tables() -> list[sa.Table]:
    """Every table with rows of customers, those that others refer to first."""
    own = [table for table in tables.metadata.sorted_tables if "customer_id" in table.c]
    return [*own, tables.fivetran_events, tables.runs]


def _mine(table: sa.Table, leaver: Leaver) -> sa.ColumnElement[bool]:
    if table is tables.fivetran_events:
        return table.c.connection_id.in_(leaver.connections)
    if table is tables.runs:
        # A run of several customers stays with the others.
        members = tables.run_customers
        theirs = sa.select(members.c.run_id).where(members.c.customer_id != leaver.customer.id)
        mine = sa.select(members.c.run_id).where(members.c.customer_id == leaver.customer.id)
        return sa.and_(table.c.id.in_(mine), table.c.id.not_in(theirs))
    return table.c.customer_id == leaver.customer.id


def _count(connection: sa.Connection, table: sa.Table, leaver: Leaver) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(_mine(table, leaver))
    return int(connection.execute(query).scalar_one())
