"""The sensor that starts runs for what people have asked for, and follows all runs for the web app."""

import dagster as dg

from kpi_platform.dashboard.customers import list_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.load_holds import released_holds
from kpi_platform.dashboard.sync_requests import SyncRequest, queued_sync_requests
from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.fivetran import source_keys
from kpi_platform.defs.jobs import REFRESH, SYNC_AND_REFRESH
from kpi_platform.defs.partitions import CUSTOMERS_NAME, add_partitions
from kpi_platform.defs.past_runs import past_runs
from kpi_platform.defs.requests import REQUEST_TAG, TRIGGER_TAG
from kpi_platform.defs.resources import PlatformParam
from kpi_platform.defs.run_history import follow_runs
from kpi_platform.defs.runs import AFTER_A_CRASH
from kpi_platform.defs.sensors import PROMPT_SECONDS
from kpi_platform.domain.sources import SOURCES

BY_HAND = {"dagster/priority": "10"}
"""Run tags of a run that a person waits for: it comes before scheduled ones."""


def request_sensors(interval_seconds: int, kpi_keys: list[dg.AssetKey]) -> list[dg.SensorDefinition]:
    """Returns the sensor that does what people have asked for, every PROMPT_SECONDS. `kpi_keys` are the
    assets that come after a sync."""

    @dg.sensor(
        jobs=[SYNC_AND_REFRESH, REFRESH],
        minimum_interval_seconds=min(interval_seconds, PROMPT_SECONDS),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run for each sync that somebody has asked for on the web page or by the API, "
        "cancels the runs that somebody has cancelled there, and tells the web app how all runs stand. Loads "
        "what was held and somebody has released. Computes the weeks before first loads, one at a time. "
        "Keeps the partitions in step with the customers.",
    )
    def requests(
        context: dg.SensorEvaluationContext, platform: PlatformParam
    ) -> dg.SensorResult | dg.SkipReason:
        follow_runs(context.instance, platform.engine, platform.configuration)
        with reading(platform.engine) as database:
            customers = [customer.key for customer in list_customers(database)]
            queued, released = queued_sync_requests(database), released_holds(database)
        keep_partitions(context.instance, customers)
        known = set(customers)
        runs = [run_for(context.instance, one, kpi_keys) for one in queued if one.customer in known]
        runs += [load_of(context.instance, key, hold.id) for key, hold in released.items() if key in known]
        runs += past_runs(context.instance, platform.engine)
        return dg.SensorResult(run_requests=runs) if runs else dg.SkipReason("Nobody has asked for anything.")

    return [requests]


def keep_partitions(instance: dg.DagsterInstance, customers: list[str]) -> None:
    """Makes the partitions those of the customers. At once, so that who adds a customer and asks for a sync
    waits for one look."""
    present = instance.get_dynamic_partitions(CUSTOMERS_NAME)
    if new := [key for key in customers if key not in set(present)]:
        add_partitions(instance, new)
    for gone in set(present) - set(customers):
        instance.delete_dynamic_partition(CUSTOMERS_NAME, gone)


def load_of(instance: dg.DagsterInstance, customer: str, hold: int) -> dg.RunRequest:
    """Returns the refresh that loads what was held and is released; a second run for it never starts."""
    tags = {TRIGGER_TAG: "release", **BY_HAND, **AFTER_A_CRASH}
    return dg.RunRequest(
        run_key=f"release-{hold}", job_name=REFRESH.name, tags=batch_tags(instance, [customer]) | tags
    )


def run_for(instance: dg.DagsterInstance, request: SyncRequest, kpi_keys: list[dg.AssetKey]) -> dg.RunRequest:
    """Returns the whole way for the request's customer and sources; a second run for it never starts."""
    sources = SOURCES if request.data_source == "combined" else (request.data_source,)
    return dg.RunRequest(
        run_key=request.id,
        job_name=SYNC_AND_REFRESH.name,
        tags={
            **batch_tags(instance, [request.customer]),
            REQUEST_TAG: request.id,
            "kpi/source": ",".join(sources),
            **BY_HAND,
            **AFTER_A_CRASH,
        },
        asset_selection=[*(key for source in sources for key in source_keys(source)), *kpi_keys],
    )
