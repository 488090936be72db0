"""The weeks before customers' first loads, computed one after another: by runs that the sensor `requests`
starts behind everything else, or here and now for whoever waits."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg
from sqlalchemy import Engine

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.past import PastWeek, open_past, settle_past, take_week
from kpi_platform.defs.batch import AS_OF_TAG, STRICT_TAG, batch_tags
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform.defs.jobs import REFRESH
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.requests import TRIGGER_TAG
from kpi_platform.defs.run_batches import run_batches
from kpi_platform.defs.runs import UNFINISHED, active_runs, customers_of
from kpi_platform.domain.runs import CUSTOMERS_PER_RUN, RunOutcome

_BEHIND = {TRIGGER_TAG: "past", "dagster/priority": "-10"}


def past_runs(instance: dg.DagsterInstance, engine: Engine) -> list[dg.RunRequest]:
    """Returns the runs to start now for weeks before first loads: the oldest week that waits, for all
    customers together that wait for it, and a refresh of those whose last week has ended, so that the marts
    hold the present again. None while a week is being computed: they must not take the places of others."""
    with reading(engine) as database:
        if not open_past(database):
            return []
    if weeks_in_work(instance):
        return []
    busy = {customer for run in active_runs(instance) if run.refreshes for customer in run.customers}
    with engine.begin() as database:
        ended = settle_past(database, {})
        week = take_week(database, CUSTOMERS_PER_RUN, busy=busy)
    runs = [_refresh(instance, ended)] if ended else []
    return [*runs, _run(instance, week)] if week else runs


def compute_past(
    configuration: Configuration,
    engine: Engine,
    customers: Sequence[str],
    on_progress: Callable[[str], None],
) -> list[RunOutcome]:
    """Computes what is to be computed of the customers' past, in this process, and refreshes them at the end.
    Returns the outcomes of the weeks. If it is interrupted, the sensor or the next call goes on."""
    outcomes: list[RunOutcome] = []
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(configuration))) as instance:
        while True:
            with engine.begin() as database:
                ended = settle_past(database, weeks_in_work(instance), customers)
                week = take_week(database, CUSTOMERS_PER_RUN, customers)
            if week is not None:
                on_progress(f"The week of {week.as_of:%-d %b %Y}")
                outcomes.append(
                    run_batches(
                        configuration, engine, week.customers,
                        as_of=week.as_of, skip_sync=True, on_progress=lambda _: None, strict=True,
                    )
                )  # fmt: skip
            elif not ended:
                return outcomes
            if ended:
                run_batches(
                    configuration, engine, ended,
                    as_of=datetime.now(UTC), skip_sync=True, on_progress=on_progress,
                )  # fmt: skip


def weeks_in_work(instance: dg.DagsterInstance) -> dict[datetime, frozenset[str]]:
    """Returns the instants that runs compute from what was known then, and the customers of each."""
    records = instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED, tags={STRICT_TAG: "true"}))
    partitions = instance.get_dynamic_partitions(CUSTOMERS_NAME) if records else []
    found: dict[datetime, frozenset[str]] = {}
    for record in records:
        tags = record.dagster_run.tags
        at = datetime.fromisoformat(tags[AS_OF_TAG])
        found[at] = found.get(at, frozenset()) | customers_of(tags, partitions)
    return found


def _run(instance: dg.DagsterInstance, week: PastWeek) -> dg.RunRequest:
    """A second run for the same try never starts."""
    tags = {**batch_tags(instance, week.customers, week.as_of), STRICT_TAG: "true"}
    return _request(_key(week.as_of, week.tries, week.customers), tags)


def _refresh(instance: dg.DagsterInstance, customers: Sequence[str]) -> dg.RunRequest:
    return _request(_key(datetime.now(UTC), 0, customers), batch_tags(instance, customers))


def _request(key: str, tags: Mapping[str, str]) -> dg.RunRequest:
    return dg.RunRequest(run_key=key, job_name=REFRESH.name, tags={**tags, **_BEHIND})


def _key(at: datetime, tries: int, customers: Sequence[str]) -> str:
    text = " ".join((at.isoformat(), str(tries), *customers))
    return f"past-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
