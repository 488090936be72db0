"""Sensors that keep Dagster in step with the world: Fivetran's syncs, and the refreshes that follow."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.fivetran_account import fivetran_account
from kpi_platform.dashboard.fivetran_events import newest_event_at
from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.jobs import REFRESH
from kpi_platform.defs.look import Look, list_connections
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.requests import TRIGGER_TAG
from kpi_platform.defs.resources import PlatformParam
from kpi_platform.defs.runs import AFTER_A_CRASH, ActiveRun, active_runs
from kpi_platform.defs.syncs import (
    dump_inputs,
    parse_inputs,
    recorded_inputs,
    recorded_syncs,
    used_inputs,
)
from kpi_platform.domain.fivetran_budget import look_interval
from kpi_platform.domain.refresh import refresh_is_due
from kpi_platform.domain.runs import CUSTOMERS_PER_RUN, in_runs
from kpi_platform.domain.sources import SOURCES, Source

PROMPT_SECONDS = 5
"""Seconds between two looks for what people have asked for. Each look of a sensor takes 40 ms of the
processor, in Dagster's daemon and in the code location together."""

WEBHOOK_SECONDS = 15
"""Seconds between two looks for webhooks."""

_RUNNING = dg.DefaultSensorStatus.RUNNING


def platform_sensors(interval_seconds: int, settle: timedelta) -> list[dg.SensorDefinition]:
    """Returns the sensors that are evaluated every `interval_seconds`, or every WEBHOOK_SECONDS. A finished
    sync waits `settle` for that of the other source."""

    @dg.sensor(
        minimum_interval_seconds=min(interval_seconds, WEBHOOK_SECONDS),
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
            webhook_at, account = newest_event_at(database), fivetran_account(database)
        now = datetime.now(UTC)
        if account.is_blocked(now):
            return dg.SkipReason(f"Fivetran's rate limit is used up until {account.blocked_until}.")
        interval = timedelta(seconds=interval_seconds)
        limit = account.limit(platform.configuration.fivetran_calls_per_hour)
        if not look_is_due(context.cursor, webhook_at, now, interval, limit):
            return dg.SkipReason("No webhook has come since the last look.")
        # The order matters: a run that has ended by the second line has recorded its syncs by the third.
        connections, error = list_connections(platform)
        runs = active_runs(context.instance)
        recorded = recorded_syncs(platform.engine)
        if error is not None and not connections:
            # A tick that fails has used its calls as well.
            context.update_cursor(now.isoformat())
            return dg.SkipReason(str(error))
        look = Look(platform, connections, recorded, error)
        for customer, settings in platform.settings(partitions).items():
            for source in SOURCES:
                if any(run.syncs(customer, source) for run in runs):
                    context.log.info(f"{customer}: a run of ours is syncing {source}, and records it.")
                elif not look.notice(customer, settings, source):
                    context.log.warning(f"{customer}: {source} waits for the next look.")
        for problem in look.problems:
            context.log.warning(problem)
        if look.is_complete:
            context.update_cursor(now.isoformat())
        if not look.events:
            return dg.SkipReason("; ".join(look.problems) or "No sync has ended since.")
        return dg.SensorResult(asset_events=look.events)

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

    return [fivetran_syncs, refresh]


def look_is_due(
    cursor: str | None, webhook_at: datetime | None, now: datetime, interval: timedelta, limit: int
) -> bool:
    """Whether to ask Fivetran now: if the last look (`cursor`, ISO 8601) is an interval ago, or a webhook has
    come since. Never takes more than its share of the `limit` of calls an hour."""
    if not cursor:
        return True
    looked_at = datetime.fromisoformat(cursor)
    hastened = webhook_at is not None and webhook_at > looked_at
    waited, wanted = now - looked_at, look_interval(limit, timedelta() if hastened else interval)
    # A clock that ran ahead when it was looked last must not end the looks until it is overtaken.
    return not timedelta() <= waited < wanted


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
            tags=batch_tags(instance, chunk) | {TRIGGER_TAG: "sync", **AFTER_A_CRASH},
        )
