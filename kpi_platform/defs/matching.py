"""Account matching as an asset."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from kpi_platform.defs.batch import Batch, Metadata
from kpi_platform.defs.partitions import BATCH_POLICY, CUSTOMERS, OWNERS
from kpi_platform.defs.requests import note_progress
from kpi_platform.defs.resources import Platform


def account_matches(accounts: dg.AssetKey) -> dg.AssetsDefinition:
    """Matches made from the mart `accounts`."""

    @dg.asset(
        name="account_matches",
        deps=[accounts],
        partitions_def=CUSTOMERS,
        group_name="dashboard",
        kinds={"python"},
        owners=OWNERS,
        backfill_policy=BATCH_POLICY,
        description="Which account of the dashboard each account of the sources is, or why none.",
    )
    def matches(context: dg.AssetExecutionContext, platform: Platform) -> Iterator[Any]:
        note_progress(context, platform, "matching")
        batch = Batch.of(context)

        from kpi_platform.pipeline.match import match_accounts

        def match(customer: str) -> Metadata:
            report = match_accounts(platform.configuration(), platform.engine(), customer, batch.as_of)
            return {"report": dg.MetadataValue.md(str(report))}

        yield from batch.each(match)

    return matches
