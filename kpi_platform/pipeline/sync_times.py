"""When a customer was last synced, and when it is next."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard.source_states import source_states
from kpi_platform.domain.due_times import Recorded, customer_last_sync, customer_next_sync
from kpi_platform.domain.settings import CustomerSettings


@dataclass(frozen=True, slots=True)
class SyncTimes:
    """The settings' `last_sync` and `next_sync`, in UTC; None: never."""

    last_sync: datetime | None
    next_sync: datetime | None


def sync_times(
    connection: sa.Connection, customer: str, settings: CustomerSettings, *, now: datetime | None = None
) -> SyncTimes:
    """Last sync that succeeded and next one that is started, of any of the customer's sources."""
    states = source_states(connection, customer)
    recorded = {source: recorded_state(asdict(state)) for source, state in states.items()}
    return SyncTimes(
        last_sync=customer_last_sync({source: state.last_succeeded_at for source, state in states.items()}),
        next_sync=customer_next_sync(settings, recorded, now or datetime.now(UTC)),
    )


def recorded_state(row: Mapping[str, Any]) -> Recorded:
    """Parses a row of `source_states` for the time of the source's next sync."""
    detail = row["detail"]
    return Recorded(
        started_at=row["last_attempt_at"],
        put_off_until=row["put_off_until"],
        awaits_set_up=detail.get("setup_state") == "incomplete",
        in_first_sync=row["first_sync_since"] is not None,
        held=row["last_succeeded_at"] is None and detail.get("schedule_type") == "manual",
    )
