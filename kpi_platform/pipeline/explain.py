"""Explains one KPI value: where it comes from, and what was left out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from kpi_platform.configuration import Configuration


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source row that the KPI looked at. `left_out_reason` is None where it counted."""

    table: str
    id: str
    event_time: datetime | None
    numerator: float | None
    denominator: float | None
    left_out_reason: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One value with its parts. `rows` are all source rows, those that counted first."""

    customer: str
    account_id: str
    account_name: str | None
    kpi: str
    display_name: str
    formula: str
    unit: str
    value: float | None
    status: str
    numerator: float | None
    denominator: float | None
    sample_size: int | None
    window_start: datetime | None
    window_end: datetime
    as_of: datetime
    rows: Sequence[SourceRow]


def explain(
    configuration: Configuration,
    engine: Engine,
    customer: str,
    account: str,
    kpi: str,
    as_of: datetime | None = None,
) -> Explanation:
    """Explains `kpi` of `account` (an account id or a name) at `as_of` (default: that of the marts). Raises
    NotFound for an account or a KPI that the customer does not have."""
    raise NotImplementedError
