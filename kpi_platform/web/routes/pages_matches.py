"""Page 4: source accounts that nobody is sure about, beside what they might be."""

from collections.abc import Sequence
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.account_reading import find_accounts
from kpi_platform.dashboard.accounts import accounts_of
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.match_decisions import match_decisions
from kpi_platform.dashboard.matches import StoredMatch, count_matches, get_match, list_matches
from kpi_platform.dashboard.shown_accounts import AccountFilter, AccountSummary
from kpi_platform.domain.errors import InvalidSettings, KpiPlatformError
from kpi_platform.domain.record_links import account_pages
from kpi_platform.domain.sources import Source
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.match_facts import account_facts, source_facts
from kpi_platform.web.page import CustomerPageDep, Page, with_query
from kpi_platform.web.routes.matches import accept_many, decide_match
from kpi_platform.web.schemas.matches import AcceptBody, AcceptedAnswer, DecisionBody

router = APIRouter(prefix="/matches", include_in_schema=False)

State = Literal["review", "match", "none"]
_STATES = (("review", "To review"), ("match", "Matched"), ("none", "Without a match"))
_LIMIT = 25
_SEARCH_LIMIT = 8
_DECISIONS = 20

SourceId = Annotated[str, Form(min_length=1, max_length=200)]


@router.get("")
def show_matches(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    state: State = "review",
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    done: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    find: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Matches of one state, weakest first, and the newest decisions."""
    return _show(page, configuration, connection, customer, state, offset, done=done, find=find.strip())


@router.post("/accept", dependencies=[Depends(require_scope("write"))])
def accept_all(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    percent: Annotated[int, Form(ge=50, le=100)],
) -> HTMLResponse:
    """Accepts every proposal that scores at least so many percent."""
    accepted = accept_many(AcceptBody(min_score=percent / 100), engine, customer, principal)
    with reading(engine) as connection:
        return _show(page, configuration, connection, customer, "review", 0, accepted=accepted)


@router.post("", dependencies=[Depends(require_scope("write"))])
def decide(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    source_account_id: SourceId,
    decision: Annotated[Literal["accept", "reject", "choose", "undo"], Form()],
    account_id: Annotated[int | None, Form(ge=1, le=2**31 - 1)] = None,
    state: Annotated[State, Form()] = "review",
) -> Response:
    """Takes one decision; then shows the list again, with the way to undo it."""
    chosen = None if decision == "undo" else account_id
    try:
        body = DecisionBody(decision=decision, account_id=chosen, note="")
        answer = decide_match(source_account_id, body, engine, customer, principal)
    except KpiPlatformError as error:
        with reading(engine) as connection:
            return _show(page, configuration, connection, customer, state, 0, problem=error)
    query = {"state": None if state == "review" else state, "done": answer.decision.id}
    return RedirectResponse(with_query("/matches", query), 303)


@router.get("/search")
def search_accounts(
    page: CustomerPageDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    source_account_id: Annotated[str, Query(min_length=1, max_length=200)],
    search: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Returns accounts to choose from for one source account."""
    match = get_match(connection, customer, source_account_id)
    found = _search(connection, customer, search)
    template = "_match_search.html" if page.is_fragment else "match_search.html"
    return page.show(template, match=match, found=found, search=search, state=match.decision)


def _search(connection: sa.Connection, customer: str, search: str) -> list[AccountSummary]:
    if not search.strip():
        return []
    wanted = AccountFilter(search=search.strip())
    return list(find_accounts(connection, customer, wanted, limit=_SEARCH_LIMIT).accounts)


def _source_pages(
    configuration: Configuration, connection: sa.Connection, customer: str, matches: Sequence[StoredMatch]
) -> dict[str, dict[Source, str]]:
    """The pages of each source account in its sources, if the settings say where these are."""
    try:
        settings = effective_settings(configuration, connection, customer)
    except InvalidSettings:
        # The settings page says what is wrong with them; matches can be decided all the same.
        return {}
    return {one.source_account_id: account_pages(settings, one.source_account_id) for one in matches}


def _show(
    page: Page,
    configuration: Configuration,
    connection: sa.Connection,
    customer: str,
    state: State,
    offset: int,
    *,
    done: int | None = None,
    problem: KpiPlatformError | None = None,
    find: str = "",
    accepted: AcceptedAnswer | None = None,
) -> HTMLResponse:
    counts = count_matches(connection, customer, find)
    decisions = match_decisions(connection, customer, include_undone=True, limit=_DECISIONS)
    matches = list_matches(connection, customer, decision=state, search=find, limit=_LIMIT, offset=offset)
    offered = {one["account_id"] for match in matches for one in match.candidates}
    return page.show(
        "matches.html",
        problem.http_status if problem else 200,
        matches=matches,
        accounts=accounts_of(connection, customer, offered),
        counts={name: counts.get(name, 0) for name, _ in _STATES},
        states=_STATES,
        state=state,
        limit=_LIMIT,
        offset=offset,
        decisions=decisions,
        newest=next((one for one in decisions if one.id == done), None),
        problem=problem,
        find=find,
        accepted=accepted,
        source_pages=_source_pages(configuration, connection, customer, matches),
        source_facts=source_facts,
        account_facts=account_facts,
        query={"state": None if state == "review" else state, "find": find},
    )
