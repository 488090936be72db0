"""One schedule for all customers: each minute it starts the syncs that are due by their own settings."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby

import dagster as dg

from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.fivetran import source_keys
from kpi_platform.defs.jobs import FRESHNESS, SYNC
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.resources import Platform, PlatformParam
from kpi_platform.defs.runs import active_runs, in_chunks
from kpi_platform.defs.syncs import recorded_syncs
from kpi_platform.domain.due_times import due_sources
from kpi_platform.domain.kpis import Source
from kpi_platform.domain.sources import SOURCES

CUSTOMERS_PER_SYNC_RUN = 25


@dg.schedule(
    job=SYNC,
    cron_schedule="* * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Starts the syncs that are due by each customer's frequency, window and time zone.",
)
def due_syncs(
    context: dg.ScheduleEvaluationContext, platform: PlatformParam
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    due = _due(context.instance, platform, datetime.now(UTC))
    if not due:
        yield dg.SkipReason("No customer's sync is due.")
    for sources, customers in groupby(sorted(due, key=due.__getitem__), key=due.__getitem__):
        for chunk in in_chunks(customers, CUSTOMERS_PER_SYNC_RUN):
            yield sync_request_for(context.instance, chunk, sources)


def sync_request_for(
    instance: dg.DagsterInstance, customers: list[str], sources: tuple[Source, ...]
) -> dg.RunRequest:
    """A run of the sync job for `sources` of `customers`."""
    return dg.RunRequest(
        tags=batch_tags(instance, customers) | {"kpi/source": ",".join(sources)},
        asset_selection=[key for source in sources for key in source_keys(source)],
    )


def _due(instance: dg.DagsterInstance, platform: Platform, now: datetime) -> dict[str, tuple[Source, ...]]:
    """Customer → the sources to sync now. A customer that another run is busy with waits for it."""
    busy = {customer for run in active_runs(instance) for customer in run.customers}
    recorded = recorded_syncs(platform.engine)
    waiting = [key for key in instance.get_dynamic_partitions(CUSTOMERS_NAME) if key not in busy]
    due: dict[str, tuple[Source, ...]] = {}
    for customer, settings in platform.settings(waiting).items():
        rows = {source: recorded.get((customer, source)) for source in SOURCES}
        started = {source: row["last_attempt_at"] for source, row in rows.items() if row}
        if sources := due_sources(settings, started, now):
            due[customer] = sources
    return due


freshness = dg.ScheduleDefinition(
    name="freshness_hourly",
    job=FRESHNESS,
    cron_schedule="0 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

SCHEDULES = [due_syncs, freshness]
