"""When a source is stale."""

from datetime import datetime, timedelta


def is_stale(
    succeeded_at: datetime | None, failed_at: datetime | None, frequency: timedelta, as_of: datetime
) -> bool:
    """ "`stale` (last sync failed or is older than twice the sync frequency)", "age measured at `as_of`.
    Where no sync state is recorded at all, nothing is stale." """
    if succeeded_at is None:
        return failed_at is not None
    if succeeded_at >= as_of:
        return False
    failed = failed_at is not None and failed_at > succeeded_at
    return failed or as_of - succeeded_at > 2 * frequency
