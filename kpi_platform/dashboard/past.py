"""The weeks before customers' first loads: which are still to be computed, and how far that is.

Whoever computes one takes it, and settles it afterwards by the uploads: a week whose run was killed waits
again, and one that is loaded is never computed twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer

State = Literal["waiting", "running", "loaded", "failed", "cancelled"]

TRIES = 2
"""A week whose run has ended so often without a load has failed."""

LOST_AFTER = timedelta(hours=1)
"""A run of a week takes seconds; nobody has told of one that takes longer."""

_weeks, _customers, _uploads = tables.past_weeks, tables.customers, tables.kpi_uploads


@dataclass(frozen=True, slots=True)
class Past:
    """The customer's weeks by state; `begins` is the earliest instant of all of them."""

    weeks: Mapping[State, int]
    begins: datetime

    @property
    def total(self) -> int:
        return sum(self.weeks.values())

    @property
    def is_open(self) -> bool:
        """Whether some are still to be computed."""
        return bool(self.weeks.get("waiting") or self.weeks.get("running"))


@dataclass(frozen=True, slots=True)
class PastWeek:
    """One instant, the customers that it is computed for together, and which try of theirs it is."""

    as_of: datetime
    customers: tuple[str, ...]
    tries: int


def add_past(connection: sa.Connection, customer_id: int, instants: Collection[datetime]) -> None:
    """Notes instants to compute. Those that are known are computed again only if they were cancelled or have
    failed."""
    known = dict(
        connection.execute(
            sa.select(_weeks.c.as_of, _weeks.c.state).where(_weeks.c.customer_id == customer_id)
        )
        .tuples()
        .all()
    )
    again = [one for one in instants if known.get(one) in ("cancelled", "failed")]
    connection.execute(
        sa.delete(_weeks).where(_weeks.c.customer_id == customer_id, _weeks.c.as_of.in_(again))
    )
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = [
        {"customer_id": customer_id, "as_of": one, "state": "waiting", "tries": 0, "changed_at": now}
        for one in instants
        if one not in known or one in again
    ]
    if rows:
        connection.execute(sa.insert(_weeks), rows)


def get_past(connection: sa.Connection, customer: str) -> Past | None:
    """Returns how far the customer's past is; None if none was asked for."""
    mine = _weeks.c.customer_id == get_customer(connection, customer).id
    query = sa.select(_weeks.c.state, sa.func.count(), sa.func.min(_weeks.c.as_of)).where(mine)
    found = connection.execute(query.group_by(_weeks.c.state)).tuples().all()
    if not found:
        return None
    return Past({state: count for state, count, _ in found}, min(begins for _, _, begins in found))


def begins_in_past(connection: sa.Connection, customer: str, at: datetime) -> bool:
    """Whether what was shown at `at` is a week before the first load, computed from what was known then."""
    customer_id = get_customer(connection, customer).id
    newest = (
        sa.select(sa.func.max(_uploads.c.as_of))
        .where(_uploads.c.customer_id == customer_id, _uploads.c.kind == "load", _uploads.c.as_of <= at)
        .scalar_subquery()
    )
    week = sa.select(_weeks.c.as_of).where(
        _weeks.c.customer_id == customer_id, _weeks.c.state == "loaded", _weeks.c.as_of == newest
    )
    return connection.execute(week).first() is not None


def cancel_past(connection: sa.Connection, customer: str) -> int:
    """Cancels what waits, and returns how many weeks it was. What is being computed is loaded in seconds."""
    return _change(
        connection, "cancelled", _weeks.c.customer_id == get_customer(connection, customer).id,
        _weeks.c.state == "waiting",
    )  # fmt: skip


def open_past(connection: sa.Connection) -> bool:
    """Whether weeks of any customer are still to be computed."""
    some = sa.select(_weeks.c.as_of).where(_weeks.c.state.in_(("waiting", "running"))).limit(1)
    return connection.execute(some).first() is not None


def take_week(
    connection: sa.Connection,
    at_most: int,
    customers: Sequence[str] | None = None,
    busy: Collection[str] = (),
) -> PastWeek | None:
    """Takes the oldest week that waits, for as many customers as wait for it (of `customers`, if given, and
    without the `busy` ones); None if there is none."""
    waiting = (
        sa.select(_weeks.c.as_of, _customers.c.key, _customers.c.id, _weeks.c.tries)
        .join_from(_weeks, _customers)
        .where(_weeks.c.state == "waiting", _customers.c.key.not_in(busy))
        .order_by(_weeks.c.as_of, _customers.c.key)
    )
    if customers is not None:
        waiting = waiting.where(_customers.c.key.in_(customers))
    rows = connection.execute(waiting.limit(at_most)).all()
    if not rows:
        return None
    oldest = [row for row in rows if row.as_of == rows[0].as_of]
    taken = _weeks.c.customer_id.in_([row.id for row in oldest])
    _change(connection, "running", taken, _weeks.c.as_of == rows[0].as_of, tries=_weeks.c.tries + 1)
    return PastWeek(rows[0].as_of, tuple(row.key for row in oldest), 1 + max(row.tries for row in oldest))


def settle_past(
    connection: sa.Connection,
    still: Mapping[datetime, Collection[str]],
    customers: Sequence[str] | None = None,
) -> list[str]:
    """Settles the weeks that were taken (of `customers`, if given), except those that a run is at work on:
    `still`, customers by instant. Returns the customers whose last week has ended with this, if any of theirs
    is loaded: their marts hold an instant of the past."""
    loads = sa.exists().where(
        _uploads.c.customer_id == _weeks.c.customer_id,
        _uploads.c.as_of == _weeks.c.as_of,
        _uploads.c.kind == "load",
    )
    running = (
        sa.select(
            _weeks.c.as_of, _weeks.c.tries, _weeks.c.changed_at, _customers.c.id, _customers.c.key,
            loads.label("is_loaded"),
        )
        .join_from(_weeks, _customers)
        .where(_weeks.c.state == "running")
    )  # fmt: skip
    if customers is not None:
        running = running.where(_customers.c.key.in_(customers))
    settled: dict[int, str] = {}
    now = datetime.now(UTC)
    for row in connection.execute(running).all():
        if not row.is_loaded and row.key in still.get(row.as_of, ()) and now - row.changed_at < LOST_AFTER:
            continue
        state: State = "loaded" if row.is_loaded else "failed" if row.tries >= TRIES else "waiting"
        _change(connection, state, _weeks.c.customer_id == row.id, _weeks.c.as_of == row.as_of)
        settled[row.id] = row.key
    if not settled:
        return []
    states: dict[int, set[str]] = {}
    query = (
        sa.select(_weeks.c.customer_id, _weeks.c.state).where(_weeks.c.customer_id.in_(settled)).distinct()
    )
    for customer_id, state in connection.execute(query).tuples():
        states.setdefault(customer_id, set()).add(state)
    return sorted(
        settled[customer_id]
        for customer_id, of in states.items()
        if "loaded" in of and not of & {"waiting", "running"}
    )


def _change(connection: sa.Connection, state: State, *which: sa.ColumnElement[bool], **more: Any) -> int:
    values = {"state": state, "changed_at": datetime.now(UTC), **more}
    return connection.execute(sa.update(_weeks).where(*which).values(values)).rowcount
