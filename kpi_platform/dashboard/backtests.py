"""Back-tests that are kept: asked for by people, computed in the background, compared later."""

import uuid
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.settings_versions import current_settings, settings_version
from kpi_platform.dashboard.uploads import newest_upload
from kpi_platform.domain.backtest.report import BacktestReport
from kpi_platform.domain.backtest.spec import BacktestSpec
from kpi_platform.domain.errors import Conflict, NotFound

BacktestState = Literal["running", "done", "failed", "cancelled"]

LOST_AFTER = timedelta(seconds=30)
"""A process notes every second that it works on a back-test; without a note for so long it has stopped."""

MOST_ATTEMPTS = 3
"""Processes that may die of a back-test before it counts as failed."""

BROKE_OFF = "The back-test has broken off several times. Ask for it again, or ask the operator."
_backtests = tables.backtests


@dataclass(frozen=True, slots=True)
class StoredBacktest:
    """A back-test. `done` of `total` instants are computed, 0 of 0 before the first. `settings_version` is 0
    if none was saved. `auc` is that of the report; `error` says why it has failed."""

    id: str
    customer: str
    asked_by: str
    asked_at: datetime
    as_of: datetime
    first_instant: datetime
    last_instant: datetime
    every: str
    horizon_days: int
    gap_days: int
    settings_version: int
    state: BacktestState
    done: int
    total: int
    ended_at: datetime | None
    auc: float | None
    error: str | None

    @property
    def spec(self) -> BacktestSpec:
        return BacktestSpec(
            self.first_instant,
            self.last_instant,
            self.every,
            self.horizon_days,
            self.gap_days,
            self.settings_version or None,
        )

    def asks_the_same_as(self, other: "StoredBacktest") -> bool:
        """Whether both have the same question of the same data; their settings may differ."""
        one, two = (replace(each.spec, settings_version=None) for each in (self, other))
        return (one, self.as_of) == (two, other.as_of)


_customers = tables.customers
_SELECT = sa.select(
    *(
        _customers.c.key.label("customer") if one.name == "customer" else _backtests.c[one.name]
        for one in fields(StoredBacktest)
    )
).join_from(_backtests, _customers)


def add_backtest(connection: sa.Connection, customer: str, spec: BacktestSpec, *, who: str) -> StoredBacktest:
    """Notes a back-test that begins, of what the newest load knew, under the newest settings if `spec` names
    none. Raises InvalidInput if no instant's outcomes are known, NotFound for the version, and Conflict while
    another one of the customer's is computed."""
    stored, now = get_customer(connection, customer), datetime.now(UTC)
    # Two who ask at once queue here.
    connection.execute(sa.select(_customers.c.id).where(_customers.c.id == stored.id).with_for_update())
    if spec.settings_version is None:
        current = current_settings(connection, customer)
        spec = replace(spec, settings_version=current.version if current else 0)
    else:
        settings_version(connection, customer, spec.settings_version)
    newest = newest_upload(connection, stored.id)
    as_of = newest.as_of if newest else now
    spec.instants(as_of)
    running = sa.and_(_backtests.c.customer_id == stored.id, _backtests.c.state == "running")
    if connection.execute(sa.select(_backtests.c.id).where(running)).first():
        raise Conflict(
            "A back-test is being computed already.", next_step="Wait until it has ended, or cancel it."
        )
    backtest_id = uuid.uuid4().hex
    connection.execute(
        sa.insert(_backtests).values(
            id=backtest_id, customer_id=stored.id, asked_by=who, asked_at=now, as_of=as_of,
            first_instant=spec.first, last_instant=spec.last, every=spec.every,
            horizon_days=spec.horizon_days, gap_days=spec.gap_days, settings_version=spec.settings_version,
            state="running", seen_at=now, attempts=1, done=0, total=0,
        )
    )  # fmt: skip
    return get_backtest(connection, customer, backtest_id)


