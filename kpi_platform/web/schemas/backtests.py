"""Back-tests of the health score."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from kpi_platform.dashboard.backtests import BacktestState
from kpi_platform.domain.backtest.report import BacktestReport
from kpi_platform.domain.backtest.spec import MOST_DAYS
from kpi_platform.web.schemas.answers import Answer, Body


class BacktestBody(Body):
    """The question of a back-test."""

    first: Annotated[date, Field(alias="from", strict=False, examples=["2025-01-01"])]
    last: Annotated[date, Field(alias="to", strict=False, examples=["2025-12-01"])]
    horizon_days: Annotated[
        int, Field(ge=1, le=MOST_DAYS, description="For so long an account may leave after an instant.")
    ] = 180
    gap_days: Annotated[
        int, Field(ge=0, le=MOST_DAYS, description="Days after an instant before the horizon begins.")
    ] = 0
    every: Annotated[str, Field(max_length=20, description="Months or days.", examples=["1 month"])] = (
        "1 month"
    )
    settings_version: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="Null: the newest.")] = None


class BacktestAnswer(Answer):
    """A back-test, and how far it is."""

    id: str = Field(examples=["3f0c2b9a4d5e4f6a8b7c6d5e4f3a2b1c"])
    asked_by: str
    asked_at: datetime
    as_of: datetime = Field(description="Outcomes at or after it do not exist.")
    first_instant: datetime
    last_instant: datetime
    every: str = Field(examples=["1 month"])
    horizon_days: int = Field(examples=[180])
    gap_days: int = Field(examples=[0])
    settings_version: int = Field(description="0: none was saved.")
    state: BacktestState
    done: int = Field(description="Instants that are computed, of `total`; 0 of 0 before the first.")
    total: int
    ended_at: datetime | None
    auc: float | None = Field(description="Null until it is done, or with too few outcomes.", examples=[0.81])
    error: str | None


class BacktestReportAnswer(BacktestAnswer):
    report: BacktestReport | None = Field(description="Null until it is done.")


class BacktestComparison(Answer):
    """Two back-tests side by side."""

    one: BacktestReportAnswer
    other: BacktestReportAnswer
    same_question: bool = Field(
        description="Whether they differ in their settings alone: same instants, horizon, gap and as_of."
    )
