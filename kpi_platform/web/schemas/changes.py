"""Changes of a customer's accounts, health by week, and what waits."""

from datetime import date, datetime

from pydantic import Field

from kpi_platform.domain.health_bands import HealthBand
from kpi_platform.web.schemas.accounts import ScoreReasonAnswer
from kpi_platform.web.schemas.answers import Answer


class ChangedAccountAnswer(Answer):
    id: int = Field(examples=[7])
    name: str = Field(examples=["Amber Works"])
    csm_name: str | None = Field(description="Customer success manager.", examples=["Mila Ito"])
    arr: float | None = Field(description="Annual recurring revenue.", examples=[120000.0])
    next_renewal_date: date | None = Field(examples=["2026-09-30"])
    revenue: float | None


class MovedAccountAnswer(ChangedAccountAnswer):
    before: float = Field(description="The health score as of `since`.", examples=[71.5])
    after: float = Field(description="The health score as of `until`, or now.", examples=[58.0])
    points: float = Field(examples=[-13.5])
    reasons: list[ScoreReasonAnswer] = Field(
        description="Those in the direction of the change first; their points add up to it."
    )


class LostValueAnswer(Answer):
    kpi: str = Field(examples=["nps"])
    value: float = Field(description="The last value that it had.", examples=[42.0])
    status: str = Field(description="Why there is none now.", examples=["no_data"])


class LostValuesAnswer(ChangedAccountAnswer):
    values: list[LostValueAnswer]


class BandAnswer(Answer):
    accounts: int = Field(examples=[41])
    change: int = Field(description="Accounts more (or fewer) than as of `since`.", examples=[-3])
    money: float | None = Field(description="Their ARR, or revenue: see `is_arr`.", examples=[2.4e6])
    money_before: float | None = Field(description="That as of `since`.", examples=[2.6e6])


class ChangesAnswer(Answer):
    """`counts` are all accounts of each list; the lists have at most `limit`, the greatest movers first."""

    since: datetime = Field(
        description="As asked for; the first instant that is known if an earlier one was asked for."
    )
    until: datetime | None = Field(description="As asked for; null: now.")
    scope: str = Field(description="Whose accounts: `mine` or `all`.", examples=["all"])
    is_arr: bool = Field(
        description="Whether `money` is annual recurring revenue; else it is the accounts' revenue."
    )
    bands: dict[HealthBand, BandAnswer] = Field(description="By band of the health score.")
    counts: dict[str, int] = Field(examples=[{"worse": 12, "better": 9, "new": 1, "gone": 0, "lost": 2}])
    worse: list[MovedAccountAnswer]
    better: list[MovedAccountAnswer]
    new: list[ChangedAccountAnswer]
    gone: list[ChangedAccountAnswer]
    lost: list[LostValuesAnswer]


class BandTotalAnswer(Answer):
    accounts: int = Field(examples=[41])
    money: float | None = Field(
        description="Their ARR, or revenue where no ARR is known, as it was then.", examples=[2.4e6]
    )


class HealthWeekAnswer(Answer):
    week: datetime = Field(description="The Monday that the week begins on, in UTC.")
    bands: dict[HealthBand, BandTotalAnswer]


class WaitingAnswer(Answer):
    kind: str = Field(description="review, held_load, run, source, checks or set_up.", examples=["review"])
    urgent: bool = Field(description="Whether it stops new values, or hides that they are wrong.")
    title: str = Field(examples=["5 accounts wait for review"])
    detail: str = Field(examples=["They are left out of the dashboard until somebody decides."])
    path: str = Field(description="The page on which to do it.", examples=["/matches"])
    action: str = Field(description="What its button says.", examples=["Review them"])
