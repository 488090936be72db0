"""The dbt marts as assets: one build for all customers of a run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_shared.record import replace

from kpi_platform.adapters.dbt import project_directory
from kpi_platform.dashboard.check_results import Finding, Outcome, record_check_results
from kpi_platform.defs import partition_events
from kpi_platform.defs.batch import StepBatch
from kpi_platform.defs.overlap import wait_for_others
from kpi_platform.defs.partitions import BATCH_POLICY, CUSTOMERS, OWNERS
from kpi_platform.defs.requests import build_wishes, note_progress, request_of
from kpi_platform.defs.resources import Platform, PlatformParam
from kpi_platform.defs.syncs import INPUTS, dump_inputs, recorded_inputs
from kpi_platform.tracing import traced

if TYPE_CHECKING:
    from kpi_platform.pipeline.build import BuildReport
    from kpi_platform.pipeline.checks import Check

DESTINATION_POOL = "destination"


class KpiTranslator(DagsterDbtTranslator):
    """Marts are partitioned by customer. Their tests do not hold back what comes after: the build itself
    decides which customer fails."""

    def get_partitions_def(
        self,
        dbt_resource_props: Mapping[str, Any],  # noqa: ARG002
    ) -> dg.PartitionsDefinition[str] | None:
        return CUSTOMERS

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        source = dbt_resource_props["resource_type"] == "source"
        return str(dbt_resource_props["source_name"]) if source else "kpis"

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:  # noqa: ARG002
        return OWNERS

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """Adds the columns that each column is computed from (docs/decisions/0001)."""
        metadata: Mapping[str, Any] = super().get_metadata(dbt_resource_props)
        columns = _column_lineage().get(dbt_resource_props["name"])
        if columns is None:
            return metadata
        read = {
            column: [
                dg.TableColumnDep(dg.AssetKey.from_user_string(asset), name)
                for asset, names in read_of.items()
                for name in names
            ]
            for column, read_of in columns.items()
        }
        return {**metadata, "dagster/column_lineage": dg.TableColumnLineage(read)}

    def get_asset_check_spec(self, *args: Any, **kwargs: Any) -> dg.AssetCheckSpec | None:
        spec: dg.AssetCheckSpec | None = super().get_asset_check_spec(*args, **kwargs)
        return replace(spec, blocking=False) if spec else None


@cache
def _column_lineage() -> Mapping[str, Mapping[str, Mapping[str, list[str]]]]:
    """Mart → column → asset → those of its columns that the column is computed from."""
    text = (project_directory() / "column_lineage.json").read_text(encoding="utf-8")
    return cast("Mapping[str, Mapping[str, Mapping[str, list[str]]]]", json.loads(text))


def kpi_marts(manifest: Path) -> dg.AssetsDefinition:
    """Returns all marts of the dbt project whose manifest this is."""

    @dbt_assets(
        name="kpi_marts",
        manifest=manifest,
        dagster_dbt_translator=KpiTranslator(),
        backfill_policy=BATCH_POLICY,
        pool=DESTINATION_POOL,
    )
    def marts(context: dg.AssetExecutionContext, platform: PlatformParam) -> Iterator[Any]:
        from kpi_platform.pipeline.build import build_kpis

        note_progress(context, platform, "transforming")
        batch = StepBatch.of(context)
        wait_for_others(context, batch)
        customers = [customer for customer in batch.customers if customer not in batch.failed]
        inputs = recorded_inputs(platform.engine, platform.settings(customers))
        with traced("kpi_marts", context.run.run_id, customers):
            report = build_kpis(
                platform.configuration,
                platform.engine,
                customers,
                batch.as_of,
                run_id=context.run.run_id,
                mapping_overrides=build_wishes(request_of(context, platform)),
                on_progress=lambda node: context.log.debug(
                    f"{node.done}/{node.total} {node.node}: {node.status}"
                ),
            )
        platform.marts_read = report.marts
        for customer, error in report.failed.items():
            batch.lose(customer, error)
        for customer, rows in report.built.items():
            made = {
                key: {"dagster/row_count": rows[key.path[-1]]}
                for key in context.selected_asset_keys
                if key.path[-1] in rows
            }
            batch.keep(customer, made, {INPUTS: dump_inputs(inputs.get(customer, {}), batch.takes_in_until)})
        partition_events.store_checks(context, list(check_results(context, report.checks)))
        keep_check_results(platform, report, context.run.run_id)
        yield from batch.finish()

    return marts


_OUTCOMES: Mapping[str, Outcome] = {"warn": "warn", "fail": "fail"}


def keep_check_results(platform: Platform, report: "BuildReport", run_id: str) -> None:
    """Stores each customer's results for the pages. A check whose rows name no customer is everybody's."""
    ran = [check for check in report.checks if check.status != "skipped"]
    customers = [*report.built, *(key for key in report.failed if any(key in one.customers for one in ran))]
    results = {}
    for customer in customers:
        findings = [
            Finding(check.node, check.model, _OUTCOMES.get(check.status, "error"), 0, _finding_text(check))
            for check in ran
            if check.status != "pass" and (customer in check.customers or not check.customers)
        ]
        results[customer] = len(ran) - len(findings), findings
    with platform.engine.begin() as database:
        record_check_results(database, "kpis", results, run_id=run_id)


def _finding_text(check: "Check") -> str:
    place = f"{check.model}.{check.column}" if check.column else check.model
    if check.status == "error":
        return f"The check of {place} could not run."
    return f"Some rows of {place} do not pass."


def check_results(
    context: dg.AssetExecutionContext, checks: Sequence["Check"]
) -> Iterator[dg.AssetCheckResult]:
    """Yields the dbt tests as results of the asset checks that are made of them."""
    specs = {key.name: key for key in context.selected_asset_check_keys}
    for check in checks:
        if check.node in specs and check.status != "skipped":
            key = specs[check.node]
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=check.status == "pass",
                severity=dg.AssetCheckSeverity.WARN
                if check.severity == "warn"
                else dg.AssetCheckSeverity.ERROR,
                description=check.message,
                metadata={"failing rows": check.failures, "customers": ", ".join(check.customers)},
            )
