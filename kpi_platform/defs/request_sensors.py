"""Sensors that start a run for every queued sync request, and update the request when its run has ended."""

from collections.abc import Iterator

import dagster as dg

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.load_holds import released_holds
from kpi_platform.dashboard.sync_requests import SyncRequest, queued_sync_requests
from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.dagster_insides import WILL_RETRY_TAG
from kpi_platform.defs.fivetran import source_keys
from kpi_platform.defs.jobs import REFRESH, SYNC_AND_REFRESH
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.requests import REQUEST_TAG, finish
from kpi_platform.defs.resources import PlatformParam
from kpi_platform.defs.runs import AFTER_A_CRASH
from kpi_platform.defs.sensors import PROMPT_SECONDS
from kpi_platform.domain.sources import SOURCES

BY_HAND = {"dagster/priority": "10"}
"""Run tags of a run that a person waits for: it comes before scheduled ones."""

ENDINGS = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def request_sensors(interval_seconds: int, kpi_keys: list[dg.AssetKey]) -> list[dg.SensorDefinition]:
    """Returns the sensors that start runs, every PROMPT_SECONDS, and one for each way in which they end.
    `kpi_keys` are the assets that come after a sync."""

    @dg.sensor(
        job=SYNC_AND_REFRESH,
        minimum_interval_seconds=min(interval_seconds, PROMPT_SECONDS),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run for each sync that somebody has asked for on the web page or by the API.",
    )
    def sync_requests(
        context: dg.SensorEvaluationContext, platform: PlatformParam
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
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
                "kpi/trigger": "release", **BY_HAND, **AFTER_A_CRASH,
            }  # fmt: skip
            yield dg.RunRequest(run_key=f"release-{hold.id}", tags=tags)

    def ending(status: dg.DagsterRunStatus) -> dg.SensorDefinition:
        @dg.run_status_sensor(
            name=f"sync_request_{status.value.lower()}",
            run_status=status,
            monitored_jobs=[SYNC_AND_REFRESH],
            minimum_interval_seconds=interval_seconds,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Updates a sync request when its run has ended.",
        )
        def sync_request_ended(context: dg.RunStatusSensorContext, platform: PlatformParam) -> None:
            run = context.dagster_run
            request_id = run.tags.get(REQUEST_TAG)
            if request_id is None or run.tags.get(WILL_RETRY_TAG) == "true":
                return
            if status == dg.DagsterRunStatus.SUCCESS:
                finish(platform, request_id, "done", {"errors": []}, run.run_id)
            else:
                finish(platform, request_id, "failed", {"errors": why_failed(context)}, run.run_id)

        return sync_request_ended

    return [sync_requests, released_loads, *map(ending, ENDINGS)]


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


def why_failed(context: dg.RunStatusSensorContext) -> list[str]:
    """Returns the errors of the run's failed steps, in plain words."""
    records = context.instance.get_records_for_run(
        context.dagster_run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records
    reasons: list[str] = []
    for record in records:
        event = record.event_log_entry.dagster_event
        failure = event.step_failure_data.user_failure_data if event else None
        if failure is not None and failure.metadata:
            reasons += [str(value.value) for value in failure.metadata.values()]
        elif event is not None and event.step_failure_data.error:
            reasons.append(event.step_failure_data.error.message.strip().splitlines()[0])
    if not reasons and context.dagster_run.status == dg.DagsterRunStatus.CANCELED:
        return ["The run was cancelled."]
    return reasons or ["The run failed before its first step; see the run in Dagster."]
