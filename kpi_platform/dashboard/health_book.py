"""The health of all accounts as of any instant, from what uploads brought that still count.

Of a customer with many accounts the state after the last upload of each week is kept beside the histories
(`keep_weeks`), so that a chart over a year reads 52 short rows instead of all histories. A kept week whose
upload was taken back, or behind whose end a later back-fill has come, is not used.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk_reading import read_columns
from kpi_platform.dashboard.types import among
from kpi_platform.domain.load_plan import Array

KEPT_FROM = 500
"""Accounts from which reading kept weeks is cheaper than reading the histories."""

_uploads, _weeks = tables.kpi_uploads, tables.health_weeks
_BROUGHT = ("inserted", "updated", "retired", "baseline", "history_only")
"""Changes that bring something new; a roll-back only shows again what was there."""


@dataclass(frozen=True, slots=True)
class HealthBook:
    """Accounts that were there as of `as_of`, ascending by id. `scores` and `money` are NaN without one. An
    account whose money was not known then counts with that of today."""

    as_of: datetime
    accounts: Array
    scores: Array
    money: Array


@dataclass(frozen=True, slots=True)
class _Brought:
    """An upload that counts and brought something."""

    version: int
    as_of: datetime

    @property
    def week(self) -> datetime:
        """The Monday of its week."""
        day = self.as_of.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day - timedelta(days=day.weekday())


@dataclass(slots=True)
class HealthBooks:
    """Reads the books of one customer. `is_arr` says what money is: the annual recurring revenue if that of
    any account is known, else the revenue."""

    connection: sa.Connection
    customer_id: int
    _uploads: list[_Brought] = field(init=False)
    _everybody: Array = field(init=False)
    _money: Array = field(init=False)
    is_arr: bool = field(init=False)

    def __post_init__(self) -> None:
        self._uploads = _brought(self.connection, self.customer_id)
        everybody = read_columns(self.connection, _EVERYBODY, {"customer": self.customer_id})
        self._everybody = everybody["id"]
        self.is_arr = bool((~np.isnan(everybody["arr"])).any())
        self._money = self.money_of(everybody)

    def money_of(self, rows: Mapping[str, Array]) -> Array:
        """Returns the money of rows of accounts or of their history."""
        return rows["arr" if self.is_arr else "revenue"]

    @property
    def first_at(self) -> datetime | None:
        """The instant at which the history begins; None if nothing was loaded."""
        return next((one.as_of for one in self._uploads if one.version), None)

    def at(self, instant: datetime) -> HealthBook:
        """Returns the book as of `instant`."""
        stop = bisect_right(self._uploads, instant, key=lambda one: one.as_of)
        [book] = self._read([stop])
        return book

    def now(self) -> HealthBook:
        """Returns the book of what is shown now."""
        rows = read_columns(self.connection, _NOW, {"customer": self.customer_id})
        return HealthBook(datetime.max, rows["id"], rows["health_score"], self.money_of(rows))

    def weekly(self, weeks: int) -> list[tuple[datetime, HealthBook]]:
        """Returns the Monday and the last book of each of the newest `weeks` that had an upload, oldest
        first."""
        stops = self._week_ends()[-weeks:]
        mondays = [self._uploads[stop - 1].week for stop in stops]
        return list(zip(mondays, self._read(stops), strict=True)) if stops else []

    def keep_weeks(self) -> None:
        """Keeps the state at the end of each week that is not kept yet, and forgets what is not valid any
        more."""
        ends = self._week_ends()
        kept = self._kept()
        missing = [stop for stop in ends if stop not in kept]
        valid = {self._uploads[stop - 1].version for stop in ends if stop in kept}
        mine = _weeks.c.customer_id == self.customer_id
        self.connection.execute(sa.delete(_weeks).where(mine, _weeks.c.upload_version.not_in(valid)))
        rows = [
            {
                "customer_id": self.customer_id,
                "upload_version": self._uploads[stop - 1].version,
                "accounts": book.accounts.astype("<i4").tobytes(),
                "scores": book.scores.astype("<f8").tobytes(),
                "money": book.money.astype("<f8").tobytes(),
                "is_arr": self.is_arr,
            }
            for stop, book in zip(missing, self._read(missing), strict=True)
        ]
        if rows:
            self.connection.execute(sa.insert(_weeks), rows)

    def _week_ends(self) -> list[int]:
        """How many uploads have come by the end of each week."""
        last = {one.week: place for place, one in enumerate(self._uploads, 1)}
        return sorted(last.values())

    def _kept(self) -> dict[int, int]:
        """Version of each kept week that is valid, by how many uploads have come by its end."""
        mine = _weeks.c.customer_id == self.customer_id, _weeks.c.is_arr.is_(self.is_arr)
        query = sa.select(_weeks.c.upload_version).where(*mine)
        kept = set(self.connection.scalars(query))
        newest, valid = 0, {}
        for place, one in enumerate(self._uploads, 1):
            newest = max(newest, one.version)
            if one.version == newest and one.version in kept:
                valid[place] = one.version
        return valid

    def _read(self, stops: Sequence[int]) -> Iterator[HealthBook]:
        """Yields the book after so many uploads, for each of `stops` (ascending)."""
        if not stops:
            return
        kept = self._kept()
        start = max((stop for stop in kept if stop <= stops[0]), default=0)
        spans = [
            (begin, stop)
            for begin, stop in zip((start, *stops[:-1]), stops, strict=True)
            if stop not in kept and begin < stop
        ]
        told = [self._uploads[place].version for begin, stop in spans for place in range(begin, stop)]
        ranks = {one.version: place for place, one in enumerate(self._uploads)}
        changes = self._changes(told, ranks)
        used = {kept[stop] for stop in (start, *stops) if stop in kept}
        weeks = _kept_weeks(self.connection, self.customer_id, used)
        book = _State.empty(self._everybody, self._money)
        if start:
            book.take(*weeks[kept[start]])
        begin = start
        for stop in stops:
            if stop in kept:
                book.take(*weeks[kept[stop]])
            else:
                changes.apply(book, begin, stop)
            begin = stop
            yield book.shown(self._uploads[stop - 1].as_of if stop else datetime.min.replace(tzinfo=UTC))

    def _changes(self, versions: list[int], ranks: Mapping[int, int]) -> "_Changes":
        given = {"customer": self.customer_id, "versions": versions}
        parts = []
        for query in (_HEALTH, _ACCOUNTS):
            rows = read_columns(self.connection, query, given)
            known, at = np.unique(rows.pop("upload_version"), return_inverse=True)
            rank = np.array([ranks[version] for version in known.tolist()], np.int64)[at]
            order = np.argsort(rank, kind="stable")
            place = np.searchsorted(self._everybody, rows.pop("account_id"))
            parts.append(
                {"rank": rank[order], "place": place[order]} | {n: v[order] for n, v in rows.items()}
            )
        return _Changes(parts[0], parts[1], self.money_of(parts[1]))


@dataclass(slots=True)
class _State:
    """A place for each account of the customer."""

    everybody: Array
    usual: Array
    there: Array
    scores: Array
    money: Array

    @classmethod
    def empty(cls, everybody: Array, usual: Array) -> "_State":
        size = len(everybody)
        return cls(everybody, usual, np.zeros(size, bool), np.full(size, np.nan), usual.copy())

    def take(self, accounts: Array, scores: Array, money: Array) -> None:
        """Takes the state over that was kept."""
        places = np.searchsorted(self.everybody, accounts)
        self.there[:], self.scores[:], self.money[:] = False, np.nan, self.usual
        self.there[places], self.scores[places], self.money[places] = True, scores, money

    def shown(self, as_of: datetime) -> HealthBook:
        return HealthBook(as_of, self.everybody[self.there], self.scores[self.there], self.money[self.there])


@dataclass(frozen=True, slots=True)
class _Changes:
    """Rows of both histories in the order of time: `rank` is the place of their upload."""

    health: Mapping[str, Array]
    accounts: Mapping[str, Array]
    money: Array

    def apply(self, book: _State, begin: int, end: int) -> None:
        """Applies the uploads from `begin` up to `end` (exclusive)."""
        scored = slice(*np.searchsorted(self.health["rank"], (begin, end)))
        changed = slice(*np.searchsorted(self.accounts["rank"], (begin, end)))
        scores, who = self.health["place"][scored], self.accounts["place"][changed]
        # Of rows of one account the last one counts; of one upload that of the account itself.
        places = np.concatenate((scores, who))
        there = np.concatenate((np.ones(len(scores), bool), np.isnat(self.accounts["retired_at"][changed])))
        rank = np.concatenate((2 * self.health["rank"][scored], 2 * self.accounts["rank"][changed] + 1))
        order = np.argsort(rank, kind="stable")
        book.there[places[order]] = there[order]
        book.scores[scores] = self.health["health_score"][scored]
        money = self.money[changed]
        book.money[who] = np.where(np.isnan(money), book.usual[who], money)


def _query(history: sa.Table, *columns: Any) -> sa.Select[Any]:
    return sa.select(history.c.account_id, history.c.upload_version, *columns).where(
        history.c.customer_id == sa.bindparam("customer"),
        among(history.c.upload_version, "versions"),
        sa.or_(*(history.c.change == one for one in _BROUGHT)),
    )


_health, _accounts = tables.account_health_history, tables.account_history
_HEALTH = _query(_health, _health.c.health_score).where(_health.c.retired_at.is_(None))
_ACCOUNTS = _query(_accounts, _accounts.c.arr, _accounts.c.revenue, _accounts.c.retired_at)
_EVERYBODY = (
    sa.select(tables.accounts.c.id, tables.accounts.c.arr, tables.accounts.c.revenue)
    .where(tables.accounts.c.customer_id == sa.bindparam("customer"))
    .order_by(tables.accounts.c.id)
)
_shown = tables.account_health
_NOW = (
    _EVERYBODY.add_columns(_shown.c.health_score)
    .outerjoin(
        _shown,
        sa.and_(
            _shown.c.customer_id == tables.accounts.c.customer_id,
            _shown.c.account_id == tables.accounts.c.id,
            _shown.c.retired_at.is_(None),
        ),
    )
    .where(tables.accounts.c.retired_at.is_(None))
)


def _brought(connection: sa.Connection, customer_id: int) -> list[_Brought]:
    query = (
        sa.select(_uploads.c.version, _uploads.c.as_of)
        .where(
            _uploads.c.customer_id == customer_id,
            _uploads.c.status == "applied",
            _uploads.c.kind != "rollback",
        )
        .order_by(_uploads.c.as_of, _uploads.c.version)
    )
    return [_Brought(*row) for row in connection.execute(query)]


def _kept_weeks(
    connection: sa.Connection, customer_id: int, versions: set[int]
) -> dict[int, tuple[Array, Array, Array]]:
    query = sa.select(_weeks).where(
        _weeks.c.customer_id == customer_id, _weeks.c.upload_version.in_(versions)
    )
    return {
        row.upload_version: (
            np.frombuffer(row.accounts, "<i4"), np.frombuffer(row.scores, "<f8"),
            np.frombuffer(row.money, "<f8"),
        )
        for row in connection.execute(query)
    }  # fmt: skip
