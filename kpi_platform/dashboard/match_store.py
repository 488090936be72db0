"""How the matching and the load read and write `account_matches`, many rows at once.

What people do with single matches stands in `matches`.
"""

import json
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk import read_columns, write_columns
from kpi_platform.domain.load_plan import Array

_table = tables.account_matches
_accounts, _decisions = tables.accounts, tables.match_decisions


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """One source account as the matching sees it; the fields are those of `matches.StoredMatch`."""

    source_account_id: str
    source_name: str
    account_id: int | None
    score: float
    method: str
    decision: str
    reason: str
    candidates: list[dict[str, Any]]


class _Stored(NamedTuple):
    """One of them as it lies in the table: `candidates` are JSON."""

    source_account_id: str
    source_name: str
    account_id: int | None
    score: float
    method: str
    decision: str
    reason: str
    candidates: str
    loaded: bool


_NAMES = tuple(field.name for field in fields(StoredOutcome))
_CUSTOMER: sa.BindParameter[int] = sa.bindparam("customer")
_MINE = _table.c.customer_id == _CUSTOMER
_OUTCOMES = sa.select(_table.c.source_account_id, _table.c.decision, _table.c.account_id).where(_MINE)
_STORED = sa.select(*(_table.c[name] for name in _Stored._fields)).where(_MINE)
_LOADED = sa.select(_table.c.source_account_id, _table.c.account_id).where(
    _MINE, _table.c.loaded, _table.c.account_id.is_not(None)
)
_EXTERNAL = sa.select(_accounts.c.external_id, _accounts.c.id).where(
    _accounts.c.customer_id == _CUSTOMER, _accounts.c.external_id.is_not(None)
)
_STANDING = sa.select(_decisions.c.source_account_id, _decisions.c.account_id).where(
    _decisions.c.customer_id == _CUSTOMER, _decisions.c.undone_at.is_(None)
)
_DECIDED = _STANDING.where(_decisions.c.decision != "reject")
_REJECTED = _STANDING.where(_decisions.c.decision == "reject")
_STATE = sa.select(sa.func.count(), sa.func.max(_table.c.updated_at)).where(_MINE)
_CREATED = (
    sa.update(_table)
    .where(
        _MINE,
        _table.c.decision == "none",
        _accounts.c.customer_id == _CUSTOMER,
        _accounts.c.external_id == _table.c.source_account_id,
        _accounts.c.upload_version == sa.bindparam("upload"),
    )
    .values(account_id=_accounts.c.id, decision="match", method="created", loaded=True, reason="new account")
)
_USED = (
    sa.update(_table)
    .where(_MINE, _table.c.decision == "match", _table.c.loaded.is_(False))
    .values(loaded=True)
)


def known_links(connection: sa.Connection, customer_id: int, sources: AbstractSet[str]) -> dict[str, int]:
    """Source account → dashboard account, as earlier loads, external ids and people's decisions have it, the
    last winning; only of `sources`."""
    links = {
        source: account
        for query in (_LOADED, _EXTERNAL, _DECIDED)
        for source, account in connection.execute(query, {"customer": customer_id})
        if source in sources
    }
    rejected = rejected_pairs(connection, customer_id)
    return {source: account for source, account in links.items() if (source, account) not in rejected}


def rejected_pairs(connection: sa.Connection, customer_id: int) -> set[tuple[str, int]]:
    """Source account and dashboard account of which a person said that they are not the same."""
    return {(source, account) for source, account in connection.execute(_REJECTED, {"customer": customer_id})}


def store_outcomes(
    connection: sa.Connection, customer_id: int, outcomes: Iterable[StoredOutcome], as_of: datetime
) -> int:
    """Makes `outcomes` the customer's matches: writes what differs, removes what is not among them. A known
    account keeps how it was matched at first. Returns how many rows changed."""
    columns = read_columns(connection, _STORED, {"customer": customer_id})
    columns["account_id"] = _whole(columns["account_id"])
    stored = zip(*(column.tolist() for column in columns.values()), strict=True)
    before = {row.source_account_id: row for row in map(_Stored._make, stored)}
    kept, new = set(), []
    for outcome in outcomes:
        old = before.get(outcome.source_account_id)
        if old is not None and _says_the_same(old, outcome):
            kept.add(outcome.source_account_id)
        else:
            new.append(outcome)
    gone = [source for source in before if source not in kept]
    _delete(connection, customer_id, gone)
    _insert(connection, customer_id, new, before, as_of)
    return len(new) + len(set(gone) - {outcome.source_account_id for outcome in new})


