"""Webhooks of Fivetran: noted once each, so that whoever watches the syncs looks at once."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kpi_platform.dashboard import tables

_table = tables.fivetran_events
_KEPT = timedelta(days=30)


def note_event(connection: sa.Connection, *, sync_id: str, event: str, connection_id: str) -> bool:
    """Notes that `event` of a sync has arrived. False where it had arrived before. Old ones are forgotten."""
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
    """When the newest webhook arrived."""
    return connection.execute(sa.select(sa.func.max(_table.c.received_at))).scalar()
