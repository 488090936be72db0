"""The newest results of a customer's checks, as pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.check_results import CheckResults, Finding, check_results
from kpi_platform.domain.sources import SOURCE_SYSTEMS
from kpi_platform.web.formats import words

SUITES: Mapping[str, str] = {
    "kpis": "KPI tables",
    "load": "Dashboard load",
    **{f"freshness_{system.name}": f"{system.title} freshness" for system in SOURCE_SYSTEMS.values()},
}
"""Names of the suites of checks for people."""


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """The finding of a check, and the page with the rows concerned: `link` says what that page shows."""

    finding: Finding
    path: str

    @property
    def link(self) -> str:
        if not self.finding.rows:
            return "Details"
        accounts = {row["account_id"] for row in self.finding.rows if row.get("account_id")}
        if not accounts or self.finding.failures > len(self.finding.rows):
            return "Show some of the accounts" if accounts else "Show the rows"
        return "Show the account" if len(accounts) == 1 else f"Show the {len(accounts)} accounts"


@dataclass(frozen=True, slots=True)
class ShownChecks:
    """The newest outcome of a suite of checks."""

    name: str
    results: CheckResults
    run_url: str | None

    @property
    def serious(self) -> bool:
        """Whether something is more than a warning."""
        return any(finding.outcome != "warn" for finding in self.results.findings)

    @property
    def findings(self) -> list[ShownFinding]:
        suite = quote(self.results.suite, safe="")
        return [
            ShownFinding(one, f"/status/checks/{suite}/{quote(one.check, safe='')}")
            for one in self.results.findings
        ]


def shown_checks(
    configuration: Configuration, connection: sa.Connection, customer: str, *, run_id: str | None = None
) -> list[ShownChecks]:
    """Returns the customer's newest results, one a suite; with `run_id` those alone that this run found."""
    return [
        ShownChecks(SUITES.get(one.suite, words(one.suite)), one, configuration.run_url(one.run_id))
        for one in check_results(connection, customer)
        if run_id is None or one.run_id == run_id
    ]
