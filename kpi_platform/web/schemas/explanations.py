"""How a value came about, and the source rows behind it."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from kpi_platform.web.schemas.answers import Answer


class SourceRowAnswer(Answer):
    """A source row that the KPI looked at."""

    table: str = Field(examples=["salesforce.case"])
    id: str
    event_time: datetime | None = Field(description="When it happened; null for a field of the account.")
    numerator: float | None = Field(description="What it adds to the numerator.")
    denominator: float | None = Field(description="What it adds to the denominator.")
    left_out_reason: str | None = Field(description="Null if it counted.", examples=["out of range"])
    url: str | None = Field(description="Its page in the source; null if the settings name no instance.")
    api_url: str | None = Field(description="Where the source's own REST API has it.")


class RevenueLineAnswer(Answer):
    """A line of recurring revenue; it counts from `start` to `until` (exclusive), past `end` as in grace."""

    id: str = Field(description="Of the opportunity, or of the asset's period.")
    kind: str = Field(examples=["renewal"])
    start: datetime | None
    end: datetime | None = Field(description="Exclusive; null: open.")
    until: datetime | None
    ended_by: str | None = Field(description="The line that took its place.")
    amount: float | None = Field(description="In the currency of the settings.")
    arr: float | None = Field(description="Likewise, for a year.")
    currency: str | None = Field(description="As it landed.")
    reason: str | None = Field(
        description="Why it does not count, or its amounts are not known.", examples=["not started"]
    )
    url: str | None = Field(description="Its page in the source; null if the settings name no instance.")


class ExplanationAnswer(Answer):
    """A value with its parts. `rows` are those that counted first, newest first."""

    account_id: str = Field(description="The source account.")
    account_name: str | None
    kpi: str = Field(examples=["csat"])
    display_name: str
    formula: str
    unit: str
    value: float | None
    status: str = Field(examples=["ok"])
    numerator: float | None
    denominator: float | None
    sample_size: int | None
    unreadable_count: int = Field(description="Rows that could not be read, beside the sample.")
    window_start: datetime | None
    window_end: datetime
    as_of: datetime
    is_shown: bool = Field(
        description="Whether this is the value that the dashboard shows; after a roll-back it may not be."
    )
    counted: int = Field(description="How many rows counted.")
    left_out: Mapping[str, int] = Field(description="How many did not, by reason.")
    left_out_examples: Mapping[str, SourceRowAnswer] = Field(description="One that did not, by reason.")
    factors: Mapping[str, float | None] = Field(
        description="Of a computed churn risk: its parts in points; null if unknown."
    )
    rows: list[SourceRowAnswer]
    basis: str | None = Field(
        description="What it is measured by, if there are several ways.", examples=["contract_terms"]
    )
    age: str | None = Field(
        description="When the field that it is read from is from, in words, if it may be too old.",
        examples=["from 2026-01-31; too old after 90 days"],
    )
    lines: list[RevenueLineAnswer] = Field(description="The recurring revenue behind it.")
    models: list[str] = Field(
        description="The files of the dbt models that say how the rows are measured.",
        examples=[["dbt/models/intermediate/salesforce/int_case_rating.sql"]],
    )
