"""Account matching as an asset."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from kpi_platform.dashboard.database import writes_alone
from kpi_platform.defs.batch import Metadata, StepBatch
from kpi_platform.defs.partitions import BATCH_POLICY, CUSTOMERS, OWNERS
from kpi_platform.defs.requests import match_wishes, note_progress, request_of
from kpi_platform.defs.resources import PlatformParam
from kpi_platform.defs.web_links import link

if TYPE_CHECKING:
    from kpi_platform.pipeline.match import AccountMatch, MatchReport


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
    def matches(context: dg.AssetExecutionContext, platform: PlatformParam) -> Iterator[Any]:
        # Imported when it is used, like the build and the load: their libraries would double the time that
        # the definitions take to load.
        from kpi_platform.pipeline.batch_marts import in_groups
        from kpi_platform.pipeline.match import match_together

        note_progress(context, platform, "matching")
        batch = StepBatch.of(context)
        wishes = match_wishes(request_of(context, platform))
        marts = platform.marts(batch.customers)

        def match_some(customers: Sequence[str]) -> Sequence["MatchReport"]:
            return match_together(
                platform.configuration,
                platform.engine,
                customers,
                batch.as_of,
                marts=marts.get(customers[0]),
                **wishes,
            )

        def about(report: "MatchReport") -> Metadata:
            page = link(platform.configuration, context.asset_key, report.customer)
            return {**match_metadata(report), **page}

        groups = in_groups(marts, batch.customers, alone=writes_alone(platform.engine))
        yield from batch.each(groups, match_some, about)

    return matches


def match_metadata(report: "MatchReport") -> Metadata:
    """Returns the metadata of the materialisation of a customer's matches."""
    counts = {f"decided {name}": rows for name, rows in report.by_decision.items()}
    methods = {f"by {name}": rows for name, rows in report.by_method.items()}
    return {
        "dagster/row_count": report.accounts,
        "changed": report.changed,
        **counts,
        **methods,
        "weakest matches": _table(report.weakest),
        "for review": _table(report.review),
    }


def _table(matches: Sequence["AccountMatch"]) -> dg.TableMetadataValue:
    schema = dg.TableSchema(
        [dg.TableColumn(name, "string") for name in ("source account", "account", "score", "reason")]
    )
    records = [
        dg.TableRecord(
            {
                "source account": match.source_name,
                "account": match.account_name or "",
                "score": f"{match.score:.2f}",
                "reason": match.reason,
            }
        )
        for match in matches
    ]
    return dg.MetadataValue.table(records, schema=schema)
