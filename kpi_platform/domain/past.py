"""The weeks before a customer's first load: the instants for which they are computed (surface.md, "History
from the first day")."""

from collections.abc import Iterable
from datetime import datetime, timedelta

WEEK = timedelta(weeks=1)

PRESENT = timedelta(days=1)
"""A load whose instant is longer ago than this is a back-fill of somebody's own, and no first day."""


def weeks_before(as_of: datetime, weeks: int, loaded: Iterable[datetime] = ()) -> list[datetime]:
    """Returns the last `weeks` Mondays, 00:00 UTC, before the week of `as_of`, oldest first: the instants at
    which many customers are computed together. Weeks in which one of the `loaded` instants lies are left
    out."""
    monday = _monday(as_of)
    known = {_monday(one) for one in loaded}
    instants = [monday - number * WEEK for number in range(weeks, 0, -1)]
    return [instant for instant in instants if instant not in known]


def _monday(instant: datetime) -> datetime:
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=midnight.weekday())
