"""Signing in and out in the browser, and the customer that an operator looks at."""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.sessions import end_session
from kpi_platform.dashboard.tokens import hash_text
from kpi_platform.domain.errors import Forbidden
from kpi_platform.web.body import MAX_BODY_BYTES
from kpi_platform.web.dependencies import (
    ConnectionDep,
    CurrentPrincipal,
    EngineDep,
    HostsDep,
    SessionsDep,
    attempt,
    current_principal,
    page_token,
    require_operator,
)
from kpi_platform.web.page import Page
from kpi_platform.web.refusals import NotSignedIn, TooManyAttempts
from kpi_platform.web.schemas.answers import Answer
from kpi_platform.web.sessions import CUSTOMER_COOKIE, SESSION_COOKIE, delete_cookie, set_cookie
from kpi_platform.web.sign_in import (
    INVITATION_LIFETIME,
    LINK_PATH,
    SIGN_IN_PROBLEMS,
    Kept,
    local_path,
    read_kept,
    redeem_link,
    sign_in_with_token,
)
from kpi_platform.web.throttle import Throttle

router = APIRouter(include_in_schema=False)

_Next = Annotated[str, Form(alias="next")]
_Key = Annotated[str, Form(max_length=500)]


def _require_own_page(request: Request, hosts: HostsDep) -> None:
    """Refuses to sign a visitor in from another site. Browsers name the origin of a form."""
    if not hosts.sent(request.headers, request.url.scheme):
        raise Forbidden(
            "The form comes from another site, or the browser does not say from where.",
            next_step="Sign in on this site's own page. Programs send 'Authorization: Bearer …' instead.",
        )


_own_page = Depends(_require_own_page)


@router.get(LINK_PATH)
def follow_link(
    request: Request,
    engine: EngineDep,
    sessions: SessionsDep,
    hosts: HostsDep,
    key: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Signs in with the link that `kpi-platform sign-in` prints. A visitor whom another site sends here is
    asked first."""
    headers = request.headers
    states_origin = not {"sec-fetch-site", "referer", "origin"}.isdisjoint(headers.keys())
    if states_origin and not hosts.sent(headers, request.url.scheme):
        return Page(request, None).show("sign_in_link.html", key=key)
    return _redeem(request, engine, sessions, key)


@router.post(LINK_PATH, dependencies=[_own_page])
def redeem(request: Request, engine: EngineDep, sessions: SessionsDep, key: _Key = "") -> Response:
    """Signs in with a link, after the page that asked first."""
    return _redeem(request, engine, sessions, key)


def _redeem(request: Request, engine: EngineDep, sessions: SessionsDep, key: str) -> Response:
    token_id = sessions.read_link(key, INVITATION_LIFETIME)
    account = "a forged link" if token_id is None else f"link {token_id}"
    return _start(request, sessions, "/", "link", account, lambda: redeem_link(engine, token_id))


@router.post("/sign-in", dependencies=[_own_page])
def sign_in(
    request: Request,
    engine: EngineDep,
    sessions: SessionsDep,
    token: Annotated[str, Form(max_length=200)] = "",
    target: _Next = "/",
    kept: Annotated[str, Form(max_length=MAX_BODY_BYTES)] = "",
) -> Response:
    """Leads on to `next`, or back to the form with `?failed=token` or `throttled`. With what a form had sent
    when its session ended, leads on to sending it."""
    text = token.strip()
    account, typed = hash_text(text), read_kept(kept)
    return _start(
        request, sessions, target, "token", account, lambda: sign_in_with_token(engine, text), typed
    )


class SessionAnswer(Answer):
    """The person who is signed in; `csrf_token` goes into the forms of a page that was made before."""

    name: str
    customer: str | None
    csrf_token: str | None


@router.get("/session")
def show_session(principal: CurrentPrincipal) -> SessionAnswer:
    """Tells a page whose session had ended who has signed in again."""
    return SessionAnswer(name=principal.name, customer=principal.customer, csrf_token=principal.csrf_token)


def _start(
    request: Request,
    sessions: SessionsDep,
    target: str,
    failed: str,
    account: str,
    begin: Callable[[], str],
    kept: Kept | None = None,
) -> Response:
    """Starts the session that `begin` makes, or leads back to the form, which says what has failed."""
    throttle: Throttle = request.app.state.sign_in_throttle
    by = attempt(request, account)
    try:
        throttle.require_patience(by)
        secret = begin()
    except TooManyAttempts:
        return _back(request, "throttled", target, kept)
    except NotSignedIn:
        throttle.note_failure(by)
        return _back(request, failed, target, kept)
    response: Response = RedirectResponse(local_path(target), 303)
    if kept is not None:
        token = page_token(sessions.of_secret(secret).csrf_token, kept.about)
        response = Page(request, None).show("go_on.html", kept=kept, token=token, target=local_path(target))
    sessions.start(request, response, secret)
    return response


@router.post("/sign-out", dependencies=[Depends(current_principal)])
def sign_out(request: Request, engine: EngineDep, sessions: SessionsDep) -> RedirectResponse:
    """Ends the session for good: its cookie is worth nothing from then on."""
    session = sessions.read(request)
    if session is not None:
        with engine.begin() as connection:
            end_session(connection, session.secret)
    response = RedirectResponse("/sign-in", 303)
    delete_cookie(request, response, SESSION_COOKIE)
    delete_cookie(request, response, CUSTOMER_COOKIE)
    # Going back must not show what the browser has kept of the pages.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@router.post("/customer", dependencies=[Depends(require_operator)])
def choose_customer(
    request: Request, connection: ConnectionDep, customer: Annotated[str, Form()], target: _Next = "/"
) -> RedirectResponse:
    """Remembers which customer an operator looks at."""
    key = get_customer(connection, customer).key
    response = RedirectResponse(local_path(target), 303)
    set_cookie(request, response, CUSTOMER_COOKIE, key)
    return response


def _back(request: Request, reason: str, target: str, kept: Kept | None) -> Response:
    if kept is None:
        query = urlencode({"failed": reason, "next": local_path(target)})
        return RedirectResponse(f"/sign-in?{query}", 303)
    problem = SIGN_IN_PROBLEMS[reason]
    return Page(request, None).show(
        "sign_in.html", 401, problem=problem, target=local_path(target), kept=kept.model_dump_json()
    )
