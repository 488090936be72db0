"""Open alerts: each is sent once for as long as its cause lasts."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.alerts import AlertKind


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert about `kind` and `subject` since an instant. `told_at`: when it was sent (None: not yet,
    because the address did not take it). `cleared_at`: when its cause was over (None: it is open)."""

    kind: AlertKind
    subject: str
    text: str
    next_step: str
    link: str | None
    run_id: str | None
    since: datetime
    seen_at: datetime
    told_at: datetime | None
    cleared_at: datetime | None


_table = tables.alerts
_NAMES = tuple(field.name for field in fields(StoredAlert))


def open_alert(
    connection: sa.Connection,
    customer: str,
    kind: AlertKind,
    subject: str,
    *,
    text: str,
    next_step: str,
    since: datetime,
    link: str | None = None,
    run_id: str | None = None,
) -> bool:
    """Opens the alert. Returns whether the caller must send it now: if it was not open, or was not sent yet.
    `untell` takes that back."""
    now = datetime.now(UTC)
    key = _key(connection, customer, kind, subject)
    found = connection.execute(
        sa.select(_table.c.told_at, _table.c.cleared_at).where(key).with_for_update()
    ).one_or_none()
    row: dict[str, Any] = {"text": text, "next_step": next_step, "link": link, "seen_at": now}
    if found is not None and found.cleared_at is None:
        connection.execute(sa.update(_table).where(key).values(**row, told_at=found.told_at or now))
        return found.told_at is None
    row |= {"run_id": run_id, "since": since, "told_at": now, "cleared_at": None}
    if found is not None:
        connection.execute(sa.update(_table).where(key).values(row))
    else:
        customer_id = get_customer(connection, customer).id
        named = {"customer_id": customer_id, "kind": kind, "subject": subject}
        connection.execute(sa.insert(_table).values(**named, **row))
    return True


def untell(connection: sa.Connection, customer: str, kind: AlertKind, subject: str) -> None:
    """Notes that the address did not take the alert, so that it is sent again."""
    connection.execute(
        sa.update(_table).where(_key(connection, customer, kind, subject)).values(told_at=None)
    )


def clear_alert(connection: sa.Connection, customer: str, kind: AlertKind, subject: str) -> None:
    """Closes the alert if it is open. The next of its kind is sent again."""
    key = sa.and_(_key(connection, customer, kind, subject), _table.c.cleared_at.is_(None))
    connection.execute(sa.update(_table).where(key).values(cleared_at=datetime.now(UTC)))


def clear_kind(connection: sa.Connection, customer: str, kind: AlertKind, *, but: str) -> None:
    """Closes all open alerts of a kind, except that of the subject `but`."""
    key = sa.and_(
        _table.c.customer_id == get_customer(connection, customer).id,
        _table.c.kind == kind,
        _table.c.subject != but,
        _table.c.cleared_at.is_(None),
    )
    connection.execute(sa.update(_table).where(key).values(cleared_at=datetime.now(UTC)))


def open_texts(connection: sa.Connection, kind: AlertKind) -> dict[str, dict[str, str | None]]:
    """Returns the texts of the open alerts of a kind by customer and subject; None for one that no address
    has taken yet."""
    query = (
        sa.select(tables.customers.c.key, _table.c.subject, _table.c.text, _table.c.told_at)
        .join_from(_table, tables.customers)
        .where(_table.c.kind == kind, _table.c.cleared_at.is_(None))
    )
    found: dict[str, dict[str, str | None]] = {}
    for key, subject, text, told_at in connection.execute(query):
        found.setdefault(key, {})[subject] = text if told_at else None
    return found


def open_alerts(connection: sa.Connection, customer: str) -> list[StoredAlert]:
    """Returns the open alerts, oldest first."""
    customer_id = get_customer(connection, customer).id
    query = sa.select(*(_table.c[name] for name in _NAMES)).where(
        _table.c.customer_id == customer_id, _table.c.cleared_at.is_(None)
    )
    return [StoredAlert(**row) for row in connection.execute(query.order_by(_table.c.since)).mappings()]


def _key(connection: sa.Connection, customer: str, kind: AlertKind, subject: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        _table.c.customer_id == get_customer(connection, customer).id,
        _table.c.kind == kind,
        _table.c.subject == subject,
    )
