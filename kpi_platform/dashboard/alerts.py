"""Open alerts: each is sent once for as long as its cause lasts."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.deliveries import forget
from kpi_platform.domain.alerts import AlertKind, alert_id


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
) -> datetime | None:
    """Opens the alert. Returns since when it is open if it must be sent, because it was not so far: its id
    is made of that. None if it was sent."""
    now = datetime.now(UTC)
    key = _key(connection, customer, kind, subject)
    found = connection.execute(
        sa.select(_table.c.since, _table.c.told_at, _table.c.cleared_at).where(key).with_for_update()
    ).one_or_none()
    row: dict[str, Any] = {"text": text, "next_step": next_step, "link": link, "seen_at": now}
    if found is not None and found.cleared_at is None:
        connection.execute(sa.update(_table).where(key).values(**row))
        opened: datetime = found.since
        return None if found.told_at else opened
    row |= {"run_id": run_id, "since": since, "told_at": None, "cleared_at": None}
    if found is not None:
        if found.since == since:
            forget(connection, customer, alert_id(customer, kind, subject, since))
        connection.execute(sa.update(_table).where(key).values(row))
        return since
    customer_id = get_customer(connection, customer).id
    named = {"customer_id": customer_id, "kind": kind, "subject": subject}
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(make(_table).values(**named, **row).on_conflict_do_nothing())
    # Somebody else may have opened it at this moment.
    opened_at: datetime = connection.scalars(sa.select(_table.c.since).where(key)).one()
    return opened_at


def note_told(
    connection: sa.Connection, customer: str, kind: AlertKind, subject: str, since: datetime
) -> bool:
    """Notes that every receiver has taken the alert that is open since then. False if that was noted."""
    told = sa.update(_table).where(
        _key(connection, customer, kind, subject), _table.c.since == since, _table.c.told_at.is_(None)
    )
    return bool(connection.execute(told.values(told_at=datetime.now(UTC))).rowcount)


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


def customers_to_tell(connection: sa.Connection) -> set[str]:
    """Returns the customers with open alerts that not every receiver has taken."""
    query = (
        sa.select(tables.customers.c.key)
        .join_from(_table, tables.customers)
        .where(_table.c.told_at.is_(None), _table.c.cleared_at.is_(None))
    )
    return set(connection.scalars(query))


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
