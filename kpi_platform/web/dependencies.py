"""Dependencies of routes: the database, the caller, and the customer that the call is about."""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, Header, Request, Security
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import get_customer, list_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.sessions import session_token
from kpi_platform.dashboard.tokens import ApiToken, hash_text, needs_note, note_use, verify_token
from kpi_platform.domain.errors import Forbidden
from kpi_platform.domain.settings import SCOPES, Editor, Scope
from kpi_platform.logs import note_id
from kpi_platform.web.backtest_keeper import BacktestKeeper
from kpi_platform.web.explaining import Explainer
from kpi_platform.web.hosts import OwnHosts
from kpi_platform.web.refusals import NoCustomerChosen, NotSignedIn
from kpi_platform.web.sessions import CUSTOMER_COOKIE, Session, Sessions, read_cookie
from kpi_platform.web.throttle import Attempt, Throttle, network_of
from kpi_platform.web.turns import Turns

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_bearer = HTTPBearer(auto_error=False, description="A token of `kpi-platform token create`.")


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. `customer` is the key of the token's customer, None for an operator. `csrf_token` is set in
    a browser's session and goes into its forms. `name` is how versions and the audit trail call it."""

    token_id: int
    name: str
    customer: str | None
    scope: Scope
    csrf_token: str | None = None
    person_id: int | None = None

    @property
    def operator(self) -> bool:
        return self.customer is None

    @property
    def editor(self) -> Editor:
        """The principal as an editor of settings."""
        return Editor(self.name, self.operator, self.scope)

    def may(self, scope: Scope) -> bool:
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


def get_configuration(request: Request) -> Configuration:
    configuration: Configuration = request.app.state.configuration
    return configuration


def get_engine(request: Request) -> sa.Engine:
    engine: sa.Engine = request.app.state.engine
    return engine


def get_sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


def get_hosts(request: Request) -> OwnHosts:
    hosts: OwnHosts = request.app.state.hosts
    return hosts


def get_heavy_turns(request: Request) -> Turns:
    turns: Turns = request.app.state.heavy_turns
    return turns


def get_backtest_keeper(request: Request) -> BacktestKeeper:
    keeper: BacktestKeeper = request.app.state.backtest_keeper
    return keeper


def get_explainer(request: Request) -> Explainer:
    explainer: Explainer = request.app.state.explainer
    return explainer


ConfigurationDep = Annotated[Configuration, Depends(get_configuration)]
EngineDep = Annotated[sa.Engine, Depends(get_engine)]
"""To write: `with engine.begin() as connection`."""
SessionsDep = Annotated[Sessions, Depends(get_sessions)]
HeavyTurnsDep = Annotated[Turns, Depends(get_heavy_turns)]
"""For what occupies a thread and the warehouse for seconds: `with turns.take(customer)`."""
BacktestKeeperDep = Annotated[BacktestKeeper, Depends(get_backtest_keeper)]
ExplainerDep = Annotated[Explainer, Depends(get_explainer)]
HostsDep = Annotated[OwnHosts, Depends(get_hosts)]


async def get_connection(request: Request, engine: EngineDep) -> AsyncIterator[sa.Connection]:
    # A waiting request holds neither thread nor connection: those that have one need a thread to go on, and a
    # # second connection for a moment.
    async with request.app.state.readers, contextmanager_in_threadpool(reading(engine)) as connection:
        yield connection


ConnectionDep = Annotated[sa.Connection, Depends(get_connection, scope="function")]
"""To read: one snapshot for the whole request, which waits for no load. Given back before the answer is sent:
nobody keeps it by reading slowly."""


async def _form_token(request: Request) -> str | None:
    """Returns the form token, as `page_token` makes it. Keeps the fields for whoever has to sign in first."""
    token = request.headers.get(CSRF_HEADER)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if request.method not in _SAFE and kind in _FORMS:
        fields = [(name, value) for name, value in (await request.form()).multi_items()]
        typed = [(name, value) for name, value in fields if isinstance(value, str)]
        request.state.typed = typed
        token = token if token is not None else dict(typed).get(CSRF_FIELD)
    request.state.about = (token or "").partition(".")[2] or None
    return token


def page_token(csrf_token: str, customer: str | None) -> str:
    """Returns the form token of a page: that of the session, and the customer that the page is about. Its
    forms stay about that customer, whichever one another tab has chosen since."""
    return f"{csrf_token}.{customer}" if customer else csrf_token


