"""How the orchestrator writes its runs into the dashboard database, and reads what people want of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.runs import UNFINISHED, RunState
from kpi_platform.domain.runs import Cause

KEPT = timedelta(days=180)
"""How long ended runs are shown."""

_SEEN_EVERY = timedelta(minutes=1)
_runs, _members, _customers = tables.runs, tables.run_customers, tables.customers


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the orchestrator knows it. `states` and `errors` are by customer; `changed_at` is the time of
    its newest change in Dagster's storage."""

    id: str
    job: str
    started_by: Cause
    request_id: str | None
    state: RunState
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    place: int | None
    waits_for: str
    steps: list[dict[str, Any]]
    changed_at: datetime
    states: Mapping[str, RunState]
    errors: Mapping[str, str]


_COLUMNS = tuple(one.name for one in fields(RunRecord) if one.name not in ("states", "errors"))


def newest_change(connection: sa.Connection) -> datetime | None:
    """Returns the newest change that is written; None if there is no run yet."""
    newest: datetime | None = connection.scalar(sa.select(sa.func.max(_runs.c.changed_at)))
    return newest


def ended_since(connection: sa.Connection, after: datetime) -> dict[str, datetime]:
    """Returns the runs that are written as ended, with their newest change, of those changed after that."""
    query = sa.select(_runs.c.id, _runs.c.changed_at).where(
        _runs.c.changed_at > after, _runs.c.state.not_in(UNFINISHED)
    )
    return dict(connection.execute(query).tuples().all())


def runs_to_cancel(connection: sa.Connection) -> list[str]:
    """Returns the ids of runs that people have cancelled and that have not ended."""
    requests = tables.sync_requests
    cancelled = sa.exists().where(requests.c.id == _runs.c.request_id, requests.c.state == "cancelled")
    query = sa.select(_runs.c.id).where(
        _runs.c.state.in_(UNFINISHED), sa.or_(_runs.c.cancel_asked_at.is_not(None), cancelled)
    )
    return list(connection.scalars(query))


def write_runs(engine: sa.Engine, records: Sequence[RunRecord]) -> None:
    """Writes those that differ from what is written, in one transaction."""
    if not records:
        return
    with engine.connect() as connection:
        known = _written(connection, [one.id for one in records])
    changed = [one for one in records if known.get(one.id) != _row(one)]
    if not changed:
        return
    with engine.begin() as connection:
        numbers = _numbers(connection, changed)
        for one in changed:
            members = [
                {"customer_id": numbers[key], "run_id": one.id, "state": state, "error": one.errors.get(key)}
                for key, state in one.states.items()
                if key in numbers
            ]
            values = {**_row(one), "customers": len(one.states)}
            if one.id in known:
                connection.execute(sa.update(_runs).where(_runs.c.id == one.id).values(values))
                connection.execute(sa.delete(_members).where(_members.c.run_id == one.id))
            else:
                connection.execute(sa.insert(_runs).values({**values, "person": _person(connection, one)}))
            if members:
                connection.execute(sa.insert(_members), members)
        old = datetime.now(UTC) - KEPT
        ids = sa.select(_runs.c.id).where(_runs.c.finished_at < old)
        connection.execute(sa.delete(_members).where(_members.c.run_id.in_(ids)))
        connection.execute(sa.delete(_runs).where(_runs.c.finished_at < old))


def note_seen(engine: sa.Engine) -> None:
    """Notes that the orchestrator looks for work, once a minute."""
    table, now = tables.orchestrator, datetime.now(UTC)
    with engine.connect() as connection:
        seen = connection.scalar(sa.select(table.c.seen_at))
    if seen is not None and now - seen < _SEEN_EVERY:
        return
    with engine.begin() as connection:
        noted = connection.execute(sa.update(table).values(seen_at=now))
        if not noted.rowcount:
            connection.execute(sa.insert(table).values(id=1, seen_at=now))


def _row(one: RunRecord) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name in _COLUMNS}


def _written(connection: sa.Connection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    query = sa.select(*(_runs.c[name] for name in _COLUMNS)).where(_runs.c.id.in_(ids))
    return {row["id"]: dict(row) for row in connection.execute(query).mappings()}


def _numbers(connection: sa.Connection, records: Sequence[RunRecord]) -> dict[str, int]:
    keys = {key for one in records for key in one.states}
    query = sa.select(_customers.c.key, _customers.c.id).where(_customers.c.key.in_(keys))
    return dict(connection.execute(query).tuples().all())


def _person(connection: sa.Connection, one: RunRecord) -> str | None:
    """Who asked for the run, or released the load that it brings."""
    requests, holds = tables.sync_requests, tables.load_holds
    if one.request_id is not None:
        return connection.scalar(sa.select(requests.c.requested_by).where(requests.c.id == one.request_id))
    if one.started_by == "release":
        return connection.scalar(
            sa.select(holds.c.released_by)
            .join_from(holds, _customers)
            .where(_customers.c.key.in_(one.states), holds.c.released_at <= one.queued_at)
            .order_by(holds.c.released_at.desc())
            .limit(1)
        )
    return None
