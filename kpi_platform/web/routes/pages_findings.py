"""The finding of one check with the rows concerned, to which the status page and alerts lead."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from kpi_platform.dashboard.check_results import check_results
from kpi_platform.dashboard.matches import accounts_of_sources
from kpi_platform.domain.errors import NotFound
from kpi_platform.web.dependencies import ConfigurationDep, ConnectionDep, CustomerDep
from kpi_platform.web.page import CustomerPageDep

router = APIRouter(include_in_schema=False)

Name = Annotated[str, Path(max_length=300)]


@router.get("/status/checks/{suite}/{check}")
def show_finding(
    suite: Name,
    check: Name,
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
) -> HTMLResponse:
    """Shows the finding and some of its rows, those of accounts with links to them."""
    for results in check_results(connection, customer):
        for finding in results.findings:
            if (results.suite, finding.check) == (suite, check):
                accounts = accounts_of_sources(connection, customer, _accounts(finding.rows))
                return page.show(
                    "finding.html",
                    results=results,
                    finding=finding,
                    heads=list(dict.fromkeys(name for row in finding.rows for name in row)),
                    accounts=accounts,
                    run_url=configuration.run_url(results.run_id),
                    checks_url=configuration.checks_url(finding.asset),
                )
    raise NotFound(
        f"The check '{check}' has found nothing of customer '{customer}', or nothing any more.",
        next_step="The status page lists what the newest checks found.",
    )


def _accounts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(row["account_id"]) for row in rows if row.get("account_id")]
