"""Decisions of people about matches. `deciding` makes a decision, and undoes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import NotFound

DecisionKind = Literal["accept", "reject", "choose"]


@dataclass(frozen=True, slots=True)
class MatchDecision:
    """Undone ones are kept: `undone_at` says when. `same_name`: the source account was only known to
    ServiceNow, and its incidents belong to the account's Salesforce record from the next build on.
    `is_last`: no later decision on the source account stands; the last one alone can be undone."""

    id: int
    source_account_id: str
    source_name: str
    decision: DecisionKind
    account_id: int
    account_name: str
    note: str
    same_name: bool
    decided_by: str
    decided_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    is_last: bool


_decisions, _accounts = tables.match_decisions, tables.accounts
_later = _decisions.alias("later")
_IS_LAST = sa.and_(
    _decisions.c.undone_at.is_(None),
    ~sa.exists().where(
        _later.c.customer_id == _decisions.c.customer_id,
        _later.c.source_account_id == _decisions.c.source_account_id,
        _later.c.id > _decisions.c.id,
        _later.c.undone_at.is_(None),
    ),
)
_ALL = sa.select(
    *(column for column in _decisions.c if column.name not in ("customer_id", "replaced")),
    _accounts.c.name.label("account_name"),
    _IS_LAST.label("is_last"),
).join_from(
    _decisions,
    _accounts,
    sa.and_(_accounts.c.customer_id == _decisions.c.customer_id, _accounts.c.id == _decisions.c.account_id),
)


def match_decisions(
    connection: sa.Connection, customer: str, *, include_undone: bool = False, limit: int | None = None
) -> list[MatchDecision]:
    """Returns the customer's decisions, newest first."""
    query = _select(connection, customer).order_by(_decisions.c.id.desc()).limit(limit)
    if not include_undone:
        query = query.where(_decisions.c.undone_at.is_(None))
    return [MatchDecision(**row) for row in connection.execute(query).mappings()]


def get_decision(connection: sa.Connection, customer: str, decision_id: int) -> MatchDecision:
    """Returns one decision of the customer, or NotFound."""
    query = _select(connection, customer).where(_decisions.c.id == decision_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no decision {decision_id}.", next_step="List the decisions.")
    return MatchDecision(**row)


def newest_decision(connection: sa.Connection, customer: str, source_account_id: str) -> MatchDecision:
    """Returns the newest decision on a source account that is not undone. Raises NotFound if there is
    none."""
    query = _select(connection, customer).where(
        _decisions.c.source_account_id == source_account_id, _decisions.c.undone_at.is_(None)
    )
    row = connection.execute(query.order_by(_decisions.c.id.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        raise NotFound(
            f"Nobody has decided about source account '{source_account_id}'.",
            next_step="List the decisions.",
        )
    return MatchDecision(**row)


def _select(connection: sa.Connection, customer: str) -> sa.Select[Any]:
    return _ALL.where(_decisions.c.customer_id == get_customer(connection, customer).id)
