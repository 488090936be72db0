"""A person's decision about a match, and taking it back.

A decision binds every later run until it is undone. It also changes the stored match at once, so that the
next load follows it without a new matching. It keeps what it replaced, which undoing it brings back.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.match_decisions import DecisionKind, MatchDecision, get_decision
from kpi_platform.dashboard.matches import JOINED, SAME_NAME, StoredMatch, get_match, joined_reason
from kpi_platform.domain.errors import Conflict, InvalidInput, NotFound

_matches, _decisions, _accounts = tables.account_matches, tables.match_decisions, tables.accounts
AT_ONCE = 500
"""Proposals that are accepted together: others who write wait meanwhile."""
_KEPT = ("account_id", "score", "method", "decision", "reason", "candidates", "loaded")
"""The columns of a match that a decision changes."""


def decide(
    connection: sa.Connection,
    customer: str,
    source_account_id: str,
    decision: DecisionKind,
    *,
    who: str,
    account_id: int | None = None,
    note: str = "",
) -> MatchDecision:
    """Records a decision. `accept` and `reject` are about the proposed account (or `account_id`); `choose`
    names another one. Conflict where the account is another source account's already, unless the source
    account is one of the same name that only ServiceNow knows: it joins that one."""
    customer_id = get_customer(connection, customer).id
    match = get_match(connection, customer, source_account_id)
    target = account_id if account_id is not None else match.account_id if decision != "choose" else None
    if target is None:
        raise InvalidInput(
            f"'{decision}' on source account '{source_account_id}' needs an account.",
            next_step="Give account_id.",
        )
    _require_account(connection, customer_id, customer, target)
    joins = False
    if decision != "reject":
        joins = match.method == SAME_NAME and _owner(connection, customer_id, match, target) is not None
        if not joins:
            _require_free(connection, customer_id, match, target)
    ended = _end(connection, customer_id, source_account_id, who)
    row = {
        "customer_id": customer_id,
        "source_account_id": source_account_id,
        "source_name": match.source_name,
        "decision": decision,
        "account_id": target,
        "note": note,
        "same_name": joins,
        "decided_by": who,
        "decided_at": datetime.now(UTC),
        "replaced": {
            **{name: value for name, value in asdict(match).items() if name in _KEPT},
            "linked": _linked(connection, customer_id, source_account_id),
            "ended": ended,
        },
    }
    decision_id = connection.execute(
        sa.insert(_decisions).values(row).returning(_decisions.c.id)
    ).scalar_one()
    if decision == "reject":
        _unlink(connection, customer_id, source_account_id, target)
        values = _after_rejection(connection, customer_id, match, who)
    elif joins:
        values = {"method": JOINED, "account_id": target, "score": 1.0, "reason": joined_reason(who)}
    else:
        values = {"decision": "match", "method": "decision", "account_id": target, "score": 1.0}
        values["reason"] = f"{decision}ed by {who}" if decision == "accept" else f"chosen by {who}"
    _update(connection, customer_id, source_account_id, values)
    return get_decision(connection, customer, decision_id)


def accept_proposals(
    connection: sa.Connection, customer: str, min_score: float, *, who: str
) -> tuple[list[MatchDecision], list[Conflict]]:
    """Accepts what the review queue proposes with at least `min_score` (0 to 1), the best first, at most
    AT_ONCE. Returns the decisions, and why others could not be taken. Accounts that only have a name in
    common are left to people."""
    query = sa.select(_matches.c.source_account_id).where(
        _matches.c.customer_id == get_customer(connection, customer).id,
        _matches.c.decision == "review",
        _matches.c.score >= min_score,
        _matches.c.account_id.is_not(None),
        _matches.c.method.not_in((SAME_NAME, JOINED)),
    )
    decided: list[MatchDecision] = []
    refused: list[Conflict] = []
    for source in connection.scalars(
        query.order_by(_matches.c.score.desc(), _matches.c.source_account_id).limit(AT_ONCE)
    ).all():
        try:
            decided.append(decide(connection, customer, source, "accept", who=who))
        except Conflict as error:
            refused.append(error)
    return decided, refused


def undo_decision(connection: sa.Connection, customer: str, decision_id: int, *, who: str) -> StoredMatch:
    """Takes a decision back: the match that it replaced, the decisions that it ended and the link to the
    account are as before it. Conflict if it was undone before, a later decision on the source account stands,
    or the account of the earlier match is another source account's by now."""
    customer_id = get_customer(connection, customer).id
    decision = get_decision(connection, customer, decision_id)
    if decision.undone_at is not None:
        raise Conflict(f"Decision {decision_id} was undone already.", next_step="Read the matches again.")
    if not decision.is_last:
        raise Conflict(
            f"A later decision about '{decision.source_name}' stands.", next_step="Undo that one first."
        )
    source = decision.source_account_id
    replaced = connection.scalar(sa.select(_decisions.c.replaced).where(_decisions.c.id == decision_id))
    match = _present(connection, customer, decision)
    before = replaced or _guessed(decision, match, who)
    if before["decision"] == "match":
        _require_free(connection, customer_id, match, before["account_id"])
    _mark_undone(connection, _decisions.c.id == decision_id, who)
    again = _decisions.c.id.in_(before["ended"])
    connection.execute(sa.update(_decisions).where(again).values(undone_by=None, undone_at=None))
    _link(connection, customer_id, source, before["linked"])
    _update(connection, customer_id, source, {name: before[name] for name in _KEPT})
    return _present(connection, customer, decision)