def list_backtests(
    connection: sa.Connection, customer: str, *, limit: int = 50, offset: int = 0
) -> list[StoredBacktest]:
    """Returns the customer's back-tests, newest first."""
    customer_id = get_customer(connection, customer).id
    query = _SELECT.where(_backtests.c.customer_id == customer_id)
    newest = query.order_by(_backtests.c.asked_at.desc(), _backtests.c.id).limit(limit).offset(offset)
    return [StoredBacktest(**row) for row in connection.execute(newest).mappings()]


def get_backtest(connection: sa.Connection, customer: str, backtest_id: str) -> StoredBacktest:
    """Returns a back-test of the customer's. Raises NotFound."""
    mine = sa.and_(
        _backtests.c.id == backtest_id, _backtests.c.customer_id == get_customer(connection, customer).id
    )
    row = connection.execute(_SELECT.where(mine)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such back-test.", next_step="List them.")
    return StoredBacktest(**row)


def backtest_to_compute(connection: sa.Connection, backtest_id: str) -> StoredBacktest:
    """Returns a back-test of any customer, for whoever computes it. Raises NotFound."""
    row = connection.execute(_SELECT.where(_backtests.c.id == backtest_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such back-test any more.", next_step="Ask for it again.")
    return StoredBacktest(**row)


def unfinished_backtests(connection: sa.Connection) -> set[str]:
    """Returns the ids of those that are being computed, of all customers."""
    return set(connection.scalars(sa.select(_backtests.c.id).where(_backtests.c.state == "running")))


def report_of_backtest(connection: sa.Connection, customer: str, backtest_id: str) -> BacktestReport | None:
    """Returns the report of a back-test of the customer's; None until it is done. Raises NotFound."""
    get_backtest(connection, customer, backtest_id)
    kept = connection.execute(
        sa.select(_backtests.c.report).where(_backtests.c.id == backtest_id)
    ).scalar_one()
    return BacktestReport.model_validate(kept) if kept is not None else None


def note_backtest_progress(connection: sa.Connection, backtest_id: str, done: int, total: int) -> bool:
    """Notes how far a back-test is. Returns whether it is still waited for: False once it is cancelled."""
    return _update(connection, backtest_id, {"done": done, "total": total, "seen_at": datetime.now(UTC)})


def end_backtest(
    connection: sa.Connection,
    backtest_id: str,
    state: BacktestState,
    *,
    report: BacktestReport | None = None,
    error: str | None = None,
) -> bool:
    """Ends a back-test. One that has ended already stays as it is, and False is returned."""
    values: dict[str, Any] = {"state": state, "error": error, "ended_at": datetime.now(UTC)}
    if report is not None:
        values |= {"report": report.model_dump(mode="json"), "auc": report.auc}
    return _update(connection, backtest_id, values)


def are_lost(connection: sa.Connection) -> bool:
    """Returns whether the process of any back-test has stopped."""
    return connection.execute(sa.select(_backtests.c.id).where(_lost()).limit(1)).first() is not None


def take_over_lost(connection: sa.Connection) -> list[str]:
    """Returns the back-tests whose process has stopped, of any customer, for the caller to compute: nobody
    else gets them. One that has killed MOST_ATTEMPTS processes is failed instead."""
    now, lost = datetime.now(UTC), _lost()
    connection.execute(
        sa.update(_backtests)
        .where(lost, _backtests.c.attempts >= MOST_ATTEMPTS)
        .values(state="failed", error=BROKE_OFF, ended_at=now)
    )
    taken = (
        sa.update(_backtests)
        .where(lost)
        .values(seen_at=now, attempts=_backtests.c.attempts + 1)
        .returning(_backtests.c.id)
    )
    return list(connection.scalars(taken))


def _lost() -> sa.ColumnElement[bool]:
    silent = _backtests.c.seen_at < datetime.now(UTC) - LOST_AFTER
    return sa.and_(_backtests.c.state == "running", silent)


def _update(connection: sa.Connection, backtest_id: str, values: dict[str, Any]) -> bool:
    running = sa.and_(_backtests.c.id == backtest_id, _backtests.c.state == "running")
    return connection.execute(sa.update(_backtests).where(running).values(values)).rowcount == 1
