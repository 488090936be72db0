"""Page 6: how fresh each customer's data is, what comes next, and what is wrong."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.account_counts import account_counts
from kpi_platform.dashboard.alerts import StoredAlert, open_alerts
from kpi_platform.dashboard.customers import StoredCustomer, list_customers
from kpi_platform.dashboard.source_states import source_states
from kpi_platform.dashboard.sync_requests import SyncRequest, sync_requests
from kpi_platform.dashboard.uploads import Upload, list_uploads
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.sync_times import SyncTimes, sync_times
from kpi_platform.web.dependencies import ConfigurationDep, ConnectionDep, CurrentPrincipal
from kpi_platform.web.page import PageDep
from kpi_platform.web.routes.pages_webhook import fivetran_card
from kpi_platform.web.shown_checks import ShownChecks, shown_checks
from kpi_platform.web.source_status import SourceStatus, source_status

router = APIRouter(include_in_schema=False)

_LIMIT = 50


@dataclass(frozen=True, slots=True)
class CustomerStatus:
    """State of one customer as the page shows it. `left_out` says which accounts do not count."""

    customer: StoredCustomer
    sources: list[SourceStatus]
    times: SyncTimes
    upload: Upload | None
    run_url: str | None
    partition_url: str
    sync: SyncRequest | None
    problems: list[str]
    alerts: list[StoredAlert]
    checks: list[ShownChecks]
    left_out: str


@router.get("/status")
def show_status(
    page: PageDep,
    principal: CurrentPrincipal,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    search: Annotated[str, Query(max_length=100)] = "",
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    choose: bool = False,
    webhook: Annotated[str, Query(max_length=10)] = "",
) -> HTMLResponse:
    """Returns every customer to an operator, to others their own."""
    words = search.strip().casefold()
    shown = [
        one
        for one in list_customers(connection)
        if principal.operator or one.key == principal.customer
        if words in one.key or words in one.name.casefold()
    ]
    rows = [_status(configuration, connection, one) for one in shown[offset : offset + _LIMIT]]
    return page.show(
        "status.html",
        rows=rows,
        total=len(shown),
        limit=_LIMIT,
        offset=offset,
        search=search,
        choose=choose,
        fivetran=fivetran_card(configuration, connection) if principal.operator else None,
        webhook_was=webhook if webhook in ("created", "tested", "removed") else "",
        may_change=principal.may("admin"),
        dagster_home=configuration.dagster_url,
    )


def _status(
    configuration: Configuration, connection: sa.Connection, customer: StoredCustomer
) -> CustomerStatus:
    states = source_states(connection, customer.key)
    newest = next(iter(list_uploads(connection, customer.key, limit=1)), None)
    sync = next(iter(sync_requests(connection, customer.key, limit=1)), None)
    accounts = account_counts(connection, [customer.key]).get(customer.key)
    problems: list[str] = []
    sources: list[SourceStatus] = []
    times = SyncTimes(None, None)
    try:
        settings = effective_settings(configuration, connection, customer.key)
    except InvalidSettings as error:
        problems.append(error.message)
    else:
        times = sync_times(connection, customer.key, settings)
        sources = [source_status(settings, source, states) for source in SOURCES]
    if sync is not None and sync.state == "failed":
        problems += [str(error) for error in sync.results.get("errors", [])][:3] or ["The last sync failed."]
    if newest is not None:
        problems += newest.notes[:3]
    checks = shown_checks(configuration, connection, customer.key)
    return CustomerStatus(
        customer=customer,
        sources=sources,
        times=times,
        upload=newest,
        run_url=configuration.run_url(newest.run_id if newest else None),
        partition_url=f"{configuration.dagster_url}/assets?partition={quote(customer.key, safe='')}",
        sync=sync,
        problems=problems,
        alerts=_told_elsewhere_left_out(open_alerts(connection, customer.key), checks),
        checks=checks,
        left_out=accounts.counts.sentence() if accounts else "",
    )


def _told_elsewhere_left_out(alerts: list[StoredAlert], checks: list[ShownChecks]) -> list[StoredAlert]:
    """Returns the alerts without those about a finding of the checks, which is shown there with its rows. One
    that has not been sent stays, because only the alert says so."""
    found = {finding.check for one in checks for finding in one.results.findings}
    return [
        alert
        for alert in alerts
        if not (alert.kind == "checks_fail" and alert.subject in found and alert.told_at)
    ]
