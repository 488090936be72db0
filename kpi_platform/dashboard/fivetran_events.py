"""Webhooks of Fivetran: each is recorded once, so that the watcher of syncs looks at once."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kpi_platform.dashboard import tables

_table = tables.fivetran_events
_KEPT = timedelta(days=30)


def note_event(connection: sa.Connection, *, sync_id: str, event: str, connection_id: str) -> bool:
    """Notes that `event` of a sync has arrived. False if it had arrived before. Old ones are forgotten."""
    now = datetime.now(UTC)
    connection.execute(sa.delete(_table).where(_table.c.received_at < now - _KEPT))
    row = {"sync_id": sync_id, "event": event, "connection_id": connection_id, "received_at": now}
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(_table).values(row))
    except IntegrityError:
        return False
    return True


def newest_event_at(connection: sa.Connection) -> datetime | None:
    """Returns when the newest webhook about the end of a sync arrived."""
    newest = sa.select(sa.func.max(_table.c.received_at)).where(_table.c.event == "sync_end")
    return connection.execute(newest).scalar()


def newest_message(connection: sa.Connection) -> tuple[str, datetime] | None:
    """Event and time of the newest webhook of any kind."""
    query = sa.select(_table.c.event, _table.c.received_at).order_by(_table.c.received_at.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return (row.event, row.received_at) if row else None
