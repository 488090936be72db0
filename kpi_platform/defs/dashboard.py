"""The dashboard load as an asset: the last of the flow."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from kpi_platform.dashboard.database import writes_alone
from kpi_platform.defs.batch import Metadata, StepBatch
from kpi_platform.defs.load_checks import LOAD_CHECKS, LoadChecks
from kpi_platform.defs.partition_events import store_checks
from kpi_platform.defs.partitions import BATCH_POLICY, CUSTOMERS, OWNERS
from kpi_platform.defs.requests import finish, load_results, load_wishes, note_progress, request_of
from kpi_platform.defs.resources import PlatformParam
from kpi_platform.domain.errors import LoadHeld

if TYPE_CHECKING:
    from kpi_platform.pipeline.load import LoadReport

UPLOAD_VERSION = "upload version"


def dashboard_load(*upstream: dg.AssetKey) -> dg.AssetsDefinition:
    """Returns the asset that loads what the `upstream` assets hold."""

    @dg.asset(
        name="dashboard_load",
        deps=upstream,
        partitions_def=CUSTOMERS,
        group_name="dashboard",
        kinds={"python", "sql"},
        owners=OWNERS,
        backfill_policy=BATCH_POLICY,
        check_specs=LOAD_CHECKS,
        description="The customer's KPI values in the dashboard: one upload, one transaction, one version.",
    )
    def load(context: dg.AssetExecutionContext, platform: PlatformParam) -> Iterator[Any]:
        from kpi_platform.pipeline.batch_marts import in_groups
        from kpi_platform.pipeline.load import load_together
        from kpi_platform.pipeline.threshold_alerts import tell_crossings

        note_progress(context, platform, "loading")
        batch = StepBatch.of(context)
        request = request_of(context, platform)
        wishes = load_wishes(request)
        checks = LoadChecks()
        marts = platform.marts(batch.customers)

        def load_some(customers: Sequence[str]) -> "Sequence[LoadReport | LoadHeld]":
            return load_together(
                platform.configuration,
                platform.engine,
                customers,
                batch.as_of,
                run_id=context.run.run_id,
                marts=marts.get(customers[0]),
                **wishes,
            )

        def tell(report: "LoadReport | LoadHeld") -> Metadata:
            if isinstance(report, LoadHeld):
                checks.held(platform, report, context.run.run_id)
                raise report
            checks.loaded(report)
            if report.kpis_updated and not report.dry_run:
                tell_crossings(platform.configuration, platform.engine, report, context.run.run_id)
            if request is not None:
                finish(platform, request.id, "done", load_results(report), context.run.run_id)
            return load_metadata(report, platform.configuration.get("KPI_WEB_URL"))

        def results() -> Iterator[dg.AssetCheckResult]:
            before = checks.record(platform, context.run.run_id)
            store_checks(context, list(checks.by_customer(before)), with_wholes=False)
            yield from checks.results()

        groups = in_groups(marts, batch.customers, alone=writes_alone(platform.engine))
        yield from batch.each(groups, load_some, tell, results)

    return load


def load_metadata(report: "LoadReport", web_url: str | None) -> dict[str, Any]:
    """Returns the metadata of a load's materialisation: version, counts as a table, notes, and where to
    look."""
    schema = dg.TableSchema([dg.TableColumn("what", "string"), dg.TableColumn("rows", "int")])
    records = [
        dg.TableRecord({"what": name.replace("_", " "), "rows": value})
        for name, value in report.counts.items()
    ]
    metadata: dict[str, Any] = {
        UPLOAD_VERSION: report.version,
        "as_of": dg.MetadataValue.timestamp(report.as_of),
        "counts": dg.MetadataValue.table(records, schema=schema),
        "dagster/row_count": report.kpis_synced + report.kpis_unchanged,
        "source accounts": report.source_accounts,
        "unusual": dg.MetadataValue.md("\n".join(f"- {one.text}" for one in report.anomalies) or "nothing"),
        "notes": dg.MetadataValue.md("\n".join(f"- {note}" for note in report.errors) or "none"),
    }
    if web_url:
        metadata["accounts"] = dg.MetadataValue.url(f"{web_url}/accounts?customer={report.customer}")
        metadata["uploads"] = dg.MetadataValue.url(f"{web_url}/uploads?customer={report.customer}")
    return metadata
