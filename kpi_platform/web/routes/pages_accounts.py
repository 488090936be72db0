"""Page 1: all accounts with health and KPIs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date
from itertools import chain
from typing import Annotated, Any, get_args

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BeforeValidator

from kpi_platform.dashboard.account_counts import account_counts
from kpi_platform.dashboard.account_export import exported_accounts
from kpi_platform.dashboard.account_history import confirmed_until, health_trends
from kpi_platform.dashboard.account_reading import account_facets, find_accounts, health_bands
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.definitions import KpiDefinition, kpi_definitions, stored_definitions
from kpi_platform.dashboard.shown_accounts import (
    AccountFilter,
    AccountPage,
    BandFilter,
)
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.web.account_csv import account_lines
from kpi_platform.web.dependencies import ConnectionDep, CurrentPrincipal, CustomerDep, EngineDep
from kpi_platform.web.formats import (
    BAND_WORDS,
    REASON_WORDS,
    SHORT_NAMES,
    missing_reason,
    unit_words,
)
from kpi_platform.web.page import CustomerPageDep
from kpi_platform.web.scopes import EVERYBODY, AccountScope, ScopeDep, scopes_of

router = APIRouter(include_in_schema=False)

DEFAULT_LIMIT = 50
_BANDS = (("healthy", "Healthy"), ("between", "Watch"), ("at_risk", "At risk"), ("missing", "No score"))
_KPI_BANDS = (*_BANDS[:3], ("missing", "Missing"))

LIST_NAMES = frozenset(
    (*(field.name for field in fields(AccountFilter)), "sort", "descending", "limit", "offset")
)
"""Names in the address of the list, which begin none of the start page."""

Text = Annotated[str, Query(max_length=200)]
# An input that is left empty comes as an empty text.
_Blank = BeforeValidator(lambda text: text or None)
Limit = Annotated[float | None, Query(allow_inf_nan=False), _Blank]
Day = Annotated[date | None, Query(), _Blank]


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """The query in the address of the page. Words that are no band are left out: a bookmark does not
    break."""

    filter: AccountFilter
    sort: str
    descending: bool
    limit: int
    offset: int
    scope: AccountScope

    @property
    def query(self) -> dict[str, Any]:
        """The address's query again, without what is as usual."""
        values = asdict(self.filter) | {"csm_email": None}
        values["scope"] = self.scope.name if self.scope is not EVERYBODY else None
        values["sort"] = None if self.sort == "name" else self.sort
        values["descending"] = "true" if self.descending else None
        values["limit"] = None if self.limit == DEFAULT_LIMIT else self.limit
        return {name: value for name, value in values.items() if value is not None}


