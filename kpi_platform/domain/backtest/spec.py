"""The question of a back-test, and the instants it looks at."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.instants import in_utc

MOST_INSTANTS = 400
"""As many customer-instants as one dbt invocation computes."""

MOST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class BacktestSpec:
    """The question: at each instant from `first` to `last`, did the score foretell who leaves in the
    `horizon_days` days that begin `gap_days` days later?

    Times are UTC. `every` is a number of months or days such as `1 month` or `14 days`. `settings_version`
    None is the newest. Raises InvalidInput.
    """

    first: datetime
    last: datetime
    every: str = "1 month"
    horizon_days: int = 180
    gap_days: int = 0
    settings_version: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", in_utc(self.first))
        object.__setattr__(self, "last", in_utc(self.last))
        _parse_step(self.every)
        if self.last < self.first:
            raise InvalidInput(
                f"The back-test ends ({self.last:%Y-%m-%d}) before it starts ({self.first:%Y-%m-%d}).",
                next_step="Give the earlier date first.",
            )
        if not 1 <= self.horizon_days <= MOST_DAYS or not 0 <= self.gap_days <= MOST_DAYS:
            raise InvalidInput(
                "The horizon of a back-test is 1 day or more, its gap 0 or more; both at most "
                f"{MOST_DAYS:,} days.",
                next_step="Example: a horizon of 180 days without a gap.",
            )

    @property
    def gap(self) -> timedelta:
        return timedelta(days=self.gap_days)

    @property
    def horizon(self) -> timedelta:
        return timedelta(days=self.horizon_days)

    def instants(self, as_of: datetime) -> tuple[datetime, ...]:
        """Returns the instants, oldest first, whose window has ended by `as_of` (backtest.md B14). Raises
        InvalidInput for none or more than MOST_INSTANTS."""
        latest = min(self.last, in_utc(as_of) - self.gap - self.horizon)
        found = tuple(_until(self.first, self.every, latest))
        if not found:
            raise InvalidInput(
                f"No window of {self.gap_days + self.horizon_days} days after {self.first:%Y-%m-%d} has "
                f"ended by {as_of:%Y-%m-%d}: its outcomes are not known yet.",
                next_step="Start earlier, or take a shorter horizon.",
            )
        if len(found) > MOST_INSTANTS:
            raise InvalidInput(
                f"A back-test looks at {MOST_INSTANTS} instants at most.",
                next_step="Take a longer step, or a shorter time.",
            )
        return found


def _until(first: datetime, every: str, latest: datetime) -> Iterator[datetime]:
    amount, unit = _parse_step(every)
    for index in count():
        instant = (
            first + timedelta(days=index * amount) if unit == "day" else _months_after(first, index * amount)
        )
        if instant > latest or index > MOST_INSTANTS:
            return
        yield instant


def _months_after(first: datetime, months: int) -> datetime:
    """Counted from `first`: a day that a month lacks is its last one, and comes back in the next month."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return first.replace(
        year=year, month=month + 1, day=min(first.day, calendar.monthrange(year, month + 1)[1])
    )


def _parse_step(text: str) -> tuple[int, str]:
    found = re.fullmatch(r"([1-9]\d{0,3}) (month|day)s?", text)
    if found is None:
        raise InvalidInput(
            f"'{text}' is no step of a back-test.", next_step="Write months or days: 1 month, 14 days."
        )
    return int(found[1]), found[2]
