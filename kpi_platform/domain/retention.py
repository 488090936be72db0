"""Revenue retention of a segment of accounts: what became of the recurring revenue that it began with."""

from dataclasses import dataclass, fields
from typing import Literal

from kpi_platform.domain.kpis import KPIS

SegmentKind = Literal["all", "industry", "region", "csm"]


@dataclass(frozen=True, slots=True)
class SegmentRetention:
    """One segment; `starting_arr + expansion - contraction - churned` is `ending_arr`. `segment` is None for
    accounts that have none of its kind, `arr_currency` for a corporate currency without a code. Ratios are
    percent, None if nothing was there to keep."""

    segment_kind: SegmentKind
    segment: str | None
    arr_currency: str | None
    accounts: int
    starting_arr: float
    expansion: float
    contraction: float
    churned: float
    ending_arr: float
    net_revenue_retention: float | None
    gross_revenue_retention: float | None


RETENTION_COLUMNS = tuple(field.name for field in fields(SegmentRetention))
"""The columns of the mart and of the dashboard's table that say what it is."""

RETENTION_SOURCE = KPIS["net_revenue_retention"].source
"""The source that it is measured from: loads of another one bring none."""
