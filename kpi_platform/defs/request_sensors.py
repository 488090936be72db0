"""Sensors that start a run for every queued sync request, and follow all runs for the web app."""

from collections.abc import Iterator

import dagster as dg

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.load_holds import released_holds
from kpi_platform.dashboard.sync_requests import SyncRequest, queued_sync_requests
from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.fivetran import source_keys
from kpi_platform.defs.jobs import REFRESH, SYNC_AND_REFRESH
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.requests import REQUEST_TAG, TRIGGER_TAG
from kpi_platform.defs.resources import PlatformParam
from kpi_platform.defs.run_history import follow_runs
from kpi_platform.defs.runs import AFTER_A_CRASH
from kpi_platform.defs.sensors import PROMPT_SECONDS
from kpi_platform.domain.sources import SOURCES

BY_HAND = {"dagster/priority": "10"}
"""Run tags of a run that a person waits for: it comes before scheduled ones."""


def request_sensors(interval_seconds: int, kpi_keys: list[dg.AssetKey]) -> list[dg.SensorDefinition]:
    """Returns the sensors that start runs, every PROMPT_SECONDS. `kpi_keys` are the assets that come after a
    sync."""

    @dg.sensor(
        job=SYNC_AND_REFRESH,
        minimum_interval_seconds=min(interval_seconds, PROMPT_SECONDS),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run for each sync that somebody has asked for on the web page or by the API, "
        "cancels the runs that somebody has cancelled there, and tells the web app how all runs stand.",
    )
    def sync_requests(
        context: dg.SensorEvaluationContext, platform: PlatformParam
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        follow_runs(context.instance, platform.engine, platform.configuration)
        with reading(platform.engine) as database:
            queued = queued_sync_requests(database)
        partitions = set(context.instance.get_dynamic_partitions(CUSTOMERS_NAME))
        ready = [request for request in queued if request.customer in partitions]
        if not ready:
            yield dg.SkipReason("Nobody has asked for a sync.")
        for request in ready:
            yield run_for(context.instance, request, kpi_keys)

    @dg.sensor(
        job=REFRESH,
        minimum_interval_seconds=min(interval_seconds, PROMPT_SECONDS),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Loads what was held and somebody has released.",
    )
    def released_loads(
        context: dg.SensorEvaluationContext, platform: PlatformParam
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        with reading(platform.engine) as database:
            released = released_holds(database)
        partitions = set(context.instance.get_dynamic_partitions(CUSTOMERS_NAME))
        ready = {customer: hold for customer, hold in released.items() if customer in partitions}
        if not ready:
            yield dg.SkipReason("Nobody has released a load.")
        for customer, hold in ready.items():
            tags = batch_tags(context.instance, [customer]) | {
                TRIGGER_TAG: "release", **BY_HAND, **AFTER_A_CRASH,
            }  # fmt: skip
            yield dg.RunRequest(run_key=f"release-{hold.id}", tags=tags)

    return [sync_requests, released_loads]


def run_for(instance: dg.DagsterInstance, request: SyncRequest, kpi_keys: list[dg.AssetKey]) -> dg.RunRequest:
    """Returns the whole way for the request's customer and sources; a second run for it never starts."""
    sources = SOURCES if request.data_source == "combined" else (request.data_source,)
    return dg.RunRequest(
        run_key=request.id,
        tags={
            **batch_tags(instance, [request.customer]),
            REQUEST_TAG: request.id,
            "kpi/source": ",".join(sources),
            **BY_HAND,
            **AFTER_A_CRASH,
        },
        asset_selection=[*(key for source in sources for key in source_keys(source)), *kpi_keys],
    )