def current_principal(
    request: Request,
    engine: EngineDep,
    sessions: SessionsDep,
    background: BackgroundTasks,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    form_token: Annotated[str | None, Depends(_form_token)],
) -> Principal:
    """Returns the caller that the bearer token, or else the session cookie, identifies. Raises NotSignedIn
    without either, TooManyAttempts if bearer tokens fail too often, and Forbidden if a session changes
    something without its form token."""
    session = sessions.read(request) if bearer is None else None
    with reading(engine) as connection:
        token = _token(connection, bearer, session)
    if token is None:
        if bearer is not None:
            _note_failure(request, bearer.credentials)
        raise NotSignedIn(
            "This needs a valid token.",
            next_step="Send it as 'Authorization: Bearer …', or sign in on the web page.",
        )
    if session is not None and request.method not in _SAFE:
        require_form_token(session, form_token)
    if needs_note(token):
        background.add_task(_note_use, engine, token)
    request.state.is_operator = token.customer is None
    request.state.principal = _principal(token, session)
    return request.state.principal  # type: ignore[no-any-return]


def session_principal(request: Request) -> Principal | None:
    """Returns whoever is signed in in the browser, for an answer that no route gives; None if nobody is."""
    session = get_sessions(request).read(request)
    if session is None:
        return None
    with reading(get_engine(request)) as connection:
        token = session_token(connection, session.secret)
    return None if token is None else _principal(token, session)


def _principal(token: ApiToken, session: Session | None) -> Principal:
    csrf_token = session.csrf_token if session else None
    return Principal(token.id, token.holder, token.customer, token.scope, csrf_token, token.person_id)


def require_form_token(session: Session, given: str | None) -> None:
    """Raises Forbidden if the form token is missing or another session's."""
    own = (given or "").partition(".")[0]
    if not secrets.compare_digest(own.encode(), session.csrf_token.encode()):
        raise Forbidden(
            "The form is older than your session, or comes from elsewhere.",
            next_step="Load the page again and repeat what you did.",
        )


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


def require_scope(scope: Scope) -> Callable[[Principal], Principal]:
    """Returns a dependency: the caller's token has at least `scope`."""

    def check(principal: CurrentPrincipal) -> Principal:
        if not principal.may(scope):
            raise Forbidden(
                f"This needs a token with the scope '{scope}'; yours has '{principal.scope}'.",
                next_step="Ask the operator for another token.",
            )
        return principal

    return check


def require_operator(principal: CurrentPrincipal) -> Principal:
    """Returns a dependency: the caller is an operator."""
    if not principal.operator:
        raise Forbidden("Only an operator may do this.", next_step="Ask the operator.")
    return principal


def named_customer(request: Request) -> str | None:
    """Returns the customer that a link to a page names."""
    return request.query_params.get("customer") if request.method == "GET" else None


def current_customer(
    request: Request,
    principal: CurrentPrincipal,
    engine: EngineDep,
    x_customer_id: Annotated[
        str | None, Header(description="Operators: the key of the customer that the call is about.")
    ] = None,
) -> str:
    """Returns the key of the customer that the call is about: the token's. An operator says which by
    X-Customer-ID; in the browser the page of a form says it, a link may name it (`?customer=`), the choice is
    remembered, and the only customer needs no choice."""
    about: str | None = getattr(request.state, "about", None) if principal.csrf_token else None
    if principal.customer is not None:
        note_id("customer", principal.customer)
        if about not in (None, principal.customer):
            raise Forbidden(
                "This page is about another customer than the one that you are signed in for.",
                next_step="Sign in with a token of that customer.",
            )
        if x_customer_id not in (None, principal.customer):
            raise Forbidden("The token belongs to another customer.", next_step="Leave X-Customer-ID out.")
        return principal.customer
    # Its own short snapshot: what streams to a browser for minutes must hold none.
    with reading(engine) as connection:
        chosen = x_customer_id or about
        if chosen is None and principal.csrf_token is not None:
            active = [customer.key for customer in list_customers(connection)]
            remembered = named_customer(request) or read_cookie(request, CUSTOMER_COOKIE)
            chosen = remembered if remembered in active else active[0] if len(active) == 1 else None
        if chosen is None:
            raise NoCustomerChosen("Whose data is this about?", next_step="Say it in X-Customer-ID.")
        key = get_customer(connection, chosen).key
    note_id("customer", key)
    return key


CustomerDep = Annotated[str, Depends(current_customer)]


def _token(
    connection: sa.Connection, bearer: HTTPAuthorizationCredentials | None, session: Session | None
) -> ApiToken | None:
    if bearer is not None:
        return verify_token(connection, bearer.credentials, touch=False)
    return session_token(connection, session.secret) if session is not None else None


def attempt(request: Request, account: str) -> Attempt:
    """Returns an attempt to sign in as `account`, from the address that the request comes from."""
    return Attempt(network_of(request.client.host if request.client else "unknown"), account)


def _note_failure(request: Request, text: str) -> None:
    """After the look-up: a token that may be used is never locked out."""
    throttle: Throttle = request.app.state.bearer_throttle
    by = attempt(request, hash_text(text))
    throttle.require_patience(by)
    throttle.note_failure(by)


def _note_use(engine: sa.Engine, token: ApiToken) -> None:
    with engine.begin() as connection:
        note_use(connection, token.id)
