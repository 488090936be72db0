"""How the matching and the load read and write `account_matches`: many rows at once, of several customers.

Decisions of people on single matches are in `matches`.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk_reading import read_columns_of
from kpi_platform.dashboard.bulk_writing import from_python, temporary, write_columns
from kpi_platform.dashboard.types import among_customers
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
    facts: dict[str, Any] | None = None


class StoredRow(NamedTuple):
    """One of them as it lies in the table: `candidates` and `facts` are JSON."""

    source_account_id: str
    source_name: str
    account_id: int | None
    score: float
    method: str
    decision: str
    reason: str
    candidates: str
    facts: str | None
    loaded: bool


@dataclass(frozen=True, slots=True)
class MatchChanges:
    """The changes of a matching to the stored matches: `new` ones, each with whether a load has used it
    already, source accounts whose stored row is `gone` or replaced, and rows that are `kept` as they are."""

    new: list[tuple[StoredOutcome, bool]]
    gone: list[str]
    kept: list[StoredRow]

    def __len__(self) -> int:
        """Source accounts whose match is new, other than before, or no more."""
        return len({*self.gone, *(outcome.source_account_id for outcome, _ in self.new)})


@dataclass(frozen=True, slots=True)
class KnownMatches:
    """The stored matches of one customer: those that are `stored`, by source account; the account that people
    `decided` on, by source account; those that were only known to ServiceNow and are `joined` to an account
    of Salesforce from the next build on; and the pairs that people said are not the same."""

    stored: Mapping[str, StoredRow]
    decided: dict[str, int] = field(default_factory=dict)
    rejected: set[tuple[str, int]] = field(default_factory=set)
    joined: dict[str, int] = field(default_factory=dict)

    def links(self, external_ids: Mapping[str, int]) -> dict[str, int]:
        """Source account → dashboard account, as earlier loads, `external_ids` and people's decisions have
        it, the last winning."""
        loaded = {
            source: row.account_id
            for source, row in self.stored.items()
            if row.loaded and row.account_id is not None
        }
        links = {**loaded, **external_ids, **self.decided}
        return {
            source: account for source, account in links.items() if (source, account) not in self.rejected
        }

    def changes(self, outcomes: Sequence[StoredOutcome]) -> MatchChanges:
        """Returns the changes that make `outcomes` the customer's matches: those that differ are written,
        others removed. A known account keeps how it was matched at first."""
        kept, new = {}, []
        for outcome in outcomes:
            old = self.stored.get(outcome.source_account_id)
            if old is not None and _says_the_same(old, outcome):
                kept[outcome.source_account_id] = old
            else:
                new.append((outcome, _still_loaded(old, outcome)))
        return MatchChanges(new, [one for one in self.stored if one not in kept], list(kept.values()))


_NAMES = tuple(field.name for field in fields(StoredOutcome))
_JSON = ("candidates", "facts")
_MINE = _table.c.customer_id == sa.bindparam("customer")
_OURS = among_customers(_table.c.customer_id)
_OUTCOMES = sa.select(
    _table.c.customer_id, _table.c.source_account_id, _table.c.decision, _table.c.account_id
).where(_OURS)
_STORED = sa.select(_table.c.customer_id, *(_table.c[name] for name in StoredRow._fields)).where(_OURS)
_STANDING = sa.select(
    _decisions.c.customer_id,
    _decisions.c.source_account_id,
    _decisions.c.account_id,
    _decisions.c.decision,
    _decisions.c.same_name,
).where(among_customers(_decisions.c.customer_id), _decisions.c.undone_at.is_(None))
_LINKS = (
    sa.select(_decisions.c.customer_id, _decisions.c.source_account_id, _table.c.source_account_id)
    .join_from(
        _decisions,
        _table,
        sa.and_(
            _table.c.customer_id == _decisions.c.customer_id,
            _table.c.account_id == _decisions.c.account_id,
            _table.c.decision == "match",
            _table.c.source_account_id != _decisions.c.source_account_id,
        ),
    )
    .where(
        among_customers(_decisions.c.customer_id),
        _decisions.c.same_name,
        _decisions.c.decision != "reject",
        _decisions.c.undone_at.is_(None),
    )
    .order_by(_decisions.c.customer_id, _decisions.c.source_account_id, _table.c.source_account_id)
)
_STATE = (
    sa.select(_table.c.customer_id, sa.func.count(), sa.func.max(_table.c.updated_at))
    .where(_OURS)
    .group_by(_table.c.customer_id)
)
_CREATED = (
    sa.update(_table)
    .where(
        _MINE,
        _table.c.decision == "none",
        _accounts.c.customer_id == sa.bindparam("customer"),
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
_GONE = sa.Table(
    "gone_matches",
    sa.MetaData(),
    sa.Column("customer_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("source_account_id", sa.Text, primary_key=True),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
_DELETE = sa.delete(_table).where(
    sa.tuple_(_table.c.customer_id, _table.c.source_account_id).in_(
        sa.select(_GONE.c.customer_id, _GONE.c.source_account_id)
    )
)


def read_matches(connection: sa.Connection, customer_ids: Sequence[int]) -> dict[int, KnownMatches]:
    """Returns the stored matches and decisions of each of these customers."""
    known = {}
    for customer_id, columns in read_columns_of(connection, _STORED, customer_ids).items():
        columns["account_id"] = _whole(columns["account_id"])
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        known[customer_id] = KnownMatches({row[0]: StoredRow._make(row) for row in rows})
    standing = connection.execute(_STANDING, {"customers": customer_ids})
    for customer_id, source, account, decision, same_name in standing:
        if decision == "reject":
            known[customer_id].rejected.add((source, account))
        elif same_name:
            known[customer_id].joined[source] = account
        else:
            known[customer_id].decided[source] = account
    return known


def accepted_links(
    connection: sa.Connection, customer_ids: Sequence[int]
) -> dict[int, list[tuple[str, str]]]:
    """Returns by customer: source accounts that were only known to ServiceNow, each with a source account of
    the dashboard's account that people accepted it as."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for customer, linked, account in connection.execute(_LINKS, {"customers": list(customer_ids)}):
        found[customer].append((linked, account))
    return found


