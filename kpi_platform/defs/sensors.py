"""What keeps Dagster in step with the world: customers, Fivetran's syncs, and the refreshes they call for."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.dashboard.customers import list_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.fivetran_events import newest_event_at
from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.fivetran import table_key
from kpi_platform.defs.jobs import REFRESH
from kpi_platform.defs.partitions import CUSTOMERS, CUSTOMERS_NAME
from kpi_platform.defs.resources import Platform, PlatformParam
from kpi_platform.defs.runs import AFTER_A_CRASH, ActiveRun, active_runs
from kpi_platform.defs.sync_alerts import tell_failed_sync
from kpi_platform.defs.syncs import (
    dump_inputs,
    parse_inputs,
    record_connection,
    recorded_inputs,
    recorded_syncs,
    sync_metadata,
    used_inputs,
)
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.kpis import Source
from kpi_platform.domain.landed import column_key
from kpi_platform.domain.refresh import refresh_is_due
from kpi_platform.domain.runs import CUSTOMERS_PER_RUN, in_runs
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCE_TABLES, SOURCES

PROMPT_SECONDS = 5
"""How often is looked at what the dashboard database tells: webhooks, new customers, wishes of people."""

_RUNNING = dg.DefaultSensorStatus.RUNNING


def platform_sensors(interval_seconds: int, settle: timedelta) -> list[dg.SensorDefinition]:
    """Evaluated every `interval_seconds`, or every PROMPT_SECONDS. A finished sync waits `settle` for that of
    the other source."""

    @dg.sensor(
        minimum_interval_seconds=min(interval_seconds, PROMPT_SECONDS),
        default_status=_RUNNING,
        description="Keeps the partitions in step with the customers.",
    )
    def customers_partitions(
        context: dg.SensorEvaluationContext, platform: PlatformParam
    ) -> dg.SensorResult | dg.SkipReason:
        with reading(platform.engine) as database:
            wanted = [customer.key for customer in list_customers(database)]
        present = context.instance.get_dynamic_partitions(CUSTOMERS_NAME)
        new = [key for key in wanted if key not in set(present)]
        gone = [key for key in present if key not in set(wanted)]
        if not (new or gone):
            return dg.SkipReason(f"{len(wanted)} customers, each with its partition.")
        requests: list[Any] = [CUSTOMERS.build_add_request(new)] if new else []
        requests += [CUSTOMERS.build_delete_request(gone)] if gone else []
        return dg.SensorResult(dynamic_partitions_requests=requests)

    @dg.sensor(
        minimum_interval_seconds=min(interval_seconds, PROMPT_SECONDS),
        default_status=_RUNNING,
        description="Notices every finished sync, whoever started it; one request serves all customers. A "
        "webhook of Fivetran's hastens it.",
    )
    def fivetran_syncs(
        context: dg.SensorEvaluationContext, platform: PlatformParam
    ) -> dg.SensorResult | dg.SkipReason:
        partitions = context.instance.get_dynamic_partitions(CUSTOMERS_NAME)
        if not partitions:
            return dg.SkipReason("There are no customers yet.")
        with reading(platform.engine) as database:
            webhook_at = newest_event_at(database)
        now = datetime.now(UTC)
        if not look_is_due(context.cursor, webhook_at, now, timedelta(seconds=interval_seconds)):
            return dg.SkipReason("No webhook has come since the last look.")
        context.update_cursor(now.isoformat())
        api = platform.fivetran.api
        try:
            # The order matters: a run that has ended by the second line has recorded its syncs by the third.
            connections = {connection.id: connection for connection in api.connections()}
            runs = active_runs(context.instance)
            recorded = recorded_syncs(platform.engine)
            events: list[Any] = []
            for customer, settings in platform.settings(partitions).items():
                for source in SOURCES:
                    section = settings.source(source)
                    connection = connections.get(section.connection_id or "")
                    if connection is None or not section.enabled:
                        continue
                    if any(run.syncs(customer, source) for run in runs):
                        context.log.info(f"{customer}: a run of ours is syncing {source}, and records it.")
                        continue
                    events += _notice(platform, api, customer, settings, source, connection, recorded)
        except KpiPlatformError as error:
            return dg.SkipReason(str(error))
        if not events:
            return dg.SkipReason("No sync has ended since.")
        return dg.SensorResult(asset_events=events)

    @dg.sensor(
        job=REFRESH,
        minimum_interval_seconds=interval_seconds,
        default_status=_RUNNING,
        description="Refreshes the KPIs once for every finished sync; once for two that end together.",
    )
    def refresh(
        context: dg.SensorEvaluationContext, platform: PlatformParam
    ) -> dg.SensorResult | dg.SkipReason:
        requested: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        settings = platform.settings(context.instance.get_dynamic_partitions(CUSTOMERS_NAME))
        # The order matters: a run that has ended by the second line has said by the third what it took in.
        inputs = recorded_inputs(platform.engine, settings)
        runs = active_runs(context.instance)
        used = used_inputs(context.instance)
        now = datetime.now(UTC)
        due: dict[str, str] = {}
        for customer, taken in inputs.items():
            newest = used.get(customer, {})
            if _covers(newest, taken):
                requested.pop(customer, None)
                continue
            known = newest | parse_inputs(requested.get(customer, ""))
            if refresh_is_due(settings[customer], taken, known, now, settle) and not _busy(
                runs, customer, taken
            ):
                due[customer] = dump_inputs(taken)
        requested = {customer: text for customer, text in requested.items() if customer in inputs} | due
        if not due:
            return dg.SkipReason("Every finished sync is in the KPIs, or is being taken in.")
        return dg.SensorResult(
            run_requests=list(_refreshes(context.instance, due)), cursor=json.dumps(requested)
        )

    return [customers_partitions, fivetran_syncs, refresh]


def look_is_due(cursor: str | None, webhook_at: datetime | None, now: datetime, interval: timedelta) -> bool:
    """Whether to ask Fivetran now: where the last look (`cursor`, ISO 8601) is an interval ago, or a webhook
    has come since."""
    if not cursor:
        return True
    looked_at = datetime.fromisoformat(cursor)
    return now - looked_at >= interval or (webhook_at is not None and webhook_at > looked_at)


def _notice(
    platform: Platform,
    api: FivetranApi,
    customer: str,
    settings: CustomerSettings,
    source: Source,
    connection: Connection,
    recorded: Mapping[tuple[str, Source], Mapping[str, Any]],
) -> Iterator[dg.AssetMaterialization | dg.AssetObservation]:
    """Records what has changed. Success and failure are watched apart, so that a success with a failure after
    it is not lost."""
    row = recorded.get((customer, source), {})
    if row.get("connection_id") not in (None, connection.id):
        row = {}
    succeeded = _later(connection.succeeded_at, row.get("last_succeeded_at"))
    failed = _later(connection.failed_at, row.get("last_failed_at"))
    if not (succeeded or failed or connection.sync_state != row.get("sync_state")):
        return
    tables = _synced_tables(api, source, connection) if succeeded or failed else []
    about = sync_metadata(connection)
    with platform.engine.begin() as database:
        attempted = connection.completed_at if succeeded or failed else None
        record_connection(database, customer, source, connection, attempted_at=attempted)
    reasons = "; ".join(connection.tasks) or "Fivetran gives no reason."
    if failed and not (succeeded and _later(connection.succeeded_at, connection.failed_at)):
        tell_failed_sync(platform, customer, settings, source, reasons)
    for table in tables:
        key = table_key(source, table)
        if succeeded:
            yield dg.AssetMaterialization(key, partition=customer, metadata=about)
        if failed:
            yield dg.AssetObservation(
                key, partition=customer, metadata=about | {"sync failed because": reasons}
            )


def _later(moment: datetime | None, known: datetime | None) -> bool:
    return moment is not None and (known is None or moment > known)


def _synced_tables(api: FivetranApi, source: Source, connection: Connection) -> list[str]:
    """Our tables that the connection's schema configuration has switched on."""
    enabled = {
        column_key(str(table.get("name_in_destination") or name))
        for schema in api.schemas(connection.id).values()
        if schema.get("enabled", True)
        for name, table in (schema.get("tables") or {}).items()
        if table.get("enabled", True)
    }
    return [table.name for table in SOURCE_TABLES[source] if column_key(table.name) in enabled]


def _covers(newest: Mapping[Source, datetime], taken: Mapping[Source, datetime]) -> bool:
    return all(source in newest and newest[source] >= at for source, at in taken.items())


def _busy(runs: list[ActiveRun], customer: str, taken: Mapping[Source, datetime]) -> bool:
    """Whether a run computes the customer's KPIs now, or a run of ours still syncs one of its sources: then
    the refresh comes after it."""

    def syncs_still(run: ActiveRun) -> bool:
        began = run.started_at
        return any(began is None or source not in taken or taken[source] < began for source in run.sources)

    return any(run.refreshes or syncs_still(run) for run in runs if customer in run.customers)


def _refreshes(instance: dg.DagsterInstance, due: Mapping[str, str]) -> Iterator[dg.RunRequest]:
    for chunk in in_runs(sorted(due), CUSTOMERS_PER_RUN):
        inputs = "\n".join(f"{customer} {due[customer]}" for customer in chunk)
        yield dg.RunRequest(
            run_key=hashlib.sha256(inputs.encode()).hexdigest()[:32],
            tags=batch_tags(instance, chunk) | {"kpi/trigger": "sync", **AFTER_A_CRASH},
        )
