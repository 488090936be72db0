"""Asset checks of the loads of a batch: for Dagster by check, for the pages by customer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from kpi_platform.dashboard.check_results import Finding, Outcome, findings_of_suite, record_check_results
from kpi_platform.dashboard.load_holds import HELD
from kpi_platform.defs.partition_events import Checked
from kpi_platform.defs.resources import Platform
from kpi_platform.domain.alerts import Alert
from kpi_platform.domain.errors import LoadHeld
from kpi_platform.pipeline.alerts import tell

if TYPE_CHECKING:
    from kpi_platform.pipeline.load import LoadReport

LOAD = dg.AssetKey("dashboard_load")

LOAD_CHECKS = [
    dg.AssetCheckSpec(
        "no_harm",
        asset=LOAD,
        blocking=True,
        description="Not most of the accounts, nor of the values of a source, are gone. A load that fails "
        "this is held, until somebody releases it or a later one passes.",
    ),
    dg.AssetCheckSpec(
        "accounts_reconcile",
        asset=LOAD,
        description="Source accounts = matched + created + skipped + in review.",
    ),
    dg.AssetCheckSpec(
        "row_counts",
        asset=LOAD,
        description="About as many accounts and values as in the ten loads before.",
    ),
    dg.AssetCheckSpec(
        "value_jumps",
        asset=LOAD,
        description="No KPI's median is three times that of the load before, or a third of it.",
    ),
]


@dataclass(slots=True)
class LoadChecks:
    """Fills up while the customers of a batch are loaded."""

    findings: dict[str, list[Finding]] = field(default_factory=dict)
    accounts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("source", "matched", "created", "skipped", "in review"), 0)
    )

    def loaded(self, report: "LoadReport") -> None:
        self.findings[report.customer] = [_finding(one.check, "warn", one.text) for one in report.anomalies]
        numbers = (
            report.source_accounts,
            report.accounts_matched,
            report.accounts_created,
            report.accounts_skipped,
            report.sent_to_review,
        )
        for name, number in zip(self.accounts, numbers, strict=True):
            self.accounts[name] += number

    def held(self, platform: Platform, error: LoadHeld, run_id: str) -> None:
        """Records that a load is held, and alerts the recipients that the customer's settings name, once for
        as long as it is held."""
        customer = error.details["customer"]
        self.findings[customer] = [_finding("no_harm", "fail", one) for one in error.details["reasons"]]
        settings = platform.settings([customer]).get(customer)
        if settings is not None and error.details["recorded"]:
            page = platform.configuration.page("uploads", customer)
            now = datetime.now(UTC)
            alert = Alert("load_held", customer, HELD, error.message, now, error.next_step, page, run_id)
            tell(platform.configuration, platform.engine, settings, alert)

    def results(self) -> Iterator[dg.AssetCheckResult]:
        """Yields one result a check, for all customers of the batch."""
        for spec in LOAD_CHECKS:
            found = {
                customer: " ".join(one.message for one in findings if one.check == spec.name)
                for customer, findings in self.findings.items()
                if any(one.check == spec.name for one in findings)
            }
            numbers = self.accounts if spec.name == "accounts_reconcile" else {}
            yield dg.AssetCheckResult(
                asset_key=LOAD,
                check_name=spec.name,
                passed=not found,
                severity=dg.AssetCheckSeverity.ERROR if spec.blocking else dg.AssetCheckSeverity.WARN,
                metadata={"customers": dg.MetadataValue.json(found), **numbers},
            )

    def by_customer(self, before: Mapping[str, Sequence[Finding]]) -> Iterator[Checked]:
        """Yields the results with those of each customer that fails, or failed `before`."""
        for result, spec in zip(self.results(), LOAD_CHECKS, strict=True):
            failed = {
                customer: (False, " ".join(one.message for one in findings if one.check == spec.name))
                for customer, findings in self.findings.items()
                if any(one.check == spec.name for one in findings)
            }
            mended = [
                customer
                for customer, findings in before.items()
                if customer in self.findings and any(one.check == spec.name for one in findings)
            ]
            yield Checked(result, dict.fromkeys(mended, (True, spec.description or "")) | failed)

    def record(self, platform: Platform, run_id: str) -> Mapping[str, Sequence[Finding]]:
        """Stores each customer's results for the pages. Returns what the loads before had found."""
        results = {
            customer: (len(LOAD_CHECKS) - len({one.check for one in findings}), findings)
            for customer, findings in self.findings.items()
        }
        with platform.engine.begin() as database:
            before = findings_of_suite(database, "load", self.findings)
            record_check_results(database, "load", results, run_id=run_id)
        return before


def _finding(check: str, outcome: Outcome, message: str) -> Finding:
    return Finding(check, LOAD.to_user_string(), outcome, 0, message)
