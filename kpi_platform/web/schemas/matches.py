"""The review queue."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from kpi_platform.web.schemas.answers import Answer, Body


class MatchAnswer(Answer):
    """`account_id` is the accepted account (match) or the best proposal (review)."""

    source_account_id: str = Field(examples=["0015f00000A1b2CAAR"])
    source_name: str
    account_id: int | None
    account_name: str | None
    score: float
    method: str
    decision: Literal["match", "review", "none"]
    reason: str
    candidates: list[dict[str, Any]] = Field(
        examples=[[{"account_id": 7, "name": "Acme", "score": 0.81, "method": "name", "reason": "…"}]]
    )
    facts: dict[str, Any] | None = Field(
        description="What the source says of an account that waits for review.",
        examples=[{"website": "acme.com", "industry": "Retail", "domains": ["acme.com"]}],
    )
    loaded: bool
    as_of: datetime
    updated_at: datetime


class MatchesAnswer(Answer):
    """`counts` are of all source accounts by decision."""

    counts: dict[str, int]
    limit: int
    offset: int
    matches: list[MatchAnswer]


class DecisionBody(Body):
    """accept and reject are about the proposal, or `account_id`; choose names another account; undo takes the
    newest decision back."""

    decision: Literal["accept", "reject", "choose", "undo"]
    account_id: int | None = Field(None, ge=1, le=2**31 - 1)
    note: str = Field("", max_length=1000)

    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "choose", "account_id": 7}]})

    @model_validator(mode="after")
    def _fits(self) -> "DecisionBody":
        if self.decision == "choose" and self.account_id is None:
            raise PydanticCustomError("refused", "choose needs account_id")
        if self.decision == "undo" and self.account_id is not None:
            raise PydanticCustomError("refused", "undo takes no account_id")
        return self


class DecisionAnswer(Answer):
    id: int
    source_account_id: str
    source_name: str
    decision: str
    account_id: int
    account_name: str
    note: str
    decided_by: str
    decided_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    is_last: bool = Field(description="No later decision on the source account stands: this can be undone.")


class AcceptBody(Body):
    min_score: float = Field(ge=0.5, le=1, examples=[0.95], description="From 0.5 to 1.")


class AcceptedAnswer(Answer):
    """`refused` says why others that score as much were not accepted."""

    decisions: list[DecisionAnswer]
    refused: list[str]


class DecidedAnswer(Answer):
    """The decision and the match as it is now."""

    decision: DecisionAnswer
    match: MatchAnswer
