"""Signing in and out in the browser, and the customer that an operator looks at."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse

from kpi_platform.dashboard.customers import get_customer
from kpi_platform.web.dependencies import (
    ConnectionDep,
    EngineDep,
    SessionsDep,
    current_principal,
    require_operator,
)
from kpi_platform.web.refusals import Forbidden, NotSignedIn, TooManyAttempts
from kpi_platform.web.sessions import CUSTOMER_COOKIE, SESSION_COOKIE, set_cookie
from kpi_platform.web.sign_in import LINK_PATH, redeem_link, sign_in_with_token
from kpi_platform.web.throttle import Throttle

router = APIRouter(include_in_schema=False)

_Next = Annotated[str, Form(alias="next")]


def _throttle(request: Request) -> Throttle:
    throttle: Throttle = request.app.state.throttle
    return throttle


@router.get(LINK_PATH)
def follow_link(
    request: Request, engine: EngineDep, sessions: SessionsDep, key: str = ""
) -> RedirectResponse:
    """The link that `kpi-platform up` prints."""
    caller, throttle = _caller(request), _throttle(request)
    try:
        throttle.require_patience(caller)
        token = redeem_link(engine, sessions, key)
    except TooManyAttempts:
        return _back("throttled", "/")
    except NotSignedIn:
        throttle.note_failure(caller)
        return _back("link", "/")
    response = RedirectResponse("/", 303)
    sessions.start(request, response, token.id)
    return response


@router.post("/sign-in")
def sign_in(
    request: Request,
    engine: EngineDep,
    sessions: SessionsDep,
    token: Annotated[str, Form(max_length=200)] = "",
    target: _Next = "/",
) -> RedirectResponse:
    """Leads on to `next`, or back to the form with `?failed=token` or `throttled`."""
    _require_own_form(request)
    caller, throttle = _caller(request), _throttle(request)
    try:
        throttle.require_patience(caller)
        found = sign_in_with_token(engine, token)
    except TooManyAttempts:
        return _back("throttled", target)
    except NotSignedIn:
        throttle.note_failure(caller)
        return _back("token", target)
    throttle.forget(caller)
    response = RedirectResponse(_local(target), 303)
    sessions.start(request, response, found.id)
    return response


@router.post("/sign-out", dependencies=[Depends(current_principal)])
def sign_out() -> RedirectResponse:
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")
    response.delete_cookie(CUSTOMER_COOKIE, httponly=True, samesite="lax")
    return response


@router.post("/customer", dependencies=[Depends(require_operator)])
def choose_customer(
    request: Request, connection: ConnectionDep, customer: Annotated[str, Form()], target: _Next = "/"
) -> RedirectResponse:
    """Remembers which customer an operator looks at."""
    key = get_customer(connection, customer).key
    response = RedirectResponse(_local(target), 303)
    set_cookie(request, response, CUSTOMER_COOKIE, key)
    return response


def _caller(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _back(reason: str, target: str) -> RedirectResponse:
    return RedirectResponse(f"/sign-in?{urlencode({'failed': reason, 'next': _local(target)})}", 303)


def _local(target: str) -> str:
    """`target` where it is a path of ours, else the first page: no form leads to another site."""
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if ours else "/"


def _require_own_form(request: Request) -> None:
    """Nobody may sign a visitor in from another site. Browsers say where a form comes from."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("The form comes from another site.", next_step="Sign in on this site's own page.")
