"""The state of each customer's syncs: the newest success and failure of each source."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.alerts import clear_alert
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.clocks import follows, lies_ahead
from kpi_platform.domain.sources import Source
from kpi_platform.domain.sync_ends import SyncEnds


@dataclass(frozen=True, slots=True)
class SourceState:
    """Times are None if there was none. `sync_state` is Fivetran's: scheduled, syncing, paused, …

    `put_off_until`: when we ask for a sync again that Fivetran has put off. `unreached_at`: when a sync could
    last not be asked for or followed. `first_sync_since`: since when the first sync goes on.
    """

    source: Source
    connection_id: str | None
    last_succeeded_at: datetime | None
    last_failed_at: datetime | None
    last_attempt_at: datetime | None
    sync_state: str | None
    detail: dict[str, Any]
    updated_at: datetime
    put_off_until: datetime | None = None
    unreached_at: datetime | None = None
    first_sync_since: datetime | None = None

    @property
    def failed_at(self) -> datetime | None:
        """When a sync last failed, or could not be asked for."""
        return newest_failure(self.last_failed_at, self.unreached_at)

    @property
    def last_sync_failed(self) -> bool:
        return SyncEnds(self.last_succeeded_at, self.failed_at).last_failed


def newest_failure(failed_at: datetime | None, unreached_at: datetime | None) -> datetime | None:
    """Returns the later of a sync's failure in Fivetran and of an attempt that did not get so far."""
    if failed_at is None or unreached_at is None:
        return failed_at or unreached_at
    return max(failed_at, unreached_at)


_table = tables.source_states
_TIMES = ("last_succeeded_at", "last_failed_at", "last_attempt_at", "unreached_at")
_OF_OUR_CLOCK = ("last_attempt_at", "unreached_at")


def record_sync_state(
    connection: sa.Connection,
    customer: str,
    source: Source,
    *,
    connection_id: str | None = None,
    last_succeeded_at: datetime | None = None,
    last_failed_at: datetime | None = None,
    last_attempt_at: datetime | None = None,
    unreached_at: datetime | None = None,
    sync_state: str | None = None,
    detail: Mapping[str, Any] | None = None,
    put_off_until: datetime | Literal["as before"] | None = "as before",
    in_first_sync: bool | None = None,
) -> SourceState:
    """Records what is given and keeps the rest. Times only move forward, so that a late message takes nothing
    back, except for one that lies ahead of the clock; the state of another connection starts empty. Parts
    that `detail` does not name stay. A success ends the alert of a failure before it."""
    customer_id = get_customer(connection, customer).id
    key = sa.and_(_table.c.customer_id == customer_id, _table.c.source == source)
    query = sa.select(*(_table.c[name] for name in _NAMES)).where(key).with_for_update()
    found = connection.execute(query).mappings().one_or_none()
    known: dict[str, Any] = dict(found) if found else {"detail": {}}
    if connection_id is not None and known.get("connection_id") not in (None, connection_id):
        known = {"detail": {}}
    given: dict[str, Any] = {
        "connection_id": connection_id,
        "last_succeeded_at": last_succeeded_at,
        "last_failed_at": last_failed_at,
        "last_attempt_at": last_attempt_at,
        "unreached_at": unreached_at,
        "sync_state": sync_state,
        "detail": None if detail is None else {**known["detail"], **detail},
    }
    now = datetime.now(UTC)
    first_since = known.get("first_sync_since")
    row: dict[str, Any] = {
        "source": source,
        "updated_at": now,
        "put_off_until": known.get("put_off_until") if put_off_until == "as before" else put_off_until,
        "first_sync_since": first_since
        if in_first_sync is None
        else (first_since or now)
        if in_first_sync
        else None,
    }
    for name, value in given.items():
        before = known.get(name)
        if name in _OF_OUR_CLOCK and before is not None and lies_ahead(before, now):
            before = None
        is_news = follows(value, before, now) if name in _TIMES else value is not None
        row[name] = value if is_news else before
    if found:
        connection.execute(sa.update(_table).where(key).values(row))
    else:
        connection.execute(sa.insert(_table).values(customer_id=customer_id, **row))
    state = SourceState(**row)
    if state.last_succeeded_at is not None and not state.last_sync_failed:
        clear_alert(connection, customer, "sync_failed", source)
    return state


def source_states(connection: sa.Connection, customer: str) -> dict[Source, SourceState]:
    """Returns the recorded state of the customer's sources; a source without any record is missing."""
    customer_id = get_customer(connection, customer).id
    query = sa.select(*(_table.c[name] for name in _NAMES)).where(_table.c.customer_id == customer_id)
    return {row["source"]: SourceState(**row) for row in connection.execute(query).mappings()}


_NAMES = tuple(field.name for field in fields(SourceState))