def store_changes(connection: sa.Connection, changes: Mapping[int, MatchChanges], as_of: datetime) -> None:
    """Writes what has changed of each customer's matches."""
    gone = [(customer, source) for customer, change in changes.items() for source in change.gone]
    if gone:
        columns = from_python(_GONE, dict(zip(_GONE.c.keys(), zip(*gone, strict=True), strict=True)))
        with temporary(connection, _GONE):
            write_columns(connection, _GONE, columns, len(gone))
            connection.execute(_DELETE)
    new = [(customer, *one) for customer, change in changes.items() for one in change.new]
    if new:
        customers, outcomes, loaded = zip(*new, strict=True)
        values = {name: [getattr(outcome, name) for outcome in outcomes] for name in _NAMES}
        values |= {
            "candidates": [json.dumps(outcome.candidates) for outcome in outcomes],
            "facts": [json.dumps(outcome.facts) if outcome.facts else None for outcome in outcomes],
        }
        columns = from_python(_table, {"customer_id": customers, **values, "loaded": loaded})
        columns |= {"as_of": as_of, "updated_at": datetime.now(UTC)}
        write_columns(connection, _table, columns, len(new))


def match_outcomes(
    connection: sa.Connection, customer_ids: Sequence[int]
) -> dict[int, dict[str, tuple[Any, int | None]]]:
    """Returns, by customer, decision and account of every stored match, by source account."""
    return {
        customer: dict(
            zip(
                columns["source_account_id"],
                zip(columns["decision"], _whole(columns["account_id"]).tolist(), strict=True),
                strict=True,
            )
        )
        for customer, columns in read_columns_of(connection, _OUTCOMES, customer_ids).items()
    }


def _whole(numbers: Array) -> Array:
    """Numbers that may be missing as integers and None."""
    known = ~np.isnan(numbers)
    whole = np.full(len(numbers), None, dtype=object)
    whole[known] = numbers[known].astype(np.int64).tolist()
    return whole


def matches_states(connection: sa.Connection, customer_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Returns, by customer, a text that changes whenever a match is added, removed or decided again."""
    states: dict[int, tuple[int, str]] = defaultdict(lambda: (0, "None"))
    for customer, count, newest in connection.execute(_STATE, {"customers": customer_ids}):
        states[customer] = count, str(newest)
    return states


def note_loaded(
    connection: sa.Connection, versions: Mapping[int, int], *, created: Mapping[int, int]
) -> None:
    """Notes that the loads of these customers (by id; the upload's version) have used their matches, which
    makes their source ids known from now on. If uploads have `created` accounts for source accounts
    without a match, these are the matches."""
    if created:
        made = [{"customer": customer, "upload": version} for customer, version in created.items()]
        connection.execute(_CREATED, made)
    if versions:
        connection.execute(_USED, [{"customer": customer} for customer in versions])


def _says_the_same(old: StoredRow, new: StoredOutcome) -> bool:
    if new.method == "id" and old.decision == "match":
        return bool(old.account_id == new.account_id and old.source_name == new.source_name)
    same = all(getattr(old, name) == getattr(new, name) for name in _NAMES if name not in _JSON)
    facts = json.loads(old.facts) if old.facts else None
    return same and json.loads(old.candidates) == new.candidates and facts == new.facts


def _still_loaded(old: StoredRow | None, new: StoredOutcome) -> bool:
    return bool(
        old is not None and old.loaded and new.decision == "match" and old.account_id == new.account_id
    )
