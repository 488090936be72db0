"""How many calls Fivetran's API has got, by hour: its limit is for all processes together."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from kpi_platform.dashboard import tables

_table = tables.fivetran_calls
_KEPT = timedelta(days=2)


def add_calls(connection: sa.Connection, calls: int, at: datetime) -> None:
    """Notes `calls` that were made at about `at`. Two processes that begin an hour together both count."""
    hour = _hour(at)
    more = sa.update(_table).where(_table.c.hour == hour).values(calls=_table.c.calls + calls)
    if connection.execute(more).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(_table).values(hour=hour, calls=calls))
    except sa.exc.IntegrityError:
        connection.execute(more)
    connection.execute(sa.delete(_table).where(_table.c.hour < hour - _KEPT))


def calls_this_hour(connection: sa.Connection, now: datetime) -> int:
    """Returns the calls since the full hour."""
    query = sa.select(_table.c.calls).where(_table.c.hour == _hour(now))
    return connection.execute(query).scalar_one_or_none() or 0


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
