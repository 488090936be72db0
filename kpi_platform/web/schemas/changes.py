"""Changes of a customer's accounts."""

from datetime import datetime

from pydantic import Field

from kpi_platform.web.schemas.accounts import ScoreReasonAnswer
from kpi_platform.web.schemas.answers import Answer


class ChangedAccountAnswer(Answer):
    id: int
    name: str
    csm_name: str | None = Field(description="Customer success manager.")


class MovedAccountAnswer(ChangedAccountAnswer):
    before: float = Field(description="The health score as of `since`.")
    after: float = Field(description="The health score now.")
    points: float
    reasons: list[ScoreReasonAnswer] = Field(
        description="Those in the direction of the change first; their points add up to it."
    )


class LostValueAnswer(Answer):
    kpi: str = Field(examples=["nps"])
    value: float = Field(description="The value that it had.")
    status: str = Field(description="Why there is none now.", examples=["no_data"])


class LostValuesAnswer(ChangedAccountAnswer):
    values: list[LostValueAnswer]


class ChangesAnswer(Answer):
    """`worse_count` and `better_count` are all; `worse` and `better` are at most `limit`, the greatest movers
    first."""

    since: datetime = Field(
        description="As asked for; the first instant that is known if an earlier one was asked for."
    )
    worse_count: int
    better_count: int
    worse: list[MovedAccountAnswer]
    better: list[MovedAccountAnswer]
    new: list[ChangedAccountAnswer]
    gone: list[ChangedAccountAnswer]
    lost: list[LostValuesAnswer]
