"""The instants that KPIs are computed for."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.instants import in_utc

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def parse_as_of(text: str) -> datetime:
    """ISO 8601 as an instant in UTC; without a zone it is UTC. Raises InvalidInput."""
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as cause:
        raise InvalidInput(
            f"'{text}' is no instant.", next_step="Write it like 2026-03-31 or 2026-03-31T06:00:00Z."
        ) from cause
    return in_utc(instant)


def as_of_range(first: datetime, last: datetime, every: str | timedelta) -> Iterator[datetime]:
    """Yields the instants `first`, `first + every`, … up to and including `last`, oldest first. `every` is a
    length or a text such as `1d`, `12h`, `2w`. Raises InvalidInput for an empty range or step."""
    step = _step(every) if isinstance(every, str) else every
    if step <= timedelta(0):
        raise InvalidInput(
            "The step of an as_of range must be longer than nothing.", next_step="Example: 1d."
        )
    if last < first:
        raise InvalidInput(
            f"The as_of range ends ({last.isoformat()}) before it starts ({first.isoformat()}).",
            next_step="Give the earlier time first.",
        )
    return (first + index * step for index in range((last - first) // step + 1))


def _step(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([hdw])", text.strip())
    if found is None:
        raise InvalidInput(
            f"'{text}' is no step of an as_of range.", next_step="Write a number and h, d or w: 1d."
        )
    return int(found[1]) * _UNITS[found[2]]
