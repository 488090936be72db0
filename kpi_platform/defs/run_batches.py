"""The whole job for many customers: batch after batch, two at once, each in a process of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing import get_context

from sqlalchemy import Engine

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_dashboard
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.runs import CUSTOMERS_PER_RUN, RunOutcome, in_runs
from kpi_platform.process import begin

BATCHES_AT_ONCE = 2
"""While the destination computes for one batch, the other is matched and loaded."""

Work = Callable[[Configuration, Sequence[str], datetime, bool, bool], RunOutcome]
"""Runs one batch, in a process of the pool: configuration, customers, as_of, skip_sync, strict."""


def run_batches(
    configuration: Configuration,
    engine: Engine,
    customers: Sequence[str],
    *,
    as_of: datetime,
    skip_sync: bool,
    on_progress: Callable[[str], None],
    strict: bool = False,
) -> RunOutcome:
    """Does what `run_job` does for any number of customers; a run has at most CUSTOMERS_PER_RUN of them."""
    if len(customers) <= CUSTOMERS_PER_RUN:
        from kpi_platform.defs.run import run_job

        return run_job(
            configuration,
            engine,
            customers,
            as_of=as_of,
            skip_sync=skip_sync,
            on_progress=on_progress,
            strict=strict,
        )
    return in_processes(run_batch, configuration, customers, as_of, skip_sync, on_progress, strict=strict)


def in_processes(
    work: Work,
    configuration: Configuration,
    customers: Sequence[str],
    as_of: datetime,
    skip_sync: bool,
    on_progress: Callable[[str], None],
    *,
    strict: bool = False,
) -> RunOutcome:
    """Does `work` for each batch of `customers`. A batch whose process was killed is lost, by name."""
    batches = list(in_runs(customers, CUSTOMERS_PER_RUN))
    on_progress(f"Computing {len(customers):,} customers in {len(batches)} batches")
    outcome = RunOutcome(())
    with ProcessPoolExecutor(min(BATCHES_AT_ONCE, len(batches)), get_context("spawn"), begin) as processes:
        tasks = {
            processes.submit(work, configuration, batch, as_of, skip_sync, strict): batch for batch in batches
        }
        for task in as_completed(tasks):
            outcome += _result(task, tasks[task])
            done = len(outcome.loaded) + len(outcome.failed)
            on_progress(f"{done:,} of {len(customers):,} customers are done")
    return outcome


def run_batch(
    configuration: Configuration, customers: Sequence[str], as_of: datetime, skip_sync: bool, strict: bool
) -> RunOutcome:
    """Runs one batch, in a process that has no engine yet."""
    # Here, so that the process that waits for the batches need not load Dagster before they begin.
    from kpi_platform.defs.run import run_job

    engine = open_dashboard(configuration)
    try:
        return run_job(
            configuration,
            engine,
            customers,
            as_of=as_of,
            skip_sync=skip_sync,
            on_progress=lambda _: None,
            strict=strict,
        )
    finally:
        engine.dispose()


def _result(task: Future[RunOutcome], customers: Sequence[str]) -> RunOutcome:
    try:
        return task.result()
    except KpiPlatformError as error:
        reason = str(error)
    except BrokenProcessPool:
        reason = (
            "The process of its batch was ended from outside. Start it again; what was loaded before stays."
        )
    return RunOutcome((), failed=dict.fromkeys(customers, reason))
