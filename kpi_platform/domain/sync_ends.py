"""When the syncs of a source ended, and what that says of its data. Pure; all instants are aware."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class SyncEnds:
    """When the newest sync of a source that succeeded, and the newest that failed, ended; None for never."""

    succeeded_at: datetime | None = None
    failed_at: datetime | None = None

    @property
    def last_failed(self) -> bool:
        """Whether the newest sync failed."""
        return self.failed_at is not None and (
            self.succeeded_at is None or self.failed_at > self.succeeded_at
        )

    def is_stale(self, frequency: timedelta, as_of: datetime) -> bool:
        """Whether the source's data is old at `as_of`: its last sync failed, or its last success is longer
        ago than twice the sync frequency. A success after `as_of` holds all that happened before it."""
        if self.succeeded_at is None:
            return self.last_failed
        if self.succeeded_at >= as_of:
            return False
        return self.last_failed or as_of - self.succeeded_at > 2 * frequency
