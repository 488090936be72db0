"""The frame of every page: the templates, who is signed in, and whose data is shown."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kpi_platform.dashboard.customers import StoredCustomer, get_customer, list_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.matches import count_matches
from kpi_platform.domain.account_names import shown_name
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.domain.kpis import unreadable_rows
from kpi_platform.web import charts, formats
from kpi_platform.web.dependencies import (
    CSRF_FIELD,
    ConfigurationDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    Principal,
    current_customer,
    named_customer,
)
from kpi_platform.web.refusals import NoCustomerChosen, NotSignedIn, retry_after
from kpi_platform.web.sessions import CUSTOMER_COOKIE, set_cookie

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for module in (formats, charts):
        names = [name for name in vars(module) if not name.startswith("_")]
        environment.globals |= {name: getattr(module, name) for name in names}
    environment.globals |= {"csrf_field": CSRF_FIELD, "with_query": with_query, "shown_name": shown_name}
    environment.globals["unreadable_rows"] = unreadable_rows
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
            "csrf_token": principal.csrf_token if principal else None,
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

    def show(self, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
        """Returns the template, with `values` and what the frame around it needs."""
        content = templates.get_template(template).render({**self.shell, "now": datetime.now(UTC), **values})
        headers = dict(self.headers)
        if template.startswith("_"):
            # app.js puts it into the page even if it shows an error.
            headers["X-Fragment"] = "true"
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
    return _framed(request, configuration, engine, principal, customer)


def _customer_page(
    request: Request,
    configuration: ConfigurationDep,
    engine: EngineDep,
    principal: CurrentPrincipal,
    customer: CustomerDep,
) -> Page:
    return _framed(request, configuration, engine, principal, customer)


def _framed(
    request: Request,
    configuration: ConfigurationDep,
    engine: EngineDep,
    principal: Principal,
    customer: str | None,
) -> Page:
    with reading(engine) as connection:
        stored = get_customer(connection, customer) if customer else None
        customers = list_customers(connection) if principal.operator else []
        in_review = count_matches(connection, customer).get("review", 0) if customer else 0
    return Page(request, principal, stored, customers, in_review, configuration.dagster_url)


PageDep = Annotated[Page, Depends(_page)]
"""A page that is about no customer, or about all."""
CustomerPageDep = Annotated[Page, Depends(_customer_page)]
"""A page about one customer."""


def error_page(request: Request, error: KpiPlatformError, status: int) -> Response:
    """Returns the page of an error: the way to sign in, the choice of a customer, or the words."""
    target: str | None = None
    if isinstance(error, NotSignedIn):
        asked = request.url.path if request.method == "GET" else "/"
        query = f"?{request.url.query}" if request.method == "GET" and request.url.query else ""
        target = with_query("/sign-in", {}, next=asked + query if asked != "/" else None)
    elif isinstance(error, NoCustomerChosen):
        target = "/status?choose=1"
    if target is not None:
        if "hx-request" in request.headers:
            return Response(status_code=status, headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)
    return Page(request, None).show("error.html", status, error=error, status=status)