def _present(connection: sa.Connection, customer: str, decision: MatchDecision) -> StoredMatch:
    try:
        return get_match(connection, customer, decision.source_account_id)
    except NotFound:
        # Its incidents belong to another account since the last build; the next one parts them again.
        now = datetime.now(UTC)
        return StoredMatch(
            decision.source_account_id, decision.source_name, decision.account_id, None, 1.0, SAME_NAME,
            "review", "comes back with the next run", [], False, now, now,
        )  # fmt: skip


def _guessed(decision: MatchDecision, match: StoredMatch, who: str) -> dict[str, Any]:
    """The match before a decision of a version that did not keep it: a review of its account, whose score the
    next matching computes."""
    name, reason = decision.account_name, f"decision undone by {who}; the next run computes the score"
    method = SAME_NAME if decision.same_name else "none"
    offered = {"account_id": decision.account_id, "name": name, "score": 0.0, "method": method, "reason": ""}
    others = [one for one in match.candidates if one["account_id"] != decision.account_id]
    return {
        "account_id": decision.account_id,
        "score": 0.0,
        "method": method,
        "decision": "review",
        "reason": reason,
        "candidates": [offered, *others],
        "loaded": False,
        "linked": None,
        "ended": [],
    }


def _after_rejection(
    connection: sa.Connection, customer_id: int, match: StoredMatch, who: str
) -> dict[str, Any]:
    query = sa.select(_decisions.c.account_id).where(
        _decisions.c.customer_id == customer_id,
        _decisions.c.source_account_id == match.source_account_id,
        _decisions.c.decision == "reject",
        _decisions.c.undone_at.is_(None),
    )
    rejected = set(connection.scalars(query))
    left = [one for one in match.candidates if one["account_id"] not in rejected]
    values: dict[str, Any] = {"reason": f"rejected by {who}", "loaded": False, "candidates": left}
    if left:
        return values | {"decision": "review", "account_id": left[0]["account_id"], "score": left[0]["score"]}
    return values | {"decision": "none", "account_id": None, "method": "none", "score": 0.0}


def _require_account(connection: sa.Connection, customer_id: int, customer: str, account_id: int) -> None:
    query = sa.select(_accounts.c.id).where(
        _accounts.c.customer_id == customer_id, _accounts.c.id == account_id
    )
    if connection.execute(query).scalar() is None:
        raise NotFound(f"Customer '{customer}' has no account {account_id}.", next_step="Choose another.")


def _require_free(connection: sa.Connection, customer_id: int, match: StoredMatch, account_id: int) -> None:
    """Raises Conflict if the account is another source account's."""
    other = _owner(connection, customer_id, match, account_id)
    if other is not None:
        raise Conflict(
            f"Account {account_id} is '{other.source_name}' ({other.source_account_id}) already.",
            next_step="Reject that match first, or choose another account.",
        )


def _owner(
    connection: sa.Connection, customer_id: int, match: StoredMatch, account_id: int
) -> sa.Row[Any] | None:
    """The other source account that is this account."""
    query = sa.select(_matches.c.source_name, _matches.c.source_account_id).where(
        _matches.c.customer_id == customer_id,
        _matches.c.account_id == account_id,
        _matches.c.decision == "match",
        _matches.c.source_account_id != match.source_account_id,
    )
    return connection.execute(query).first()


def _end(connection: sa.Connection, customer_id: int, source: str, who: str) -> list[int]:
    """Ends an earlier accept or choose: one source account is one account. Returns what it has ended."""
    condition = sa.and_(
        _decisions.c.customer_id == customer_id,
        _decisions.c.source_account_id == source,
        _decisions.c.decision != "reject",
        _decisions.c.undone_at.is_(None),
    )
    ended = list(connection.scalars(sa.select(_decisions.c.id).where(condition)))
    _mark_undone(connection, condition, who)
    return ended


def _mark_undone(connection: sa.Connection, condition: sa.ColumnElement[bool], who: str) -> None:
    values = {"undone_by": who, "undone_at": datetime.now(UTC)}
    connection.execute(sa.update(_decisions).where(condition).values(values))


def _linked(connection: sa.Connection, customer_id: int, source: str) -> int | None:
    """The account that has the source account's id."""
    mine = sa.and_(_accounts.c.customer_id == customer_id, _accounts.c.external_id == source)
    return connection.scalar(sa.select(_accounts.c.id).where(mine))


def _unlink(connection: sa.Connection, customer_id: int, source: str, account_id: int) -> None:
    if _linked(connection, customer_id, source) == account_id:
        _link(connection, customer_id, source, None)


def _link(connection: sa.Connection, customer_id: int, source: str, account_id: int | None) -> None:
    """Gives the source account's id to this account alone, unless it has another one; or to none."""
    mine = _accounts.c.customer_id == customer_id
    others = sa.and_(mine, _accounts.c.external_id == source, _accounts.c.id != (account_id or 0))
    connection.execute(sa.update(_accounts).where(others).values(external_id=None))
    free = sa.and_(mine, _accounts.c.id == account_id, _accounts.c.external_id.is_(None))
    connection.execute(sa.update(_accounts).where(free).values(external_id=source))


def _update(connection: sa.Connection, customer_id: int, source: str, values: dict[str, Any]) -> None:
    key = sa.and_(_matches.c.customer_id == customer_id, _matches.c.source_account_id == source)
    connection.execute(sa.update(_matches).where(key).values(**values, updated_at=datetime.now(UTC)))
