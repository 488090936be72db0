"""A Fivetran connection as its REST API describes it, parsed once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kpi_platform.domain.clocks import follows, lies_ahead
from kpi_platform.domain.errors import FivetranUnavailable
from kpi_platform.domain.instants import in_utc

UNKNOWN = "unknown"
"""The set-up or sync state of a connection whose description says nothing of it."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Connection:
    """One source that feeds one schema of a destination. All times are UTC; None means never.

    `tasks` are Fivetran's own words for what its owner has to repair. `details` is the raw answer.
    """

    id: str
    service: str
    group_id: str
    schema: str
    paused: bool
    succeeded_at: datetime | None
    failed_at: datetime | None
    sync_frequency: int | None
    schedule_type: str | None
    daily_sync_time: str | None
    setup_state: str
    sync_state: str
    update_state: str
    is_historical_sync: bool
    rescheduled_for: datetime | None
    tasks: tuple[str, ...]
    warnings: tuple[str, ...]
    details: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def from_details(cls, details: Mapping[str, Any]) -> "Connection":
        """Parses one connection of an API answer; what the answer leaves out is empty, or an UNKNOWN state.
        Raises FivetranUnavailable if it names no connection."""
        if not details.get("id"):
            raise FivetranUnavailable(
                "Fivetran's answer describes no connection.",
                next_step="Check FIVETRAN_API_URL.",
                details={"unknown_outcome": True},
            )
        status = as_mapping(details.get("status"))
        return cls(
            id=str(details["id"]),
            service=str(details.get("service") or ""),
            group_id=str(details.get("group_id") or ""),
            schema=str(details.get("schema") or ""),
            paused=bool(details.get("paused")),
            succeeded_at=parse_instant(details.get("succeeded_at")),
            failed_at=parse_instant(details.get("failed_at")),
            sync_frequency=details.get("sync_frequency"),
            schedule_type=details.get("schedule_type"),
            daily_sync_time=details.get("daily_sync_time"),
            setup_state=_state(status.get("setup_state")),
            sync_state=_state(status.get("sync_state")),
            update_state=_state(status.get("update_state")),
            is_historical_sync=bool(status.get("is_historical_sync")),
            rescheduled_for=parse_instant(status.get("rescheduled_for")),
            tasks=_messages(status.get("tasks")),
            warnings=_messages(status.get("warnings")),
            details=details,
        )

    @property
    def completed_at(self) -> datetime | None:
        """When its last sync ended, well or badly."""
        ends = [end for end in (self.succeeded_at, self.failed_at) if end]
        return max(ends, default=None)

    @property
    def last_sync_succeeded(self) -> bool:
        return (self.succeeded_at or _NEVER) > (self.failed_at or _NEVER)

    @property
    def is_syncing(self) -> bool:
        return self.sync_state == "syncing"

    @property
    def is_put_off(self) -> bool:
        """Whether Fivetran has moved its sync to `rescheduled_for`."""
        return self.sync_state == "rescheduled" and self.rescheduled_for is not None

    @property
    def asks_to_be_synced(self) -> bool:
        """Whether nothing syncs it by itself, also not a sync that was put off."""
        return self.schedule_type == "manual"

    @property
    def is_in_first_sync(self) -> bool:
        """Whether it reads the whole history of its source now: hours to days."""
        return self.is_syncing and self.is_historical_sync

    @property
    def url(self) -> str:
        """Its page in Fivetran's web interface."""
        return f"https://fivetran.com/dashboard/connections/{self.id}"

    def completed_since(self, earlier: datetime | None) -> bool:
        """Whether a sync has ended after `earlier`, by Fivetran's clock."""
        return follows(self.completed_at, earlier, datetime.now(UTC))

    def is_done_since(self, began: datetime) -> bool:
        """Whether a sync has ended since `began`, by our clock."""
        now = datetime.now(UTC)
        return (
            self.completed_at is not None
            and began < self.completed_at
            and not lies_ahead(self.completed_at, now)
        )


def parse_instant(text: str | None) -> datetime | None:
    """Returns an ISO 8601 instant in UTC. One without an offset is UTC, as in all of Fivetran's answers; None
    if there is none."""
    try:
        return in_utc(datetime.fromisoformat(text or ""))
    except (TypeError, ValueError, OverflowError):
        return None


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Returns a JSON object; an empty one if the answer has something else in its place."""
    return value if isinstance(value, Mapping) else {}


def _state(value: Any) -> str:
    return value if isinstance(value, str) and value else UNKNOWN


def _messages(items: Any) -> tuple[str, ...]:
    listed = items if isinstance(items, list) else []
    return tuple(_message(item) if isinstance(item, Mapping) else str(item) for item in listed)


def _message(item: Mapping[str, Any]) -> str:
    parts = (item.get("message") or item.get("code"), item.get("details"))
    return ": ".join(str(part) for part in parts if part)
