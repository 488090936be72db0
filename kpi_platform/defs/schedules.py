"""One schedule for all customers: each minute it starts the syncs that are due by their own settings."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby

import dagster as dg

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.fivetran_account import fivetran_account
from kpi_platform.dashboard.fivetran_calls import calls_this_hour
from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.fivetran import source_keys
from kpi_platform.defs.jobs import FRESHNESS, SYNC
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.resources import Platform, PlatformParam
from kpi_platform.defs.runs import active_runs
from kpi_platform.defs.syncs import recorded_syncs
from kpi_platform.domain.due_times import sources_to_start
from kpi_platform.domain.fivetran_budget import CUSTOMERS_PER_SYNC_RUN, within_budget
from kpi_platform.domain.runs import in_chunks
from kpi_platform.domain.sources import SOURCES, Source
from kpi_platform.pipeline.sync_times import recorded_state

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


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
    now = datetime.now(UTC)
    with reading(platform.engine) as database:
        calls, account = calls_this_hour(database, now), fivetran_account(database)
    if account.is_blocked(now):
        yield dg.SkipReason(f"Fivetran's rate limit is used up until {account.blocked_until}.")
        return
    due = _due(context.instance, platform, now)
    if not due:
        yield dg.SkipReason("No customer's sync is due.")
    limit = account.limit(platform.configuration.fivetran_calls_per_hour)
    affordable = within_budget(due, calls, limit)
    if len(affordable) < len(due):
        context.log.warning(
            f"{calls} of the {limit} calls that Fivetran takes in this hour are made: "
            f"{len(due) - len(affordable)} customers wait."
        )
    # Sorting keeps the order of customers with the same sources: the one that waits longest comes first.
    for sources, customers in groupby(sorted(affordable, key=due.__getitem__), key=due.__getitem__):
        for chunk in in_chunks(customers, CUSTOMERS_PER_SYNC_RUN):
            yield sync_request_for(context.instance, chunk, sources)


def sync_request_for(
    instance: dg.DagsterInstance, customers: list[str], sources: tuple[Source, ...]
) -> dg.RunRequest:
    """Returns a run of the sync job for `sources` of `customers`."""
    return dg.RunRequest(
        tags=batch_tags(instance, customers) | {"kpi/source": ",".join(sources)},
        asset_selection=[key for source in sources for key in source_keys(source)],
    )


def _due(instance: dg.DagsterInstance, platform: Platform, now: datetime) -> dict[str, tuple[Source, ...]]:
    """Customer → the sources to sync now, who was synced longest ago first. A customer that another run is
    busy with waits for it."""
    busy = {customer for run in active_runs(instance) for customer in run.customers}
    recorded = recorded_syncs(platform.engine)
    waiting = [key for key in instance.get_dynamic_partitions(CUSTOMERS_NAME) if key not in busy]
    due: dict[str, tuple[Source, ...]] = {}
    waited: dict[str, datetime] = {}
    for customer, settings in platform.settings(waiting).items():
        rows = {source: recorded.get((customer, source)) for source in SOURCES}
        known = {source: recorded_state(row) for source, row in rows.items() if row}
        if sources := sources_to_start(settings, known, now):
            due[customer] = sources
            waited[customer] = min(
                (known[source].started_at if source in known else None) or _NEVER for source in sources
            )
    return {customer: due[customer] for customer in sorted(due, key=waited.__getitem__)}


freshness = dg.ScheduleDefinition(
    name="freshness_hourly",
    description="Looks every hour whether each customer's sources have synced as its settings want.",
    job=FRESHNESS,
    cron_schedule="0 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

SCHEDULES = [due_syncs, freshness]
