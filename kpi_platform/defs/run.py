"""The whole job in one process, recorded on the installation's own Dagster instance."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import dagster as dg
from filelock import Timeout
from sqlalchemy import Engine

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.check_results import findings_of_run
from kpi_platform.dashboard.customers import get_customer, list_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.defs.batch import STRICT_TAG, Metadata, batch_tags, watcher
from kpi_platform.defs.dagster_insides import InMemoryJob, execute_run_iterator
from kpi_platform.defs.dashboard import UPLOAD_VERSION
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform.defs.life_line import HOST_TAG, life_line
from kpi_platform.defs.partitions import add_partitions
from kpi_platform.defs.run_history import failures, first_cause, write
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.runs import STEP_TITLES, RunOutcome

_UNREACHED = "The run ended before it came to this customer."
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_job(
    configuration: Configuration,
    engine: Engine,
    customers: Sequence[str],
    *,
    as_of: datetime,
    skip_sync: bool,
    on_progress: Callable[[str], None],
    strict: bool = False,
) -> RunOutcome:
    """Runs sync (unless `skip_sync`) and refresh for `customers`; needs neither daemon nor web server.

    `as_of` is the instant the KPIs are computed for (with a time zone); `strict`: only from what was known
    then. `on_progress` gets short lines in
    plain words. One customer's failure is that customer's alone; errors of all are KpiPlatformErrors.
    """
    if as_of.tzinfo is None:
        raise InvalidInput(f"as_of {as_of} has no time zone.", next_step="Give it in UTC.")
    with reading(engine) as database:
        wanted = [get_customer(database, customer).key for customer in customers]
        known = [customer.key for customer in list_customers(database)]
    on_progress("Reading the definitions")
    from kpi_platform.defs.location import definitions

    job = definitions(configuration).resolve_job_def("refresh" if skip_sync else "sync_and_refresh")
    with _instance(configuration) as instance:
        add_partitions(instance, known)
        run = instance.create_run_for_job(
            job,
            run_config=_QUIET,
            tags={
                **job.run_tags,
                **batch_tags(instance, wanted, as_of),
                **({STRICT_TAG: "true"} if strict else {}),
                HOST_TAG: socket.gethostname(),
            },
        )
        loaded: dict[str, int] = {}

        def tell_web_app() -> None:
            record = instance.get_run_record_by_id(run.run_id)
            write(instance, engine, configuration, [record] if record else [])

        try:
            with life_line(configuration.dagster_home, run.run_id), _watching(loaded, on_progress):
                for event in execute_run_iterator(InMemoryJob(job), run, instance):
                    _report(event, on_progress)
                    if event.is_step_start:
                        tell_web_app()
        finally:
            tell_web_app()
        lost = failures(instance, run.run_id, frozenset(wanted) - set(loaded))
    with reading(engine) as database:
        found = findings_of_run(database, run.run_id)
    findings = {customer: [one.message for one in of] for customer, of in found.items() if of}
    failed = {key: lost.get(key, _UNREACHED) for key in wanted if key not in loaded}
    return RunOutcome((run.run_id,), loaded, failed, findings)


@contextmanager
def _instance(configuration: Configuration) -> Iterator[dg.DagsterInstance]:
    home = prepare_dagster_home(configuration)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        bury_dead_runs(instance, home)
        yield instance


def bury_dead_runs(instance: dg.DagsterInstance, home: Path) -> None:
    """Marks runs of killed processes as failed, and frees what they held. No daemon does it: it knows only
    the runs that it has launched."""
    unfinished = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED]
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished, tags={HOST_TAG: socket.gethostname()})):
        try:
            with life_line(home, run.run_id):
                instance.report_run_failed(run, "The process of the run was ended from outside.")
                instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        except Timeout:
            continue


@contextmanager
def _watching(loaded: dict[str, int], on_progress: Callable[[str], None]) -> Iterator[None]:
    """Reports the customers of the steps that take one after another, and notes the upload of each."""

    def made(asset: str, customer: str, metadata: Metadata) -> None:
        if asset in ("account_matches", "dashboard_load"):
            on_progress(f"{STEP_TITLES[asset]}: {customer}")
        if asset == "dashboard_load":
            loaded[customer] = int(str(metadata[UPLOAD_VERSION]))

    token = watcher.set(made)
    try:
        yield
    finally:
        watcher.reset(token)


def _report(event: dg.DagsterEvent, on_progress: Callable[[str], None]) -> None:
    if event.is_step_start and event.step_key:
        on_progress(STEP_TITLES.get(event.step_key, event.step_key))
    if event.is_step_up_for_retry and event.step_key:
        wait, cause = event.step_retry_data.seconds_to_wait or 0, event.step_retry_data.error
        why = first_cause(cause) if cause else "It failed."
        on_progress(f"{why} Tried again in {wait:.0f} seconds")
