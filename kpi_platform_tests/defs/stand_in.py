"""The flow's shape with steps that only decide who fails, for tests of the batch itself."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from kpi_platform.defs import partition_events
from kpi_platform.defs.batch import OWN_EVENTS, StepBatch
from kpi_platform.defs.jobs import EXECUTOR
from kpi_platform.defs.partition_events import Checked
from kpi_platform.defs.partitions import BATCH_POLICY, CUSTOMERS

MARTS = [dg.AssetKey("kpi_values"), dg.AssetKey("account_health_score")]
CHECK = "right"
"""Of every mart; the first one passes, the second one fails."""
FAILING = ("c0", "c2")
"""Customers whose rows it is that fail."""
MATCHES, LOAD = dg.AssetKey("account_matches"), dg.AssetKey("dashboard_load")


class Broken(Exception):
    """A surprise, as a step may meet it."""


def stand_in(breaks_build: str = "", breaks_match: str = "") -> dg.Definitions:
    """Customer `breaks_build` fails in the build of the marts, `breaks_match` in the matching."""

    @dg.multi_asset(
        name="kpi_marts",
        specs=[dg.AssetSpec(key, partitions_def=CUSTOMERS) for key in MARTS],
        check_specs=[dg.AssetCheckSpec(CHECK, asset=key) for key in MARTS],
        can_subset=True,
        backfill_policy=BATCH_POLICY,
    )
    def kpi_marts(context: dg.AssetExecutionContext) -> Iterator[Any]:
        batch = StepBatch.of(context)
        for customer in batch.customers:
            if customer == breaks_build:
                batch.lose(customer, "its schema is missing")
            else:
                made = {key: {"as_of": str(batch.as_of)} for key in MARTS}
                batch.keep(customer, made, {"dagster/data_version": "one", "of": "nobody"})
        checks = [
            dg.AssetCheckResult(asset_key=key, check_name=CHECK, passed=key == MARTS[0], metadata={"rows": 1})
            for key in MARTS
        ]
        found = {one: (False, f"wrong in {one}") for one in batch.customers if one in FAILING}
        partition_events.store_checks(context, [Checked(checks[0]), Checked(checks[1], found)])
        yield from batch.finish()

    def work(customers: Sequence[str]) -> Sequence[str]:
        if breaks_match in customers:
            raise Broken("no idea")
        return customers

    def outcome(_customer: str) -> dict[str, Any]:
        return {}

    @dg.asset(key=MATCHES, deps=MARTS, partitions_def=CUSTOMERS, backfill_policy=BATCH_POLICY)
    def account_matches(context: dg.AssetExecutionContext) -> Iterator[Any]:
        batch = StepBatch.of(context)
        yield from batch.each([batch.customers], work, outcome)

    @dg.asset(key=LOAD, deps=[MATCHES], partitions_def=CUSTOMERS, backfill_policy=BATCH_POLICY)
    def dashboard_load(context: dg.AssetExecutionContext) -> Iterator[Any]:
        batch = StepBatch.of(context)
        yield from batch.each([batch.customers], tuple, outcome)

    assets = [kpi_marts, account_matches, dashboard_load]
    return dg.Definitions(
        assets=assets,
        jobs=[
            dg.define_asset_job("refresh", assets, tags=OWN_EVENTS),
            # As Dagster makes it for "Materialize" on the asset graph: without our tags.
            dg.define_asset_job("by_hand", assets),
        ],
        executor=EXECUTOR,
    )
