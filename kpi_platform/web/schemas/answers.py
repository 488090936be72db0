"""Parts that answers share."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """An answer is made from the platform's own objects."""

    model_config = ConfigDict(from_attributes=True)


class Body(BaseModel):
    """The body of a request: no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ErrorDetail(BaseModel):
    code: str = Field(description="Stable and machine-readable.", examples=["not_found"])
    message: str = Field(
        description="What is wrong, and what to do.",
        examples=["Customer 'acme' has no account 7. List the accounts."],
    )
    details: dict[str, Any] = Field(
        description='More to it; of invalid input `errors`: a list of `{"field", "message"}`.', examples=[{}]
    )


class ErrorAnswer(BaseModel):
    """Every answer from 400 on."""

    error: ErrorDetail


def _in_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


Instant = Annotated[datetime, AfterValidator(_in_utc)]
"""An instant of a request; one without a zone is in UTC."""

Limit = Annotated[int, Query(ge=1, le=500, description="At most so many.")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="Leave out so many from the start.")]

_MEANINGS = {
    400: "The request is not valid; `details.errors` names the fields.",
    401: "No token, or none that is valid.",
    403: "The token may not do this.",
    404: "There is no such thing, or it is another customer's.",
    409: "It does not fit what is there.",
    412: "`If-Match` names a version that is not the newest any more.",
    413: "The body is too large.",
    421: "The app does not answer under this host name.",
    429: "Too many attempts, or too much at once; `Retry-After` says how many seconds to wait.",
    500: "An error of ours; the message names the request id.",
    502: "Fivetran refuses.",
    503: "Something outside does not answer; try again later.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Returns the `responses=` of a route: these errors besides the ones that every route has."""
    return {status: {"model": ErrorAnswer, "description": _MEANINGS[status]} for status in statuses}


COMMON_ERRORS = errors(400, 401, 403, 413, 421, 429, 500, 503)
