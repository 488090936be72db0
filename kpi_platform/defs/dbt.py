"""The dbt marts as assets: one build for all customers of a run."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_shared.record import replace

from kpi_platform.adapters.dbt import project_directory
from kpi_platform.adapters.dbt_results import data_test_of
from kpi_platform.defs.batch import STRICT_TAG, Metadata, StepBatch
from kpi_platform.defs.kpi_checks import record_checks
from kpi_platform.defs.overlap import wait_for_others
from kpi_platform.defs.partitions import BATCH_POLICY, CUSTOMERS, OWNERS
from kpi_platform.defs.requests import build_wishes, note_progress, request_of
from kpi_platform.defs.resources import PlatformParam
from kpi_platform.defs.syncs import INPUTS, dump_inputs, inputs_of, recorded_ends
from kpi_platform.defs.web_links import link
from kpi_platform.tracing import traced

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

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        spec: dg.AssetCheckSpec | None = super().get_asset_check_spec(
            asset_spec, manifest, unique_id, project
        )
        rule = data_test_of(manifest["nodes"][unique_id]).rule
        # What a test reads besides is no asset: Dagster would show an empty one of its name.
        return replace(spec, blocking=False, description=rule, additional_deps=[]) if spec else None


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
        # Read before the build: what is synced while it runs is perhaps not in it.
        ends = recorded_ends(platform.engine)
        with traced("kpi_marts", context.run.run_id, customers):
            report = build_kpis(
                platform.configuration,
                platform.engine,
                customers,
                batch.as_of,
                run_id=context.run.run_id,
                strict=context.run.tags.get(STRICT_TAG) == "true",
                mapping_overrides=build_wishes(request_of(context, platform)),
                on_progress=lambda node: context.log.debug(
                    f"{node.done}/{node.total} {node.node}: {node.status}"
                ),
            )
        platform.marts_read = report.marts
        inputs = inputs_of(report.settings, ends)
        for customer, error in report.failed.items():
            batch.lose(customer, error)
        for customer, rows in report.built.items():
            made: dict[dg.AssetKey, Metadata] = {
                key: {
                    "dagster/row_count": rows[key.path[-1]],
                    **link(platform.configuration, key, customer),
                }
                for key in context.selected_asset_keys
                if key.path[-1] in rows
            }
            batch.keep(customer, made, {INPUTS: dump_inputs(inputs.get(customer, {}), batch.takes_in_until)})
        record_checks(context, platform, report)
        yield from batch.finish()

    return marts
