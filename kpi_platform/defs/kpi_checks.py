"""The outcome of a build's data tests: for Dagster by check and failing customer, for pages and alerts by
customer."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from kpi_platform.dashboard.check_results import Finding, Outcome, findings_of_suite, record_check_results
from kpi_platform.defs import partition_events
from kpi_platform.defs.partition_events import Checked
from kpi_platform.defs.resources import Platform
from kpi_platform.pipeline.check_alerts import tell_findings

if TYPE_CHECKING:
    from kpi_platform.pipeline.build import BuildReport
    from kpi_platform.pipeline.checks import Check

SUITE = "kpis"
_OUTCOMES: Mapping[str, Outcome] = {"warn": "warn", "fail": "fail"}
_CUSTOMERS_NAMED = 10
_ROWS_KEPT = 50


def record_checks(context: dg.AssetExecutionContext, platform: Platform, report: "BuildReport") -> None:
    """Stores the outcome of each data test of the build of the running step, and sends the alerts."""
    ran = [check for check in report.checks if check.status != "skipped"]
    customers = sorted({customer for check in ran for customer in check.tested})
    found = {
        customer: [_finding(check, customer) for check in ran if check.concerns(customer)]
        for customer in customers
    }
    run_id = context.run.run_id
    with platform.engine.begin() as database:
        before = findings_of_suite(database, SUITE, customers)
        passed = {
            customer: sum(customer in check.tested for check in ran) - len(findings)
            for customer, findings in found.items()
        }
        results = {customer: (passed[customer], findings) for customer, findings in found.items()}
        record_check_results(database, SUITE, results, run_id=run_id)
    partition_events.store_checks(context, list(_as_asset_checks(context, ran, before)))
    tell_findings(platform.configuration, platform.engine, found, platform.settings, run_id)


def _finding(check: "Check", customer: str) -> Finding:
    failing = check.failing.get(customer, ())
    rows = [row for one in failing for row in one.rows]
    return Finding(
        check=check.node,
        asset=check.model,
        outcome=_OUTCOMES.get(check.status, "error"),
        failures=sum(one.count for one in failing),
        message=check.words(customer),
        rows=rows[:_ROWS_KEPT],
    )


def _as_asset_checks(
    context: dg.AssetExecutionContext, ran: Sequence["Check"], before: Mapping[str, Sequence[Finding]]
) -> Iterator[Checked]:
    """The tests as results of the asset checks that are made of them; one for all destinations of the run."""
    specs = {key.name: key for key in context.selected_asset_check_keys}
    by_name: dict[str, list[Check]] = defaultdict(list)
    for check in ran:
        if check.node in specs:
            by_name[check.node].append(check)
    for name, checks in by_name.items():
        failed_before = {customer for customer, of in before.items() if name in {one.check for one in of}}
        yield _as_asset_check(specs[name], checks, failed_before)


def _as_asset_check(
    key: dg.AssetCheckKey, checks: Sequence["Check"], failed_before: Collection[str]
) -> Checked:
    """The outcome as a whole, and that of each customer that fails, or failed the last time."""
    words = {one: check.words(one) for check in checks for one in check.tested if check.concerns(one)}
    rule = checks[0].test.rule
    errors = [check.message for check in checks if check.status == "error" and check.message]
    result = dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=all(check.status == "pass" for check in checks),
        severity=dg.AssetCheckSeverity.WARN if checks[0].severity == "warn" else dg.AssetCheckSeverity.ERROR,
        description=_summary(list(words.values())) or rule,
        metadata={
            "failing rows": sum(one.count for check in checks for of in check.failing.values() for one in of),
            "customers": ", ".join(words),
            **({"error": errors[0]} if errors else {}),
        },
    )
    passed = dict.fromkeys(failed_before, (True, rule))
    failed = {customer: (False, text) for customer, text in words.items()}
    return Checked(result, passed | failed)


def _summary(found: Sequence[str]) -> str:
    more = len(found) - _CUSTOMERS_NAMED
    return "\n".join([*found[:_CUSTOMERS_NAMED], *([f"And {more:,} more customers."] if more > 0 else [])])
