"""The audit trail, who did what: append-only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """`customer` is the key, or None for what concerns the installation."""

    at: datetime
    customer: str | None
    who: str
    action: str
    target: str
    detail: dict[str, Any]


_table = tables.audit_events


def record_event(
    connection: sa.Connection,
    *,
    who: str,
    action: str,
    target: str,
    customer: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Appends an event, in the transaction of the change that it reports. `detail` is JSON and holds no
    secret."""
    row = {
        "customer_id": get_customer(connection, customer).id if customer else None,
        "at": datetime.now(UTC),
        "who": who,
        "action": action,
        "target": target,
        "detail": dict(detail or {}),
    }
    connection.execute(sa.insert(_table).values(row))


def audit_events(
    connection: sa.Connection, customer: str | None = None, *, limit: int = 100, offset: int = 0
) -> list[AuditEvent]:
    """Returns the newest events first: one customer's, or everybody's."""
    columns = [tables.customers.c.key.label("customer"), *(_table.c[name] for name in _COLUMNS)]
    query = sa.select(*columns).outerjoin_from(_table, tables.customers)
    if customer is not None:
        query = query.where(_table.c.customer_id == get_customer(connection, customer).id)
    query = query.order_by(_table.c.at.desc(), _table.c.id.desc()).limit(limit).offset(offset)
    return [AuditEvent(**row) for row in connection.execute(query).mappings()]


_COLUMNS = ("at", "who", "action", "target", "detail")
