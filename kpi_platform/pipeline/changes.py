"""Changes of a customer's accounts between two instants, and their reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard.account_history import current_health, health_states
from kpi_platform.dashboard.account_reading import account_ids
from kpi_platform.dashboard.accounts import Account, accounts_of
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.health_book import HealthBook, HealthBooks
from kpi_platform.dashboard.lost_values import LostValue, lost_values
from kpi_platform.dashboard.shown_accounts import AccountFilter
from kpi_platform.domain.health_bands import BandTotal, HealthBand, band_totals
from kpi_platform.domain.load_plan import Array
from kpi_platform.domain.score_change import ScoreReason
from kpi_platform.pipeline.score_change import Weights

LEAST_CHANGE = 0.05
"""A score that moved by fewer points is shown as the same."""

EVERYBODY = AccountFilter()


@dataclass(frozen=True, slots=True)
class Facet:
    """The accounts of a band now and before."""

    now: BandTotal
    before: BandTotal


@dataclass(frozen=True, slots=True)
class MovedAccount:
    """An account whose score moved by `points`, with its reasons, the greatest in that direction first."""

    account: Account
    before: float
    after: float
    reasons: Sequence[ScoreReason]

    @property
    def points(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class LostAccount:
    """An account and its values that are there no more."""

    account: Account
    values: Sequence[LostValue]


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """`since` is the first instant that is known if an earlier one was asked for (`is_first`). `counts` are
    all accounts of each list by its name; the lists have at most as many as were asked for. `worse` and
    `better`: the greatest movers first. `new`: accounts that nothing was known of. `is_arr`: money is the
    annual recurring revenue, else the revenue."""

    since: datetime
    is_first: bool
    is_arr: bool
    facets: Mapping[HealthBand, Facet]
    counts: Mapping[str, int]
    worse: Sequence[MovedAccount]
    better: Sequence[MovedAccount]
    new: Sequence[Account]
    gone: Sequence[Account]
    lost: Sequence[LostAccount]


@dataclass(frozen=True, slots=True)
class WeekOfHealth:
    """The accounts by band at the end of the week that begins on `monday`."""

    monday: datetime
    bands: Mapping[HealthBand, BandTotal]


def changes_between(
    connection: sa.Connection,
    customer: str,
    since: datetime,
    until: datetime | None = None,
    *,
    wanted: AccountFilter = EVERYBODY,
    limit: int = 50,
) -> AccountChanges:
    """Compares the accounts that `wanted` leaves as of `since` with those as of `until` (None: now). Each
    list has at most `limit` accounts. Raises as `find_accounts`."""
    books = HealthBooks(connection, get_customer(connection, customer).id)
    first = books.first_at
    is_first = first is not None and since < first
    since = max(since, first or since)
    before = books.at(since)
    after = books.now() if until is None else books.at(until)
    if wanted != EVERYBODY:
        ids = account_ids(connection, customer, wanted, also_gone=True)
        before, after = _among(before, ids), _among(after, ids)
    worse, better = _moved(before, after)
    new = np.setdiff1d(after.accounts, before.accounts, assume_unique=True)
    gone = np.setdiff1d(before.accounts, after.accounts, assume_unique=True)
    lost: dict[int, list[LostValue]] = {}
    there = set(after.accounts.tolist())
    for value in lost_values(connection, customer, since, until):
        if value.account_id in there:
            lost.setdefault(value.account_id, []).append(value)
    lists = {"worse": worse, "better": better, "new": new.tolist(), "gone": gone.tolist(), "lost": list(lost)}
    shown = {name: ids[:limit] for name, ids in lists.items()}
    accounts = accounts_of(connection, customer, (one for ids in shown.values() for one in ids))
    movers = [*shown["worse"], *shown["better"]]
    old = health_states(connection, customer, movers, since)
    young = (
        current_health(connection, customer, movers)
        if until is None
        else health_states(connection, customer, movers, until)
    )
    weights = Weights(connection, customer)

    def moved(key: int) -> MovedAccount:
        start, end = old[key].health_score or 0.0, young[key].health_score or 0.0
        direction = 1 if end > start else -1
        reasons = sorted(weights.reasons(old[key], young[key]), key=lambda one: -direction * one.points)
        return MovedAccount(accounts[key], start, end, reasons)

    was, now = band_totals(before.scores, before.money), band_totals(after.scores, after.money)
    return AccountChanges(
        since=since,
        is_first=is_first,
        is_arr=books.is_arr,
        facets={band: Facet(now[band], was[band]) for band in now},
        counts={name: len(ids) for name, ids in lists.items()},
        worse=[moved(key) for key in shown["worse"]],
        better=[moved(key) for key in shown["better"]],
        new=[accounts[key] for key in shown["new"]],
        gone=[accounts[key] for key in shown["gone"]],
        lost=[LostAccount(accounts[key], lost[key]) for key in shown["lost"]],
    )


def health_by_week(
    connection: sa.Connection, customer: str, weeks: int, *, wanted: AccountFilter = EVERYBODY
) -> list[WeekOfHealth]:
    """Returns the newest `weeks` with an upload, oldest first, of the accounts that `wanted` leaves."""
    read = HealthBooks(connection, get_customer(connection, customer).id).weekly(weeks)
    if wanted != EVERYBODY:
        ids = account_ids(connection, customer, wanted, also_gone=True)
        read = [(monday, _among(book, ids)) for monday, book in read]
    return [WeekOfHealth(monday, band_totals(book.scores, book.money)) for monday, book in read]


def _moved(before: HealthBook, after: HealthBook) -> tuple[list[int], list[int]]:
    """Accounts whose score fell, and those whose score rose, the greatest movers first."""
    both, was, now = np.intersect1d(before.accounts, after.accounts, assume_unique=True, return_indices=True)
    points = after.scores[now] - before.scores[was]
    order = np.argsort(points, kind="stable")
    points, both = points[order], both[order]
    worse, better = both[points <= -LEAST_CHANGE], both[points >= LEAST_CHANGE][::-1]
    return worse.tolist(), better.tolist()


def _among(book: HealthBook, ids: Array) -> HealthBook:
    chosen = np.isin(book.accounts, ids, assume_unique=True)
    return HealthBook(book.as_of, book.accounts[chosen], book.scores[chosen], book.money[chosen])
