"""Deliveries of notices: each goes through each channel once, also if the sender is killed.

A sender claims a notice for a channel, sends it, and notes that it was taken. A claim without that lapses:
the next sender sends the notice again, with the same id. Between the answer of a receiver and the note there
is no moment in which a kill is told apart from a loss; receivers drop repetitions by the id.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer

CLAIM = timedelta(minutes=3)
"""How long a sender may take before another tries; longer than any channel's time-outs together."""

_KEPT = timedelta(days=90)
_table = tables.deliveries


def claim(
    connection: sa.Connection,
    customer: str,
    channel: str,
    notices: Collection[str],
    message: str,
    now: datetime,
) -> bool:
    """Claims all `notices` for the channel, to be sent in one `message`. False, and nothing is claimed, if
    one is taken or somebody else is sending it."""
    customer_id = get_customer(connection, customer).id
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    with connection.begin_nested() as together:
        for notice in sorted(notices):
            row = {"message": message, "claimed_at": now}
            key = {"customer_id": customer_id, "notice": notice, "channel": channel}
            written = connection.execute(
                make(_table)
                .values(**key, **row)
                .on_conflict_do_update(
                    index_elements=list(key),
                    set_=row,
                    where=sa.and_(_table.c.taken_at.is_(None), _table.c.claimed_at <= now - CLAIM),
                )
                .returning(_table.c.notice)
            )
            if written.first() is None:
                together.rollback()
                return False
    return True


def take(
    connection: sa.Connection, customer: str, channel: str, notices: Collection[str], now: datetime
) -> None:
    """Notes that the channel has taken the notices, and forgets those of three months ago."""
    mine = _of(connection, customer, channel)
    connection.execute(sa.update(_table).where(mine, _table.c.notice.in_(notices)).values(taken_at=now))
    connection.execute(sa.delete(_table).where(mine, _table.c.taken_at < now - _KEPT))


def release(connection: sa.Connection, customer: str, channel: str, notices: Collection[str]) -> None:
    """Gives up claims, because the channel did not take the notices."""
    connection.execute(
        sa.delete(_table).where(
            _of(connection, customer, channel), _table.c.notice.in_(notices), _table.c.taken_at.is_(None)
        )
    )


def forget(connection: sa.Connection, customer: str, notice: str) -> None:
    """Forgets a notice, so that it is sent again through every channel."""
    connection.execute(
        sa.delete(_table).where(
            _table.c.customer_id == get_customer(connection, customer).id, _table.c.notice == notice
        )
    )


def taken(connection: sa.Connection, customer: str, channel: str, notices: Collection[str]) -> set[str]:
    """Returns those of the notices that the channel has taken."""
    query = sa.select(_table.c.notice).where(
        _of(connection, customer, channel), _table.c.notice.in_(notices), _table.c.taken_at.is_not(None)
    )
    return set(connection.scalars(query))


def messages_since(connection: sa.Connection, customer: str, channel: str, since: datetime) -> int:
    """Returns how many messages the channel has taken since an instant; several notices in one count once."""
    query = sa.select(sa.func.count(_table.c.message.distinct())).where(
        _of(connection, customer, channel), _table.c.taken_at > since
    )
    return connection.scalars(query).one()


def _of(connection: sa.Connection, customer: str, channel: str) -> sa.ColumnElement[bool]:
    return sa.and_(_table.c.customer_id == get_customer(connection, customer).id, _table.c.channel == channel)
