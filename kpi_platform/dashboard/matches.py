# Long: one decision and its undoing read the same rows.
"""The matches: the dashboard account of each source account, and people's decisions about it.

A decision binds every later run until it is undone. It also changes the stored match at once, so that the
next load follows it without a new matching.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import Conflict, InvalidInput, NotFound

DecisionKind = Literal["accept", "reject", "choose"]

SAME_NAME = "same_name"
"""Method of a review: an account that only ServiceNow knows has the name of one of Salesforce."""
JOINED = "joined"
"""Method of one that was accepted, until the next build joins it."""


def joined_reason(who: str) -> str:
    return f"accepted by {who}; its incidents join the account with the next run"


@dataclass(frozen=True, slots=True)
class StoredMatch:
    """`account_id` is the accepted account (match) or the best proposal (review); `candidates` are
    `{"account_id", "name", "score", "method", "reason"}`, best first."""

    source_account_id: str
    source_name: str
    account_id: int | None
    account_name: str | None
    score: float
    method: str
    decision: Literal["match", "review", "none"]
    reason: str
    candidates: list[dict[str, Any]]
    loaded: bool
    as_of: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class MatchDecision:
    """Undone ones are kept: `undone_at` says when. `same_name`: the source account was only known to
    ServiceNow, and its incidents belong to the account's Salesforce record from the next build on."""

    id: int
    source_account_id: str
    source_name: str
    decision: DecisionKind
    account_id: int
    note: str
    same_name: bool
    decided_by: str
    decided_at: datetime
    undone_by: str | None
    undone_at: datetime | None


_table = tables.account_matches
_decisions = tables.match_decisions
_accounts = tables.accounts
_ALL = (
    sa.select(
        *(column for column in _table.c if column.name != "customer_id"),
        _accounts.c.name.label("account_name"),
    )
    .outerjoin_from(
        _table,
        _accounts,
        sa.and_(_accounts.c.customer_id == _table.c.customer_id, _accounts.c.id == _table.c.account_id),
    )
    .where(_table.c.customer_id == sa.bindparam("customer"))
)


