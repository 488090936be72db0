"""Runs: what was done for a customer, or waits to be done."""

from datetime import datetime

from pydantic import Field

from kpi_platform.dashboard.runs import RunState
from kpi_platform.domain.runs import Cause
from kpi_platform.web.schemas.answers import Answer


class RunStepAnswer(Answer):
    name: str = Field(examples=["kpi_marts"])
    title: str = Field(examples=["Computing KPIs"])
    state: str = Field(examples=["done"])
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None


class RunAnswer(Answer):
    """A run, as far as it is about the customer: state, error and counts are the customer's own."""

    id: str
    started_by: Cause
    person: str | None = Field(description="Who asked for it, or released the load that it brings.")
    request_id: str | None
    state: RunState
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    place: int | None = Field(description="In the queue, from 1.")
    waits_for: str = Field(description="Why it waits, in words; empty if it does not.")
    steps: list[RunStepAnswer]
    others: int = Field(description="How many other customers the run covers.")
    error: str | None
    cancelled_by: str | None
    upload: int | None = Field(description="The version of the upload that it made.")
    counts: dict[str, int] = Field(examples=[{"kpis_inserted": 12, "sent_to_review": 1}])
    may_cancel: bool
    run_url: str | None


class RunsAnswer(Answer):
    total: int
    limit: int
    offset: int
    runs: list[RunAnswer]