def match_outcomes(connection: sa.Connection, customer_id: int) -> dict[str, tuple[Any, int | None]]:
    """Decision and account of every stored match, by source account."""
    columns = read_columns(connection, _OUTCOMES, {"customer": customer_id})
    outcomes = zip(columns["decision"], _whole(columns["account_id"]).tolist(), strict=True)
    return dict(zip(columns["source_account_id"], outcomes, strict=True))


def _whole(numbers: Array) -> Array:
    """Numbers that may be missing as integers and None."""
    known = ~np.isnan(numbers)
    whole = np.full(len(numbers), None, dtype=object)
    whole[known] = numbers[known].astype(np.int64).tolist()
    return whole


def matches_state(connection: sa.Connection, customer_id: int) -> tuple[int, str]:
    """Changes whenever a match of the customer is added, removed or decided anew."""
    count, newest = connection.execute(_STATE, {"customer": customer_id}).one()
    return count, str(newest)


def note_loaded(connection: sa.Connection, customer_id: int, version: int, *, created: bool) -> None:
    """Notes that a load has used the matches, which makes their source ids known from now on. Where upload
    `version` has `created` accounts for source accounts without a match, these are the matches."""
    if created:
        connection.execute(_CREATED, {"customer": customer_id, "upload": version})
    connection.execute(_USED, {"customer": customer_id})


def _says_the_same(old: _Stored, new: StoredOutcome) -> bool:
    if new.method == "id" and old.decision == "match":
        return bool(old.account_id == new.account_id and old.source_name == new.source_name)
    same = all(getattr(old, name) == getattr(new, name) for name in _NAMES if name != "candidates")
    return same and json.loads(old.candidates) == new.candidates


def _delete(connection: sa.Connection, customer_id: int, sources: list[str]) -> None:
    if not sources:
        return
    gone = _temporary("gone_matches")
    gone.create(connection)
    write_columns(connection, gone, {"source_account_id": np.array(sources, dtype=object)}, len(sources))
    same = _table.c.source_account_id.in_(sa.select(gone.c.source_account_id))
    connection.execute(sa.delete(_table).where(_table.c.customer_id == customer_id, same))
    gone.drop(connection)


def _insert(
    connection: sa.Connection,
    customer_id: int,
    outcomes: list[StoredOutcome],
    before: dict[str, _Stored],
    as_of: datetime,
) -> None:
    if not outcomes:
        return
    columns: dict[str, Any] = {
        name: np.array([getattr(outcome, name) for outcome in outcomes], dtype=object)
        for name in _NAMES
        if name not in ("account_id", "score", "candidates")
    }
    numbers = [np.nan if outcome.account_id is None else outcome.account_id for outcome in outcomes]
    columns["account_id"] = np.array(numbers, dtype=np.float64)
    columns["score"] = np.array([outcome.score for outcome in outcomes], dtype=np.float64)
    columns["candidates"] = np.array([json.dumps(o.candidates) for o in outcomes], dtype=object)
    columns["loaded"] = np.array([_still_loaded(before.get(o.source_account_id), o) for o in outcomes])
    columns |= {"customer_id": customer_id, "as_of": as_of, "updated_at": datetime.now(UTC)}
    write_columns(connection, _table, columns, len(outcomes))


def _still_loaded(old: _Stored | None, new: StoredOutcome) -> bool:
    return bool(
        old is not None and old.loaded and new.decision == "match" and old.account_id == new.account_id
    )


def _temporary(name: str, *columns: sa.Column[Any]) -> sa.Table:
    key = sa.Column("source_account_id", sa.Text, primary_key=True)
    return sa.Table(name, sa.MetaData(), key, *columns, prefixes=["TEMPORARY"])