def list_matches(
    connection: sa.Connection,
    customer: str,
    *,
    decision: Literal["match", "review", "none"] | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[StoredMatch]:
    """Returns the customer's matches, weakest first: the review queue is `decision="review"`."""
    query = _select(connection, customer).order_by(_table.c.score, _table.c.source_account_id)
    if decision is not None:
        query = query.where(_table.c.decision == decision)
    rows = connection.execute(query.limit(limit).offset(offset)).mappings()
    return [StoredMatch(**row) for row in rows]


def get_match(connection: sa.Connection, customer: str, source_account_id: str) -> StoredMatch:
    """Returns the match of one source account, or NotFound."""
    query = _select(connection, customer).where(_table.c.source_account_id == source_account_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(
            f"Customer '{customer}' has no source account '{source_account_id}' in its matches.",
            next_step="Run the matching first, or list the matches.",
        )
    return StoredMatch(**row)


def matches_of_account(connection: sa.Connection, customer: str, account_id: int) -> list[StoredMatch]:
    """Returns the source accounts that are this account, best first."""
    mine = _select(connection, customer).where(
        _table.c.account_id == account_id, _table.c.decision == "match"
    )
    rows = connection.execute(mine.order_by(_table.c.score.desc(), _table.c.source_account_id)).mappings()
    return [StoredMatch(**row) for row in rows]


def accounts_of_sources(
    connection: sa.Connection, customer: str, source_account_ids: Sequence[str]
) -> dict[str, int]:
    """Source account → the account that it is, for those of them that are one."""
    mine = sa.select(_table.c.source_account_id, _table.c.account_id).where(
        _table.c.customer_id == get_customer(connection, customer).id,
        _table.c.source_account_id.in_(source_account_ids),
        _table.c.decision == "match",
    )
    return dict(connection.execute(mine).tuples().all())


def count_matches(connection: sa.Connection, customer: str) -> dict[str, int]:
    """Returns how many of the customer's source accounts have each decision."""
    query = sa.select(_table.c.decision, sa.func.count()).group_by(_table.c.decision)
    mine = query.where(_table.c.customer_id == get_customer(connection, customer).id)
    return dict(connection.execute(mine).tuples().all())


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
    other = None if decision == "reject" else _owner(connection, customer_id, match, target)
    joins = other is not None and match.method == SAME_NAME
    if other is not None and not joins:
        raise Conflict(
            f"Account {target} is '{other.source_name}' ({other.source_account_id}) already.",
            next_step="Reject that match first, or choose another account.",
        )
    _end(connection, customer_id, source_account_id, who)
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
    }
    decision_id = connection.execute(
        sa.insert(_decisions).values(row).returning(_decisions.c.id)
    ).scalar_one()
    if decision == "reject":
        _unlink(connection, customer_id, source_account_id, target)
        values = _after_rejection(connection, customer, match, who)
    elif joins:
        values = {"method": JOINED, "account_id": target, "score": 1.0, "reason": joined_reason(who)}
    else:
        values = {"decision": "match", "method": "decision", "account_id": target, "score": 1.0}
        values["reason"] = f"{decision}ed by {who}" if decision == "accept" else f"chosen by {who}"
    _update(connection, customer_id, source_account_id, values)
    return _decision(connection, customer_id, decision_id)


def undo_decision(connection: sa.Connection, customer: str, decision_id: int, *, who: str) -> StoredMatch:
    """Takes a decision back: the source account is in review again, and the link that a load made by the
    decision is cut. Conflict if it was undone before."""
    customer_id = get_customer(connection, customer).id
    decision = _decision(connection, customer_id, decision_id)
    if decision.undone_at is not None:
        raise Conflict(f"Decision {decision_id} was undone already.", next_step="Read the matches again.")
    _mark_undone(connection, _decisions.c.id == decision_id, who)
    if decision.decision != "reject":
        _unlink(connection, customer_id, decision.source_account_id, decision.account_id)
    values = {"decision": "review", "method": "none", "loaded": False, "reason": f"decision undone by {who}"}
    values["account_id"] = decision.account_id
    if decision.same_name:
        values["method"] = SAME_NAME
    _update(connection, customer_id, decision.source_account_id, values)
    return _undone_match(connection, customer, decision)


def _undone_match(connection: sa.Connection, customer: str, decision: MatchDecision) -> StoredMatch:
    try:
        return get_match(connection, customer, decision.source_account_id)
    except NotFound:
        # Its incidents belong to another account since the last build; the next one parts them again.
        now = datetime.now(UTC)
        return StoredMatch(
            decision.source_account_id, decision.source_name, decision.account_id, None, 1.0, SAME_NAME,
            "review", "comes back with the next run", [], False, now, now,
        )  # fmt: skip


def match_decisions(
    connection: sa.Connection, customer: str, *, include_undone: bool = False
) -> list[MatchDecision]:
    """Returns the customer's decisions, newest first."""
    query = _select_decisions(get_customer(connection, customer).id).order_by(_decisions.c.id.desc())
    if not include_undone:
        query = query.where(_decisions.c.undone_at.is_(None))
    return [MatchDecision(**row) for row in connection.execute(query).mappings()]


def newest_decision(connection: sa.Connection, customer: str, source_account_id: str) -> MatchDecision:
    """Returns the newest decision on a source account that is not undone. Raises NotFound if there is
    none."""
    query = _select_decisions(get_customer(connection, customer).id).where(
        _decisions.c.source_account_id == source_account_id, _decisions.c.undone_at.is_(None)
    )
    row = connection.execute(query.order_by(_decisions.c.id.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        raise NotFound(
            f"Nobody has decided about source account '{source_account_id}'.",
            next_step="List the decisions.",
        )
    return MatchDecision(**row)


def _after_rejection(
    connection: sa.Connection, customer: str, match: StoredMatch, who: str
) -> dict[str, Any]:
    rejected = {
        decision.account_id
        for decision in match_decisions(connection, customer)
        if decision.decision == "reject" and decision.source_account_id == match.source_account_id
    }
    left = [one for one in match.candidates if one["account_id"] not in rejected]
    values: dict[str, Any] = {"reason": f"rejected by {who}", "loaded": False, "candidates": left}
    if left:
        return values | {"decision": "review", "account_id": left[0]["account_id"], "score": left[0]["score"]}
    return values | {"decision": "none", "account_id": None, "method": "none", "score": 0.0}


def _require_account(connection: sa.Connection, customer_id: int, customer: str, account_id: int) -> None:
    accounts = tables.accounts
    query = sa.select(accounts.c.id).where(accounts.c.customer_id == customer_id, accounts.c.id == account_id)
    if connection.execute(query).scalar() is None:
        raise NotFound(f"Customer '{customer}' has no account {account_id}.", next_step="Choose another.")


def _owner(
    connection: sa.Connection, customer_id: int, match: StoredMatch, account_id: int
) -> sa.Row[Any] | None:
    """The other source account that is this account."""
    query = sa.select(_table.c.source_name, _table.c.source_account_id).where(
        _table.c.customer_id == customer_id,
        _table.c.account_id == account_id,
        _table.c.decision == "match",
        _table.c.source_account_id != match.source_account_id,
    )
    return connection.execute(query).first()


def _end(connection: sa.Connection, customer_id: int, source: str, who: str) -> None:
    """One source account is one account: an earlier accept or choose is replaced."""
    condition = sa.and_(
        _decisions.c.customer_id == customer_id,
        _decisions.c.source_account_id == source,
        _decisions.c.decision != "reject",
        _decisions.c.undone_at.is_(None),
    )
    _mark_undone(connection, condition, who)


def _mark_undone(connection: sa.Connection, condition: sa.ColumnElement[bool], who: str) -> None:
    values = {"undone_by": who, "undone_at": datetime.now(UTC)}
    connection.execute(sa.update(_decisions).where(condition).values(values))


def _unlink(connection: sa.Connection, customer_id: int, source: str, account_id: int) -> None:
    accounts = tables.accounts
    linked = sa.and_(
        accounts.c.customer_id == customer_id, accounts.c.id == account_id, accounts.c.external_id == source
    )
    connection.execute(sa.update(accounts).where(linked).values(external_id=None))


def _update(connection: sa.Connection, customer_id: int, source: str, values: dict[str, Any]) -> None:
    key = sa.and_(_table.c.customer_id == customer_id, _table.c.source_account_id == source)
    connection.execute(sa.update(_table).where(key).values(**values, updated_at=datetime.now(UTC)))


def _decision(connection: sa.Connection, customer_id: int, decision_id: int) -> MatchDecision:
    query = _select_decisions(customer_id).where(_decisions.c.id == decision_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no decision {decision_id}.", next_step="List the decisions.")
    return MatchDecision(**row)


def _select_decisions(customer_id: int) -> sa.Select[Any]:
    columns = [column for column in _decisions.c if column.name != "customer_id"]
    return sa.select(*columns).where(_decisions.c.customer_id == customer_id)


def _select(connection: sa.Connection, customer: str) -> sa.Select[Any]:
    return _ALL.params(customer=get_customer(connection, customer).id)
