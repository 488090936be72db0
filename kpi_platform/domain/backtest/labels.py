"""The label of an account at an instant: whether it left, from its outcomes and from what it paid later.

Times are UTC. backtest.md: B1, B2, B15.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kpi_platform.domain.backtest.rows import Outcome


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a line of recurring revenue is active, or a version of the account counts: up to
    `until`, exclusive (None: it lasts). `arr` is None if it is not known, or if there is no ledger."""

    start: datetime
    until: datetime | None
    arr: float | None = None

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment and (self.until is None or moment < self.until)


@dataclass(slots=True)
class History:
    """All that is known today of an account. `spans` are lines of the ledger; without one, versions that
    count, or none if only the present is known. `renewals_won`: close dates of won renewals."""

    outcomes: list[Outcome] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    renewals_won: list[datetime] = field(default_factory=list)

    @property
    def churned(self) -> Sequence[Outcome]:
        return sorted(
            (one for one in self.outcomes if one.outcome == "churned"), key=lambda one: one.outcome_date
        )

    def had_left(self, t: datetime) -> bool:
        """Whether it had left by t, and had not come back (B2)."""
        churned = self.churned
        place = bisect_right([one.outcome_date for one in churned], t)
        if place == 0:
            return False
        left = churned[place - 1].outcome_date
        return not any(left < span.start <= t for span in self.spans)


@dataclass(frozen=True, slots=True)
class Rule:
    """The window of a back-test, and what "stayed" means: with a ledger, that recurring revenue goes on; else
    that a version counts, or (`present`) that it is among the accounts of today."""

    gap: timedelta
    horizon: timedelta
    has_ledger: bool
    present: bool = False

    def label(self, history: History, t: datetime) -> tuple[float | None, Outcome | None]:
        """Returns 1 with the outcome, 0, or None if nobody can say (censored)."""
        begin, end = t + self.gap, t + self.gap + self.horizon
        churned = [one for one in history.churned if t <= one.outcome_date < end]
        if churned and churned[0].outcome_date < begin:
            return None, None
        if churned:
            return 1.0, churned[0]
        return (0.0 if self._stayed(history, t, begin, end) else None), None

    def _stayed(self, history: History, t: datetime, begin: datetime, end: datetime) -> bool:
        if any(one.outcome != "churned" and t <= one.outcome_date < end for one in history.outcomes):
            return True
        if self.has_ledger:
            active = [span.arr for span in history.spans if span.holds(end)]
            return None not in active and sum(arr or 0 for arr in active) > 0
        if self.present or any(span.holds(end) for span in history.spans):
            return True
        return any(begin <= won < end for won in history.renewals_won)
