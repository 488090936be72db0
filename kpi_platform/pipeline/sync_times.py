"""When a customer was last synced, and when it is next."""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from kpi_platform.dashboard.source_states import source_states
from kpi_platform.domain.due_times import customer_last_sync, customer_next_sync
from kpi_platform.domain.settings import CustomerSettings


@dataclass(frozen=True, slots=True)
class SyncTimes:
    """The settings' `last_sync` and `next_sync`, in UTC; None: never."""

    last_sync: datetime | None
    next_sync: datetime | None


def sync_times(
    connection: sa.Connection, customer: str, settings: CustomerSettings, *, now: datetime | None = None
) -> SyncTimes:
    """Last sync that succeeded and next one that is due, of any of the customer's sources."""
    states = source_states(connection, customer)
    attempts = {source: state.last_attempt_at for source, state in states.items()}
    return SyncTimes(
        last_sync=customer_last_sync({source: state.last_succeeded_at for source, state in states.items()}),
        next_sync=customer_next_sync(settings, attempts, now or datetime.now(UTC)),
    )
