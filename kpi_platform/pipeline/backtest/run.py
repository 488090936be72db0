"""One back-test, from its row in the dashboard database to its report."""

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from filelock import FileLock

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.backtests import (
    backtest_to_compute,
    end_backtest,
    note_backtest_progress,
    unfinished_backtests,
)
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.backtest.report import BacktestReport
from kpi_platform.domain.erasure import Erased
from kpi_platform.domain.errors import KpiPlatformError

_log = logging.getLogger(__name__)
_BEAT_SECONDS = 1.0

Tell = Callable[[int, int], None]
"""Is called with how many instants are computed, and of how many."""


def run_backtest(
    configuration: Configuration,
    engine: sa.Engine,
    backtest_id: str,
    *,
    on_cancel: Callable[[], None],
    on_progress: Tell | None = None,
) -> None:
    """Computes the back-test and keeps its report; an error is kept as its words. Calls `on_cancel`, from
    another thread, once it is cancelled; it cannot return then from the midst of dbt, so that has to end the
    process. One is computed at a time on a machine, beside refreshes."""
    try:
        with _Beat(engine, backtest_id, on_cancel, on_progress) as beat:
            report = _compute(configuration, engine, backtest_id, beat.tell)
    except KpiPlatformError as error:
        with engine.begin() as connection:
            end_backtest(connection, backtest_id, "failed", error=str(error))
        raise
    with engine.begin() as connection:
        end_backtest(connection, backtest_id, "done", report=report)


def erase_computed_parts(configuration: Configuration, customer: str) -> Erased:
    """Deletes what was computed for back-tests of the customer that have not ended."""
    folder = _folder(configuration) / customer
    before = sum(one.is_file() for one in folder.rglob("*"))
    shutil.rmtree(folder, ignore_errors=True)
    left = sum(one.is_file() for one in folder.rglob("*"))
    return Erased("computed parts of back-tests", before, left)


def _compute(configuration: Configuration, engine: sa.Engine, backtest_id: str, tell: Tell) -> BacktestReport:
    with FileLock(configuration.home / "backtest.lock"):
        # The libraries of statistics are loaded by whoever's turn it is.
        from kpi_platform.domain.backtest.judge import report_of
        from kpi_platform.pipeline.backtest.rows import backtest_rows

        with reading(engine) as connection:
            asked = backtest_to_compute(connection, backtest_id)
            unfinished = unfinished_backtests(connection)
        _tidy(configuration, unfinished)
        rows = backtest_rows(
            configuration, engine, asked.customer, asked.spec,
            folder=_folder(configuration) / asked.customer / backtest_id,
            on_progress=lambda done, total, _: tell(done, total),
        )  # fmt: skip
        return report_of(rows, asked.spec)


def _folder(configuration: Configuration) -> Path:
    """What is computed of each back-test, by customer, until it has ended: whoever takes it over goes on."""
    return configuration.home / "backtests"


def _tidy(configuration: Configuration, unfinished: set[str]) -> None:
    """Deletes the parts of those that were cancelled, or failed."""
    for folder in _folder(configuration).glob("*/*"):
        if folder.name not in unfinished:
            shutil.rmtree(folder, ignore_errors=True)


class _Beat:
    """Notes once a second that the back-test is worked on, and how far it is."""

    def __init__(
        self, engine: sa.Engine, backtest_id: str, on_cancel: Callable[[], None], on_progress: Tell | None
    ) -> None:
        self._engine = engine
        self._id = backtest_id
        self._on_cancel = on_cancel
        self._on_progress = on_progress
        self._done, self._total = 0, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"backtest-{backtest_id}", daemon=True)

    def tell(self, done: int, total: int) -> None:
        self._done, self._total = done, total
        if self._on_progress is not None:
            self._on_progress(done, total)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            try:
                with self._engine.begin() as connection:
                    waited_for = note_backtest_progress(connection, self._id, self._done, self._total)
            except (KpiPlatformError, sa.exc.SQLAlchemyError):
                _log.warning("Back-test %s: progress was not noted; trying again.", self._id, exc_info=True)
                continue
            if not waited_for and not self._ended.is_set():
                self._on_cancel()
                return
