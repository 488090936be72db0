"""Changes of a customer's accounts since an instant, and their reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.dashboard.account_history import current_health, first_health_at, health_states
from kpi_platform.dashboard.accounts import Account, list_accounts
from kpi_platform.dashboard.lost_values import LostValue, lost_values
from kpi_platform.domain.score_change import ScoreReason
from kpi_platform.pipeline.score_change import Weights

LEAST_CHANGE = 0.05
"""A score that moved by fewer points is shown as the same."""


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
class AccountChanges:
    """`since` is the first instant that is known if an earlier one was asked for (`is_first`). `worse` and
    `better`: the greatest movers first, at most as many as were asked for of `worse_count` and
    `better_count`. `new`: accounts that nothing was known of; `gone`: those that left. `lost`: values that
    are there no more, by account."""

    since: datetime
    is_first: bool
    worse_count: int
    better_count: int
    worse: Sequence[MovedAccount]
    better: Sequence[MovedAccount]
    new: Sequence[Account]
    gone: Sequence[Account]
    lost: Sequence[tuple[Account, Sequence[LostValue]]]


def changes_since(
    connection: sa.Connection, customer: str, since: datetime, limit: int = 50
) -> AccountChanges:
    """Compares the health of all accounts as of `since` with that of now; `limit` accounts of those that got
    worse, and of those that got better, come with reasons. The queries do not grow with the accounts."""
    everybody = {one.id: one for one in list_accounts(connection, customer, retired=True)}
    active = {key: one for key, one in everybody.items() if one.retired_at is None}
    first = first_health_at(connection, customer)
    is_first = first is not None and since < first
    since = max(since, first or since)
    before = health_states(connection, customer, since)
    after = current_health(connection, customer)
    points: dict[int, float] = {}
    for key in active.keys() & before.keys() & after.keys():
        old, new = before[key].health_score, after[key].health_score
        if old is not None and new is not None and abs(new - old) >= LEAST_CHANGE:
            points[key] = new - old
    order = sorted(points, key=lambda key: (points[key], active[key].name, key))
    worse = [key for key in order if points[key] < 0]
    better = [key for key in reversed(order) if points[key] > 0]
    weights = Weights(connection, customer)

    def moved(key: int) -> MovedAccount:
        direction = 1 if points[key] > 0 else -1
        reasons = sorted(weights.reasons(before[key], after[key]), key=lambda one: -direction * one.points)
        return MovedAccount(
            active[key], before[key].health_score or 0.0, after[key].health_score or 0.0, reasons
        )

    lost: dict[int, list[LostValue]] = {}
    for value in lost_values(connection, customer, since):
        if value.account_id in active:
            lost.setdefault(value.account_id, []).append(value)
    return AccountChanges(
        since,
        is_first,
        len(worse),
        len(better),
        [moved(key) for key in worse[:limit]],
        [moved(key) for key in better[:limit]],
        [one for key, one in active.items() if key in after and key not in before],
        [one for one in everybody.values() if one.retired_at is not None and one.retired_at > since],
        [(active[key], values) for key, values in lost.items()],
    )
