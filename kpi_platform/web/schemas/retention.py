"""Revenue retention by segment."""

from datetime import datetime

from pydantic import Field

from kpi_platform.domain.retention import SegmentKind
from kpi_platform.web.schemas.answers import Answer


class SegmentRetentionAnswer(Answer):
    """`starting_arr + expansion - contraction - churned` is `ending_arr`."""

    segment_kind: SegmentKind
    segment: str | None = Field(description="Null: accounts that have none.", examples=["Manufacturing"])
    arr_currency: str | None = Field(description="Null: the corporate one, without a code.", examples=["USD"])
    accounts: int = Field(description="Accounts with recurring revenue at the start of the window.")
    starting_arr: float
    expansion: float
    contraction: float
    churned: float
    ending_arr: float
    net_revenue_retention: float | None = Field(description="Percent.", examples=[104.2])
    gross_revenue_retention: float | None = Field(description="Percent, at most 100.", examples=[96.5])


class RetentionAnswer(Answer):
    """Retention of accounts with recurring revenue at the start of the window, those that left among them."""

    as_of: datetime | None = Field(description="Null before the first load.")
    upload_version: int | None
    basis: str | None = Field(description="What it is measured by; `bookings` have no segments.")
    window_days: int | None
    segments: list[SegmentRetentionAnswer]
