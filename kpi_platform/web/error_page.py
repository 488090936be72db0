"""The answer to a browser for an error: the page with its navigation, a sentence in a part of it, or the way
to sign in, with everything that was typed."""

from urllib.parse import urlsplit

from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.web.dependencies import current_customer, session_principal
from kpi_platform.web.page import Page, framed, with_query
from kpi_platform.web.refusals import NoCustomerChosen, NotSignedIn
from kpi_platform.web.sign_in import SIGN_IN_PROBLEMS, keep, local_path

_SAFE = ("GET", "HEAD")


def error_page(request: Request, error: KpiPlatformError, status: int) -> Response:
    """Returns the answer to a browser. Raises nothing, also if the database does not answer."""
    page = _page(request)
    if isinstance(error, NotSignedIn):
        return _sign_in_first(page, error, status)
    if isinstance(error, NoCustomerChosen):
        target = "/status?choose=1"
        if page.is_fragment:
            return Response(status_code=status, headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)
    if page.is_fragment:
        return page.show_sentence(error, status)
    return page.show("error.html", status, error=error, status=status)


def _sign_in_first(page: Page, error: KpiPlatformError, status: int) -> Response:
    """Leads to signing in. Nothing that was typed is lost: forms.js asks in the page itself, and a form that
    was sent without a script is kept in the page to sign in on."""
    request, back = page.request, _way_back(page)
    if page.is_fragment:
        return page.show_sentence(error, status, sign_in=with_query("/sign-in", {"next": back}))
    if request.method in _SAFE:
        ended = request.app.state.sessions.is_named(request)
        query = {"failed": "ended" if ended else None, "next": back if back != "/" else None}
        return RedirectResponse(with_query("/sign-in", query), 303)
    typed = getattr(request.state, "typed", None)
    # Another site's form is not kept: whoever signs in would send it on as their own.
    ours = request.app.state.hosts.sent(request.headers, request.url.scheme)
    kept = keep(_address(request.url.path, request.url.query), typed) if typed and ours else ""
    problem = SIGN_IN_PROBLEMS["ended"]
    return page.show("sign_in.html", status, problem=problem, target=back, kept=kept)


def _way_back(page: Page) -> str:
    """Returns the page that was asked for, or the one from which a part was asked for or a form sent."""
    url, headers = page.request.url, page.request.headers
    if page.is_fragment or page.request.method not in _SAFE:
        try:
            seen = urlsplit(headers.get("hx-current-url") or headers.get("referer") or "/")
        except ValueError:
            return "/"
        return local_path(_address(seen.path or "/", seen.query))
    return local_path(_address(url.path, url.query))


def _address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _page(request: Request) -> Page:
    """Returns a page; with the navigation if it is known who asks and the database answers."""
    try:
        principal = getattr(request.state, "principal", None) or session_principal(request)
        if principal is None:
            return Page(request, None)
        engine, configuration = request.app.state.engine, request.app.state.configuration
        try:
            given = request.headers.get("x-customer-id")
            customer = current_customer(request, principal, engine, given)
        except KpiPlatformError:
            customer = None
        return framed(request, configuration, engine, principal, customer)
    except (KpiPlatformError, SQLAlchemyError):
        return Page(request, None)
