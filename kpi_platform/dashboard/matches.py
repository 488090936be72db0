"""The matches: the dashboard account of each source account. `match_decisions` has what people decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import NotFound

SAME_NAME = "same_name"
"""Method of a review: an account that only ServiceNow knows has the name of one of Salesforce."""
JOINED = "joined"
"""Method of one that was accepted, until the next build joins it."""


def joined_reason(who: str) -> str:
    return f"accepted by {who}; its incidents join the account with the next run"


@dataclass(frozen=True, slots=True)
class StoredMatch:
    """`account_id` is the accepted account (match) or the best proposal (review); `candidates` are
    `{"account_id", "name", "score", "method", "reason"}`, best first. `facts` is what the source says of an
    account that waits for review: the columns of `domain.account_columns`, and `domains`."""

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
    facts: dict[str, Any] | None = None


_table = tables.account_matches
_accounts = tables.accounts
_OF_ACCOUNT = sa.and_(_accounts.c.customer_id == _table.c.customer_id, _accounts.c.id == _table.c.account_id)
_ALL = (
    sa.select(
        *(column for column in _table.c if column.name != "customer_id"),
        _accounts.c.name.label("account_name"),
    )
    .outerjoin_from(_table, _accounts, _OF_ACCOUNT)
    .where(_table.c.customer_id == sa.bindparam("customer"))
)


def list_matches(
    connection: sa.Connection,
    customer: str,
    *,
    decision: Literal["match", "review", "none"] | None = None,
    search: str = "",
    limit: int = 100,
    offset: int = 0,
) -> list[StoredMatch]:
    """Returns the customer's matches, weakest first: the review queue is `decision="review"`. `search` is a
    part of either name, or the source account's id."""
    query = _select(connection, customer).order_by(_table.c.score, _table.c.source_account_id)
    if decision is not None:
        query = query.where(_table.c.decision == decision)
    if search:
        query = query.where(_is_found(search))
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


def count_matches(connection: sa.Connection, customer: str, search: str = "") -> dict[str, int]:
    """Returns how many of the customer's source accounts have each decision, of those that `search` finds."""
    query = sa.select(_table.c.decision, sa.func.count()).group_by(_table.c.decision)
    mine = query.where(_table.c.customer_id == get_customer(connection, customer).id)
    if search:
        mine = mine.outerjoin_from(_table, _accounts, _OF_ACCOUNT).where(_is_found(search))
    return dict(connection.execute(mine).tuples().all())


def _is_found(search: str) -> sa.ColumnElement[bool]:
    return sa.or_(
        _table.c.source_name.icontains(search, autoescape=True),
        _accounts.c.name.icontains(search, autoescape=True),
        _table.c.source_account_id == search,
    )


def _select(connection: sa.Connection, customer: str) -> sa.Select[Any]:
    return _ALL.params(customer=get_customer(connection, customer).id)
