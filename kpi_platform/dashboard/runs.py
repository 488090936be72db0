"""The orchestrator's runs as one customer sees them. The orchestrator writes them (`run_records`)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.uploads import COUNTS
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.runs import Cause

RunState = Literal["queued", "running", "cancelling", "done", "failed", "cancelled"]

UNFINISHED: tuple[RunState, ...] = ("queued", "running", "cancelling")
SILENT_AFTER = timedelta(minutes=3)
"""The orchestrator notes every minute that it looks for work; without a note for so long it is away."""


@dataclass(frozen=True, slots=True)
class RunStep:
    """One step of a run. `name` is Dagster's; without `finished_at` it is under way."""

    name: str
    state: Literal["running", "done", "failed"]
    started_at: datetime
    finished_at: datetime | None

    @property
    def seconds(self) -> float | None:
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None


@dataclass(frozen=True, slots=True)
class Run:
    """A run, as far as it is about one customer: `state` and `error` are that customer's. `others`: how many
    other customers it covers. `place` is the place in the queue, from 1. `waits_for` is a sentence, empty if
    it waits for nothing. `counts` are those of the `upload` that it made, empty if it made none."""

    id: str
    job: str
    started_by: Cause
    person: str | None
    request_id: str | None
    state: RunState
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    place: int | None
    waits_for: str
    steps: list[RunStep]
    others: int
    error: str | None
    cancelled_by: str | None
    cancel_asked_at: datetime | None
    upload: int | None
    counts: dict[str, int]

    @property
    def ended(self) -> bool:
        return self.state not in UNFINISHED


_runs, _members, _uploads = tables.runs, tables.run_customers, tables.kpi_uploads
_SHARED = (
    "id", "job", "started_by", "person", "request_id", "queued_at", "started_at", "finished_at", "place",
    "waits_for", "cancelled_by", "cancel_asked_at",
)  # fmt: skip
_MINE = _members.c.customer_id == sa.bindparam("customer")
_LOADED = sa.and_(
    _uploads.c.customer_id == _members.c.customer_id,
    _uploads.c.run_id == _members.c.run_id,
    _uploads.c.kind == "load",
)
_ENDED = _runs.c.state.not_in(UNFINISHED)
_ALL = (
    sa.select(
        *(_runs.c[name] for name in _SHARED),
        _runs.c.steps,
        (_runs.c.customers - 1).label("others"),
        _members.c.state,
        _members.c.error,
        _uploads.c.version.label("upload"),
        *(_uploads.c[name] for name in COUNTS),
    )
    .join_from(_members, _runs, _runs.c.id == _members.c.run_id)
    .outerjoin(_uploads, _LOADED)
    .where(_MINE)
)


def list_runs(
    connection: sa.Connection, customer: str, *, ended: bool = False, limit: int = 50, offset: int = 0
) -> list[Run]:
    """Returns the customer's runs, newest first; with `ended` those alone that have ended."""
    query = _ALL.where(_ENDED) if ended else _ALL
    query = query.order_by(_runs.c.queued_at.desc(), _runs.c.id).limit(limit).offset(offset)
    return _read(connection, customer, query)


def unfinished_runs(connection: sa.Connection, customer: str) -> list[Run]:
    """Returns the customer's runs that wait or are under way, oldest first."""
    query = _ALL.where(_runs.c.state.in_(UNFINISHED)).order_by(_runs.c.queued_at, _runs.c.id)
    return _read(connection, customer, query)


def get_run(connection: sa.Connection, customer: str, run_id: str) -> Run:
    """Returns one run of the customer, or NotFound."""
    found = _read(connection, customer, _ALL.where(_runs.c.id == run_id))
    if not found:
        raise NotFound(f"Customer '{customer}' has no run '{run_id}'.", next_step="List the runs.")
    return found[0]


def count_runs(connection: sa.Connection, customer: str, *, ended: bool = False) -> int:
    """Returns how many runs `list_runs` lists in all."""
    query = sa.select(sa.func.count()).join_from(_members, _runs).where(_MINE)
    if ended:
        query = query.where(_ENDED)
    return connection.execute(query, {"customer": get_customer(connection, customer).id}).scalar_one()


def ask_to_cancel(connection: sa.Connection, run_id: str, *, who: str) -> None:
    """Notes that the run is to be cancelled, for the orchestrator. Of a run that was asked for, the first who
    cancelled it stays."""
    run = sa.and_(_runs.c.id == run_id, _runs.c.cancel_asked_at.is_(None), _runs.c.state.in_(UNFINISHED))
    values = {"cancelled_by": who, "cancel_asked_at": datetime.now(UTC)}
    connection.execute(sa.update(_runs).where(run).values(values))


def orchestrator_seen_at(connection: sa.Connection) -> datetime | None:
    """Returns when the orchestrator last looked for work, to a minute; None if it never did."""
    return connection.scalar(sa.select(tables.orchestrator.c.seen_at))


def _read(connection: sa.Connection, customer: str, query: sa.Select[Any]) -> list[Run]:
    rows = connection.execute(query, {"customer": get_customer(connection, customer).id}).mappings()
    return [_run(row) for row in rows]


def _run(row: sa.RowMapping) -> Run:
    counts = {name: row[name] for name in COUNTS} if row["upload"] is not None else {}
    steps = [
        RunStep(
            one["name"],
            one["state"],
            datetime.fromisoformat(one["started_at"]),
            datetime.fromisoformat(one["finished_at"]) if one["finished_at"] else None,
        )
        for one in row["steps"]
    ]
    shared = {name: row[name] for name in (*_SHARED, "others", "state", "error", "upload")}
    return Run(**shared, steps=steps, counts=counts)
