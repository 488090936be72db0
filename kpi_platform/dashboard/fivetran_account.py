"""The account at Fivetran: how many calls it takes, until when it takes none, and our webhook."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.domain.fivetran_budget import LONGEST_BLOCK

_table = tables.fivetran_account
_ROW = 1


@dataclass(frozen=True, slots=True)
class FivetranAccount:
    """`hourly_limit` is None until an answer has said it. `webhook` is what was last seen of our webhook:
    id, url, active, checked_at, and a note on its fate; empty if there is none."""

    hourly_limit: int | None = None
    blocked_until: datetime | None = None
    webhook: Mapping[str, Any] = field(default_factory=dict)

    def limit(self, assumed: int) -> int:
        """Returns the calls an hour that Fivetran takes: what its answers said, else as `assumed`."""
        return self.hourly_limit or assumed

    def is_blocked(self, now: datetime) -> bool:
        """Whether Fivetran takes no calls at `now`, because the rate limit is used up."""
        return self.blocked_until is not None and now < self.blocked_until <= now + LONGEST_BLOCK


def fivetran_account(connection: sa.Connection) -> FivetranAccount:
    """Returns what is known of the account; nothing before the first call."""
    query = sa.select(_table.c.hourly_limit, _table.c.blocked_until, _table.c.webhook)
    row = connection.execute(query).mappings().one_or_none()
    return FivetranAccount(**row) if row else FivetranAccount()


def note_limits(
    connection: sa.Connection, *, hourly_limit: int | None, blocked_until: datetime | None
) -> None:
    """Notes what the newest answers said of the rate limit; None keeps what is known."""
    known = fivetran_account(connection)
    new = {
        "hourly_limit": hourly_limit or known.hourly_limit,
        "blocked_until": blocked_until or known.blocked_until,
    }
    if new != {"hourly_limit": known.hourly_limit, "blocked_until": known.blocked_until}:
        _write(connection, new)


def note_webhook(connection: sa.Connection, webhook: Mapping[str, Any]) -> None:
    """Notes what is known of our webhook; empty: there is none."""
    _write(connection, {"webhook": dict(webhook)})


def _write(connection: sa.Connection, values: dict[str, Any]) -> None:
    values["updated_at"] = datetime.now(UTC)
    change = sa.update(_table).where(_table.c.id == _ROW).values(values)
    if connection.execute(change).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(_table).values({"id": _ROW, "webhook": {}, **values}))
    except sa.exc.IntegrityError:
        connection.execute(change)
