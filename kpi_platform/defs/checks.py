"""Checks beside the dbt tests: is what Fivetran landed fresh?"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from kpi_platform.dashboard.check_results import Finding, findings_of_suite, record_check_results
from kpi_platform.defs.fivetran import table_key
from kpi_platform.defs.partition_events import Checked, store_checks_of_partitions
from kpi_platform.defs.resources import Platform, PlatformParam
from kpi_platform.defs.sync_alerts import tell_staleness
from kpi_platform.defs.syncs import recorded_syncs
from kpi_platform.domain.due_times import overdue
from kpi_platform.domain.sources import SOURCE_TABLES, SOURCES, Source


def freshness_check(source: Source) -> dg.AssetChecksDefinition:
    """Names the customers whose source has not synced for longer than their settings allow."""
    first = SOURCE_TABLES[source][0].name

    @dg.asset_check(
        asset=table_key(source, first),
        name="synced_lately",
        description="Every customer's newest successful sync is no older than its own frequency and window "
        "allow, nor than alerts.on_stale_hours.",
    )
    def synced_lately(context: dg.AssetCheckExecutionContext, platform: PlatformParam) -> dg.AssetCheckResult:
        stale, behind = late_customers(platform, source, datetime.now(UTC))
        tell_staleness(platform, source, stale, context.run.run_id)
        late = behind | stale
        findings, before = _keep(platform, source, late, context.run.run_id)
        result = dg.AssetCheckResult(
            passed=not late,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(late)} customers are late." if late else "All customers are fresh.",
            metadata={
                "customers": dg.MetadataValue.json(
                    {key: f"since {at.isoformat()}" if at else "never synced" for key, at in late.items()}
                ),
                "older than on_stale_hours": len(stale),
            },
        )
        mended = dict.fromkeys(before, (True, "Synced lately."))
        failed = {customer: (False, text) for customer, text in findings.items()}
        key = dg.AssetCheckKey(table_key(source, first), "synced_lately")
        store_checks_of_partitions(context, key, Checked(result, mended | failed))
        return result

    return synced_lately


def _keep(
    platform: Platform, source: Source, late: Mapping[str, datetime | None], run_id: str
) -> tuple[dict[str, str], list[str]]:
    """Stores each customer's result for the pages. Returns what is said of those that are late, and who was
    late the last time."""
    asset = table_key(source, SOURCE_TABLES[source][0].name).to_user_string()
    results: dict[str, tuple[int, list[Finding]]] = {}
    for customer, of in recorded_syncs(platform.engine):
        if of == source:
            since = late.get(customer)
            when = f"since {since:%Y-%m-%d %H:%M} UTC" if since else "yet"
            text = f"{source} has not been synced successfully {when}."
            found = [Finding("synced_lately", asset, "warn", 0, text)] if customer in late else []
            results[customer] = 1 - len(found), found
    suite = f"freshness_{source}"
    with platform.engine.begin() as database:
        before = findings_of_suite(database, suite, results)
        record_check_results(database, suite, results, run_id=run_id)
    said = {customer: found[0].message for customer, (_, found) in results.items() if found}
    return said, [customer for customer, found in before.items() if found]


def late_customers(
    platform: Platform, source: Source, now: datetime
) -> tuple[dict[str, datetime | None], dict[str, datetime | None]]:
    """Returns the last sync (None: never) of late customers that have the source: first those to alert, then
    those behind their own frequency."""
    recorded = recorded_syncs(platform.engine)
    known = [customer for customer, of in recorded if of == source]
    stale: dict[str, datetime | None] = {}
    behind: dict[str, datetime | None] = {}
    for customer, settings in platform.settings(known).items():
        row = recorded[customer, source]
        if not settings.source(source).enabled or row["first_sync_since"] is not None:
            continue
        succeeded = row["last_succeeded_at"]
        if succeeded is None or now - succeeded > timedelta(hours=settings.alerts.on_stale_hours):
            stale[customer] = succeeded
        if overdue(settings, source, succeeded, now):
            behind[customer] = succeeded
    return stale, behind


FRESHNESS_CHECKS = [freshness_check(source) for source in SOURCES]
