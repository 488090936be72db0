"""When a digest is due: a wall-clock hour of the customer's time zone, on its days.

An hour that the clocks skip is due when they have moved on; one that comes twice, the first time.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kpi_platform.domain.settings import CustomerSettings

LATEST = timedelta(hours=6)
"""A digest that is later than this, because nothing ran, is left out; the next one covers its time, too."""

_DAYS: Mapping[str, frozenset[int]] = {
    "never": frozenset(),
    "daily": frozenset(range(7)),
    "workdays": frozenset(range(5)),
    "mondays": frozenset({0}),
}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DueDigest:
    """The digest of `day`, a date of the customer's. It tells what changed from `since` on, when the one
    before was due."""

    day: date
    since: datetime

    def id(self, customer: str) -> str:
        """Returns an id that is the same for every try to send it."""
        return f"digest_{hashlib.sha256(f'{customer}/{self.day}'.encode()).hexdigest()[:32]}"


def due_digest(settings: CustomerSettings, now: datetime) -> DueDigest | None:
    """Returns the digest that is due at `now`, whether it was sent or not; None if none is."""
    days, zone = _DAYS[settings.alerts.digest], ZoneInfo(settings.fivetran.timezone)
    today = now.astimezone(zone).date()
    for day in (today, today - _DAY):
        due = _due(day, settings.alerts.digest_hour, zone)
        if day.weekday() in days and due <= now < due + LATEST:
            # A date that a zone has skipped is due together with the next one.
            earlier = (day - count * _DAY for count in range(1, 15))
            since = (_due(one, settings.alerts.digest_hour, zone) for one in earlier if one.weekday() in days)
            return DueDigest(day, next(one for one in since if one < due))
    return None


def _due(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