def _wanted(
    scope: ScopeDep,
    search: Text = "",
    health: Text = "",
    industry: Text = "",
    region: Text = "",
    csm: Text = "",
    kpi: Text = "",
    kpi_band: Text = "",
    kpi_min: Limit = None,
    kpi_max: Limit = None,
    arr_min: Limit = None,
    arr_max: Limit = None,
    renewal_from: Day = None,
    renewal_to: Day = None,
    sort: Text = "name",
    descending: bool = False,
    limit: Annotated[int, Query(ge=1, le=200)] = DEFAULT_LIMIT,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> AccountQuery:
    of_kpi = (_band(kpi_band), kpi_min, kpi_max) if kpi else (None, None, None)
    wanted = AccountFilter(
        search.strip() or None, _band(health), industry or None, region or None, csm or None, kpi or None,
        *of_kpi, arr_min, arr_max, renewal_from, renewal_to, scope.wanted.csm_email,
    )  # fmt: skip
    return AccountQuery(wanted, sort or "name", descending, limit, offset, scope)


def _band(text: str) -> BandFilter | None:
    return next((band for band in get_args(BandFilter) if band == text), None)


WantedDep = Annotated[AccountQuery, Depends(_wanted)]


@router.get("/accounts")
def show_accounts(
    page: CustomerPageDep,
    wanted: WantedDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> HTMLResponse:
    """Returns a page of the accounts; to a script, only the part below the filter."""
    definitions = kpi_definitions(connection, customer)
    problem, found = _found(connection, customer, wanted)
    facets = account_facets(connection, customer)
    trends = health_trends(connection, customer, [one.account.id for one in found.accounts])
    chosen = wanted.filter
    return page.show(
        "_accounts_table.html" if page.is_fragment else "accounts.html",
        page=found,
        problem=problem,
        definitions=definitions,
        heads=_heads(definitions, has_revenue=facets.has_revenue),
        has_revenue=facets.has_revenue,
        trends={one: [(point.as_of, point.health_score) for point in of] for one, of in trends.items()},
        counts=health_bands(connection, customer, None if problem else chosen),
        confirmed=confirmed_until(connection, customer),
        bands=_BANDS,
        kpi_bands=_KPI_BANDS,
        choices=(
            ("industry", "Industry", facets.industries, chosen.industry),
            ("region", "Region", facets.regions, chosen.region),
            ("csm", "Success manager", facets.csms, chosen.csm),
        ),
        wanted=chosen,
        scope=wanted.scope,
        scopes=scopes_of(connection, principal),
        is_filtered=chosen != AccountFilter(),
        nobody_left=_nobody_left(connection, customer) if not found.total else "",
        query=wanted.query,
        sort=wanted.sort,
        descending=wanted.descending,
        limit=wanted.limit,
        offset=wanted.offset,
        band_words=BAND_WORDS,
        short_names=SHORT_NAMES,
        missing_reason=missing_reason,
        reason_words=REASON_WORDS,
    )


@router.get("/accounts.csv")
def export_accounts(engine: EngineDep, wanted: WantedDep, customer: CustomerDep) -> StreamingResponse:
    """Returns all accounts that the filter leaves, in its order. A status says why a number is missing."""
    headers = {"Content-Disposition": f'attachment; filename="accounts_{customer}.csv"'}
    lines = _lines(engine, customer, wanted)
    # Read before the answer begins: what is refused then still has a status of its own.
    lines = chain([next(lines)], lines)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def _found(connection: sa.Connection, customer: str, wanted: AccountQuery) -> tuple[str | None, AccountPage]:
    try:
        page = find_accounts(
            connection, customer, wanted.filter,
            sort=wanted.sort, descending=wanted.descending, limit=wanted.limit, offset=wanted.offset,
        )  # fmt: skip
    except InvalidInput as error:
        return error.message, AccountPage(0, ())
    return None, page


def _nobody_left(connection: sa.Connection, customer: str) -> str:
    """Why the newest build has no account to show, in words; empty if it has some, or there was none."""
    built = account_counts(connection, [customer]).get(customer)
    return built.counts.nobody_left() if built and not built.counts.counting else ""


def _heads(definitions: dict[str, KpiDefinition], *, has_revenue: bool) -> list[tuple[str, str, str, str]]:
    """Key to sort by, short name, unit and full name of each column."""
    own = [
        ("name", "Account", "", "Account"), ("health_score", "Health", "0–100", "Health score"),
        ("", "Trend", "", "Trend"),
    ]  # fmt: skip
    if has_revenue:
        own += [
            ("arr", "ARR", "", "Annual recurring revenue"),
            ("next_renewal_date", "Renewal", "", "Next renewal"),
        ]
    return own + [
        (slug, SHORT_NAMES.get(slug, one.display_name), unit_words(one.unit), one.display_name)
        for slug, one in definitions.items()
    ]


def _lines(engine: sa.Engine, customer: str, wanted: AccountQuery) -> Iterator[str]:
    with reading(engine) as connection:
        customer_id = get_customer(connection, customer).id
        definitions = stored_definitions(connection, customer_id)
        as_of = max(confirmed_until(connection, customer).values(), default=None)
        parts = exported_accounts(
            connection, customer_id, definitions, wanted.filter,
            sort=wanted.sort, descending=wanted.descending,
        )  # fmt: skip
        yield from account_lines(customer, as_of, definitions, parts)
