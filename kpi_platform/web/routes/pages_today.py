"""The start page: what changed, for whom and why, and what waits; for an operator a row for each customer."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.account_history import confirmed_until
from kpi_platform.dashboard.customers import StoredCustomer, list_customers
from kpi_platform.dashboard.definitions import kpi_definitions
from kpi_platform.dashboard.past import begins_in_past
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.reason_names import reason_name
from kpi_platform.pipeline.changes import AccountChanges, changes_between, health_by_week
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    current_principal,
    require_operator,
)
from kpi_platform.web.formats import BAND_WORDS, REASON_WORDS
from kpi_platform.web.page import Page, PageDep, with_query
from kpi_platform.web.periods import LENGTHS, Period, PeriodQuery, chosen_period, period_query
from kpi_platform.web.refusals import NoCustomerChosen
from kpi_platform.web.retention import retention_section
from kpi_platform.web.routes.pages_accounts import LIST_NAMES
from kpi_platform.web.scopes import EVERYBODY, scopes_of, usual_scope
from kpi_platform.web.waiting import Waiting, waiting_for

router = APIRouter(include_in_schema=False)

SHOWN, ALL = 8, 200
"""Accounts of each list, and of one that is asked for whole."""
REASONS = 2
"""How many reasons a row has; the account's page has all."""
WEEKS = 52
CUSTOMERS = 25
"""Rows of a page of the operator."""
LOADS = 20
"""Loads that the period can begin with."""

PeriodDep = Annotated[PeriodQuery, Depends(period_query)]


@dataclass(frozen=True, slots=True)
class CustomerToday:
    """A row of the operator's page."""

    customer: StoredCustomer
    as_of: datetime | None
    changes: AccountChanges
    waiting: list[Waiting]


@router.get("/changes", dependencies=[Depends(current_principal)])
def move_changes(request: Request) -> RedirectResponse:
    """Leads to the start page, which shows what this address did."""
    return RedirectResponse(_address("/", request), 301)


@router.get("/")
def show_today(
    request: Request,
    page: PageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    principal: CurrentPrincipal,
    asked: PeriodDep,
    scope: Annotated[str, Query(max_length=64)] = "",
    show: Annotated[str, Query(max_length=20)] = "",
    by: Annotated[str, Query(max_length=20)] = "accounts",
) -> Response:
    """Shows the customer's day. The list of accounts was here: an address with its query leads there."""
    if LIST_NAMES & request.query_params.keys():
        return RedirectResponse(_address("/accounts", request), 301)
    customer = page.shell["customer"]
    if customer is None:
        if page.is_fragment or not principal.operator:
            raise NoCustomerChosen("Whose data is this about?", next_step="Choose a customer.")
        return _show_customers(page, configuration, connection, asked, 0)
    now = datetime.now(UTC)
    others = {"scope": scope or None, "by": by if by == "money" else None}
    period, problem = _period(connection, customer.key, asked, now)
    scopes = scopes_of(connection, principal)
    chosen = next((one for one in scopes if one.name == scope), None) or usual_scope(
        connection, customer.key, scopes
    )
    changes = changes_between(
        connection, customer.key, period.since, period.until,
        wanted=chosen.wanted, limit=ALL if show else SHOWN,
    )  # fmt: skip
    return page.show(
        "today.html",
        changes=changes,
        show=show if show in changes.counts else "",
        shown=SHOWN,
        lists=_LISTS,
        begins_in_past=begins_in_past(connection, customer.key, changes.since),
        weeks=health_by_week(connection, customer.key, WEEKS, wanted=chosen.wanted),
        by="money" if by == "money" else "accounts",
        retention=retention_section(connection, customer.key),
        waiting=waiting_for(configuration, connection, customer.key, operator=principal.operator),
        scopes=scopes,
        scope=chosen,
        is_everybody=chosen is EVERYBODY,
        definitions=kpi_definitions(connection, customer.key),
        confirmed=confirmed_until(connection, customer.key),
        loads=list_uploads(connection, customer.key, limit=LOADS),
        **_about_period(asked, period, problem, others),
    )


@router.get("/customers", dependencies=[Depends(require_operator)])
def show_customers(
    page: PageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    asked: PeriodDep,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HTMLResponse:
    """Shows a row for each customer."""
    return _show_customers(page, configuration, connection, asked, offset)


def _show_customers(
    page: Page, configuration: Configuration, connection: sa.Connection, asked: PeriodQuery, offset: int
) -> HTMLResponse:
    asked = PeriodQuery(asked.period, None, asked.since, asked.until)
    period, problem = _period(connection, "", asked, datetime.now(UTC))
    customers = list_customers(connection)
    rows = [
        CustomerToday(
            one,
            max(confirmed_until(connection, one.key).values(), default=None),
            changes_between(connection, one.key, period.since, period.until, limit=0),
            waiting_for(configuration, connection, one.key, operator=True),
        )
        for one in customers[offset : offset + CUSTOMERS]
    ]
    return page.show(
        "customers.html",
        rows=rows,
        total=len(customers),
        limit=CUSTOMERS,
        offset=offset,
        **_about_period(asked, period, problem, {}),
    )


_LISTS = (("worse", "Got worse"), ("better", "Got better"))


def _period(
    connection: sa.Connection, customer: str, asked: PeriodQuery, now: datetime
) -> tuple[Period, KpiPlatformError | None]:
    try:
        return chosen_period(connection, customer, asked, now), None
    except KpiPlatformError as error:
        return chosen_period(connection, customer, PeriodQuery(), now), error


def _about_period(
    asked: PeriodQuery, period: Period, problem: KpiPlatformError | None, others: dict[str, Any]
) -> dict[str, Any]:
    return {
        "lengths": LENGTHS,
        "asked": asked,
        "period": period,
        "problem": problem,
        "others": others,
        "query": {**others, **asked.query},
        "reason_name": reason_name,
        "reasons_shown": REASONS,
        "reason_words": REASON_WORDS,
        "band_words": {**BAND_WORDS, "missing": BAND_WORDS[None]},
    }


def _address(path: str, request: Request) -> str:
    return with_query(path, dict(request.query_params))
