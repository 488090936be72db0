"""The period that a page compares: a length up to now, since a load, or between two dates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

import sqlalchemy as sa
from fastapi import Query

from kpi_platform.dashboard.uploads import Upload, get_upload
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.web.formats import day

LENGTHS: Mapping[str, tuple[str, int]] = {
    "day": ("Since yesterday", 1),
    "week": ("7 days", 7),
    "month": ("30 days", 30),
    "quarter": ("Quarter", 91),
}
"""Words and days of each period that ends now."""

USUAL = "week"


@dataclass(frozen=True, slots=True)
class PeriodQuery:
    """The period as the address says it. Words that are no period are left out: a bookmark does not break."""

    period: str = USUAL
    load: int | None = None
    since: date | None = None
    until: date | None = None

    @property
    def query(self) -> dict[str, str | None]:
        """The address's query again, without what is as usual."""
        if self.load is not None:
            return {"load": str(self.load)}
        if self.since is not None:
            return {
                "since": self.since.isoformat(), "until": self.until.isoformat() if self.until else None
            }  # fmt: skip
        return {"period": None if self.period == USUAL else self.period}


@dataclass(frozen=True, slots=True)
class Period:
    """`until` is None: now. `words` say it in a sentence."""

    since: datetime
    until: datetime | None
    words: str


def period_query(
    period: Annotated[str, Query(max_length=20)] = USUAL,
    load: Annotated[str, Query(max_length=10)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
) -> PeriodQuery:
    """Returns the period of a page's address."""
    return PeriodQuery(
        period if period in LENGTHS else USUAL,
        int(load) if load.isascii() and load.isdigit() and 0 < int(load) < 2**31 else None,
        _date(since),
        _date(until),
    )


def chosen_period(connection: sa.Connection, customer: str, asked: PeriodQuery, now: datetime) -> Period:
    """Returns the instants to compare. `until` is the end of its day. Raises NotFound for a load that there
    is not, InvalidInput for a period that ends before it begins."""
    if asked.load is not None:
        upload: Upload = get_upload(connection, customer, asked.load)
        return Period(upload.as_of, None, f"since load v{upload.version} of {day(upload.as_of)}")
    if asked.since is not None:
        since = datetime.combine(asked.since, time(), UTC)
        until = datetime.combine(asked.until, time.max, UTC) if asked.until else None
        if until is not None and until < since:
            raise InvalidInput(
                "The period ends before it begins.", next_step="Choose the earlier date first."
            )
        if until is None or until >= now:
            return Period(since, None, f"since {day(since)}")
        return Period(since, until, f"from {day(since)} to {day(until)}")
    days = LENGTHS[asked.period][1]
    return Period(
        now - timedelta(days=days), None, "since yesterday" if days == 1 else f"in the last {days} days"
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
