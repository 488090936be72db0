"""The frame of every page: the templates, who is signed in, and whose data is shown."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import StoredCustomer, get_customer, list_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.matches import count_matches
from kpi_platform.domain.account_names import shown_name
from kpi_platform.domain.backtest.words import LEAVERS_ARE_MISSING, NOT_INDEPENDENT
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.kpis import unreadable_rows
from kpi_platform.domain.revenue_bases import REVENUE_BASES
from kpi_platform.web import backtest_charts, bands_chart, charts, formats
from kpi_platform.web.dependencies import (
    CSRF_FIELD,
    ConfigurationDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    Principal,
    current_customer,
    named_customer,
    page_token,
)
from kpi_platform.web.etags import etag_of
from kpi_platform.web.plain import plain
from kpi_platform.web.refusals import NoCustomerChosen, retry_after
from kpi_platform.web.retention import waterfall
from kpi_platform.web.revenue_facts import revenue_facts
from kpi_platform.web.sessions import CUSTOMER_COOKIE, set_cookie
from kpi_platform.web.setting_labels import setting_label
from kpi_platform.web.settings_form import ASKED
from kpi_platform.web.static_files import static

_HERE = Path(__file__).parent


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for module in (formats, charts, bands_chart, backtest_charts):
        names = [name for name in vars(module) if not name.startswith("_")]
        environment.globals |= {name: getattr(module, name) for name in names}
    environment.globals |= {
        "csrf_field": CSRF_FIELD,
        "asked": ASKED,
        "with_query": with_query,
        "shown_name": shown_name,
        "static": static,
        "unreadable_rows": unreadable_rows,
        "setting_label": setting_label,
        "revenue_facts": revenue_facts,
        "waterfall": waterfall,
        "REVENUE_BASES": REVENUE_BASES,
        "LEAVERS_ARE_MISSING": LEAVERS_ARE_MISSING,
        "NOT_INDEPENDENT": NOT_INDEPENDENT,
    }
    environment.filters["plain"] = plain
    environment.globals["platform_version"] = version("kpi_platform")
    return environment


def with_query(path: str, query: Mapping[str, Any], **changes: Any) -> str:
    """Returns `path` with `query` and its changes; values that are None or empty are left out."""
    values = {
        name: value
        for name, value in {**query, **changes}.items()
        if value is not None and value is not False and value != ""
    }
    return f"{path}?{urlencode(values)}" if values else path


templates = _environment()


class Page:
    """Renders for one request. `customer` is None if an operator has chosen none yet."""

    def __init__(
        self,
        request: Request,
        principal: Principal | None,
        customer: StoredCustomer | None = None,
        customers: list[StoredCustomer] | None = None,
        in_review: int = 0,
        dagster: str | None = None,
    ) -> None:
        self.request = request
        self.principal = principal
        self.headers = {"Vary": "HX-Request"}
        self.shell: dict[str, Any] = {
            "principal": principal,
            "customer": customer,
            "customers": customers or [],
            "in_review": in_review,
            "dagster": dagster,
            "csrf_token": page_token(principal.csrf_token, customer.key if customer else None)
            if principal and principal.csrf_token
            else None,
            "may_write": principal is not None and principal.may("write"),
            "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "path": request.url.path,
        }

    @property
    def is_fragment(self) -> bool:
        """The browser wants a part of the page only."""
        return (
            "hx-request" in self.request.headers and "hx-history-restore-request" not in self.request.headers
        )

    def note(self, error: KpiPlatformError) -> None:
        """Notes an error that the page itself shows, so that its answer says when to try again."""
        self.headers |= retry_after(error)

    def show_sentence(self, error: KpiPlatformError, status: int, *, sign_in: str = "") -> HTMLResponse:
        """Shows the error as a part of the page: at the place of the part, or above the form that was sent,
        which stays as it is. `sign_in` is the way to sign in first."""
        self.note(error)
        if self.request.headers.get("hx-target") == "main":
            self.headers |= {
                "HX-Retarget": "#problem", "HX-Reselect": "unset", "HX-Reswap": "innerHTML show:top"
            }  # fmt: skip
        return self.show("_error.html", status, error=error, sign_in=sign_in)

    def show(self, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
        """Returns the template, with `values` and what the frame around it needs."""
        content = templates.get_template(template).render({**self.shell, "now": datetime.now(UTC), **values})
        headers = dict(self.headers)
        if template.startswith("_"):
            # forms.js puts it into the page also if it is an error.
            headers["X-Fragment"] = "true"
        elif status == 200 and self.request.method == "GET":
            tag = etag_of(content)
            headers |= {"Cache-Control": "private, no-cache", "ETag": tag}
            if tag in self.request.headers.get("if-none-match", ""):
                content, status = "", 304
        response = HTMLResponse(content, status, headers)
        customer = self.shell["customer"]
        if self.principal and self.principal.operator and customer and named_customer(self.request):
            set_cookie(self.request, response, CUSTOMER_COOKIE, customer.key)
        return response


def _page(
    request: Request,
    configuration: ConfigurationDep,
    engine: EngineDep,
    principal: CurrentPrincipal,
) -> Page:
    try:
        customer = current_customer(request, principal, engine, request.headers.get("x-customer-id"))
    except NoCustomerChosen:
        customer = None
    return framed(request, configuration, engine, principal, customer)


def _customer_page(
    request: Request,
    configuration: ConfigurationDep,
    engine: EngineDep,
    principal: CurrentPrincipal,
    customer: CustomerDep,
) -> Page:
    return framed(request, configuration, engine, principal, customer)


def framed(
    request: Request,
    configuration: Configuration,
    engine: sa.Engine,
    principal: Principal,
    customer: str | None,
) -> Page:
    """Returns a page for `principal`, with the navigation around it."""
    with reading(engine) as connection:
        stored = get_customer(connection, customer) if customer else None
        customers = list_customers(connection) if principal.operator else []
        in_review = count_matches(connection, customer).get("review", 0) if customer else 0
    return Page(request, principal, stored, customers, in_review, configuration.dagster_url)


PageDep = Annotated[Page, Depends(_page)]
"""A page that is about no customer, or about all."""
CustomerPageDep = Annotated[Page, Depends(_customer_page)]
"""A page about one customer."""
