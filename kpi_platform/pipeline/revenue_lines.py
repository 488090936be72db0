"""The lines of an account's recurring revenue, which explain its retention and growth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.instants import in_utc
from kpi_platform.domain.record_links import record_links
from kpi_platform.domain.settings import CustomerSettings

_TABLES = {"asset_period": "salesforce.asset_state_period"}
_OPPORTUNITY = "salesforce.opportunity"
_MART = "recurring_revenue_lines"


@dataclass(frozen=True, slots=True)
class RevenueLine:
    """A line counts from `start` to `until` (exclusive), past its `end` as in grace. `ended_by` is the line
    that took its place. `amount` and `arr` are in the currency of the settings, `currency` is the landed one.
    `reason` says why it does not count, or why its amounts are not known."""

    id: str
    kind: str
    start: datetime | None
    end: datetime | None
    until: datetime | None
    ended_by: str | None
    amount: float | None
    arr: float | None
    currency: str | None
    reason: str | None
    url: str | None


def revenue_lines(
    destination: Destination, settings: CustomerSettings, customer: str, account_id: str, as_of: datetime
) -> Sequence[RevenueLine]:
    """Returns the account's lines as of `as_of`, by start and id; none of an instant that is not the newest
    one, and none if the basis is bookings."""
    try:
        batches = list(destination.read_mart(_MART, customer, where={"account_id": account_id}))
    except NotFound:
        return ()
    rows = [row for batch in batches for row in batch.to_pylist() if _instant(row["as_of"]) == as_of]
    lines = [_line(settings, row) for row in rows]
    return sorted(lines, key=lambda one: (one.start or datetime.min.replace(tzinfo=UTC), one.id))


def _line(settings: CustomerSettings, row: dict[str, Any]) -> RevenueLine:
    return RevenueLine(
        id=row["line_id"],
        kind=row["kind"],
        start=_instant(row["start_date"]),
        end=_instant(row["end_date"]),
        until=_instant(row["until_date"]),
        ended_by=row["ended_by"],
        amount=_number(row["amount"]),
        arr=_number(row["arr"]),
        currency=row["currency"],
        reason=row["reason"],
        url=record_links(settings, _TABLES.get(row["kind"], _OPPORTUNITY), row["line_id"]).page,
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _instant(value: date | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return in_utc(value)
