"""Shares out Fivetran's calls of an hour, for any limit of the account. Pure."""

from collections.abc import Mapping
from datetime import timedelta

from kpi_platform.domain.sources import Source

CALLS_PER_HOUR = 20_000
"""Calls an hour that Fivetran takes from an account that is no trial, while no answer and no setting says
otherwise."""

CALLS_PER_SYNC = 6
"""Calls of a sync besides waiting: finding it, starting it, its tables, and repeated ones."""

CALLS_PER_RUN = 20
"""Calls of waiting, for all syncs of a run together: one list every ten seconds for three minutes."""

CUSTOMERS_PER_SYNC_RUN = 25

LONGEST_BLOCK = timedelta(hours=1)
"""The limit is one of an hour: no used-up one lasts longer, whatever an answer or a clock says."""

_FOR_PEOPLE, _FOR_LOOKING, _FOR_WAITING = 0.1, 0.25, 0.3
_HOUR = 3600.0


def within_budget(due: Mapping[str, tuple[Source, ...]], calls: int, limit: int) -> list[str]:
    """Returns the first of the customers whose syncs the rest of the hour's `limit` lasts for, with `calls`
    made. A tenth of it is kept for people."""
    left = (1 - _FOR_PEOPLE) * limit - calls
    planned: list[str] = []
    for customer, sources in due.items():
        left -= CALLS_PER_SYNC * len(sources)
        if len(planned) % CUSTOMERS_PER_SYNC_RUN == 0:
            left -= CALLS_PER_RUN
        if left < 0:
            break
        planned.append(customer)
    return planned


def look_interval(limit: int, wanted: timedelta) -> timedelta:
    """Returns the seconds between two looks at all connections: as `wanted`, or more, within a quarter of the
    limit."""
    return max(wanted, timedelta(seconds=_HOUR / (_FOR_LOOKING * limit)))


def poll_seconds(limit: int, wanted: float) -> float:
    """Returns the seconds between two polls of a run: as `wanted`, or more, within three tenths of the
    limit."""
    return max(wanted, _HOUR / (_FOR_WAITING * limit)) if limit < CALLS_PER_HOUR else wanted
