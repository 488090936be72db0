"""Matches of source accounts with accounts of the dashboard: the review queue and its decisions."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query

from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.deciding import accept_proposals, decide, undo_decision
from kpi_platform.dashboard.match_decisions import match_decisions, newest_decision
from kpi_platform.dashboard.matches import count_matches, get_match, list_matches
from kpi_platform.web.dependencies import (
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.schemas.answers import Limit, Offset, errors
from kpi_platform.web.schemas.matches import (
    AcceptBody,
    AcceptedAnswer,
    DecidedAnswer,
    DecisionAnswer,
    DecisionBody,
    MatchAnswer,
    MatchesAnswer,
)

router = APIRouter(prefix="/matches", tags=["matches"])

SourceAccount = Annotated[
    str, Path(min_length=1, max_length=200, description="The account's id in its source.")
]


@router.get("")
def get_matches(
    connection: ConnectionDep,
    customer: CustomerDep,
    state: Literal["match", "review", "none"] | None = None,
    search: Annotated[str, Query(max_length=200, description="In names, or a source id.")] = "",
    limit: Limit = 100,
    offset: Offset = 0,
) -> MatchesAnswer:
    """Source accounts and what they are, weakest first; `state=review` is the queue."""
    matches = list_matches(
        connection, customer, decision=state, search=search.strip(), limit=limit, offset=offset
    )
    counts = count_matches(connection, customer, search.strip())
    return MatchesAnswer.model_validate(
        {"counts": counts, "limit": limit, "offset": offset, "matches": matches}
    )


@router.post("", dependencies=[Depends(require_scope("write"))])
def accept_many(
    body: AcceptBody, engine: EngineDep, customer: CustomerDep, principal: CurrentPrincipal
) -> AcceptedAnswer:
    """Accept every proposal of the review queue that scores at least so much. Each can be undone."""
    with engine.begin() as connection:
        decided, refused = accept_proposals(connection, customer, body.min_score, who=principal.name)
        record_event(
            connection, who=principal.name, action="match.accept_many", target=f"{len(decided)} matches",
            customer=customer, detail={"min_score": body.min_score},
        )  # fmt: skip
    return AcceptedAnswer(
        decisions=[DecisionAnswer.model_validate(one) for one in decided],
        refused=[str(error) for error in refused],
    )


@router.get("/decisions")
def get_decisions(
    connection: ConnectionDep, customer: CustomerDep, include_undone: bool = False
) -> list[DecisionAnswer]:
    """Returns what people decided, newest first."""
    decisions = match_decisions(connection, customer, include_undone=include_undone)
    return [DecisionAnswer.model_validate(one) for one in decisions]


@router.get("/{source_account_id:path}", responses=errors(404))
def get_one_match(
    source_account_id: SourceAccount, connection: ConnectionDep, customer: CustomerDep
) -> MatchAnswer:
    """Returns one source account."""
    return MatchAnswer.model_validate(get_match(connection, customer, source_account_id))


@router.post(
    "/{source_account_id:path}", dependencies=[Depends(require_scope("write"))], responses=errors(404, 409)
)
def decide_match(
    source_account_id: SourceAccount,
    body: DecisionBody,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> DecidedAnswer:
    """Accept, reject, choose another account, or undo. A decision binds all later runs until it is undone."""
    with engine.begin() as connection:
        if body.decision == "undo":
            decision = newest_decision(connection, customer, source_account_id)
            match = undo_decision(connection, customer, decision.id, who=principal.name)
        else:
            decision = decide(
                connection, customer, source_account_id, body.decision,
                who=principal.name, account_id=body.account_id, note=body.note,
            )  # fmt: skip
            match = get_match(connection, customer, source_account_id)
        record_event(
            connection, who=principal.name, action=f"match.{body.decision}", target=source_account_id,
            customer=customer, detail={"account_id": decision.account_id},
        )  # fmt: skip
    return DecidedAnswer.model_validate({"decision": decision, "match": match})
