"""Requests and answers of the API: Fivetran's bodies, envelope, errors, and pages."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

Answer = dict[str, Any]
_ACCEPTED = re.compile(
    r"(application/json|application/\*|\*/\*)\s*(;\s*(version=[12]|q=[0-9.]+|charset=\S+)\s*)*"
)


class FivetranBody(BaseModel):
    """The body of a request. Unknown fields are refused: no field is accepted without effect."""

    model_config = ConfigDict(extra="forbid", strict=True)

    def given(self) -> dict[str, Any]:
        """Returns the fields that the request states; null states nothing."""
        return self.model_dump(exclude_unset=True, exclude_none=True)


class ApiError(Exception):
    """An answer other than 2xx, with one of Fivetran's codes."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after

    def response(self) -> JSONResponse:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return JSONResponse({"code": self.code, "message": self.message}, self.status, headers)


def invalid_input(error: Mapping[str, Any]) -> ApiError:
    """Returns a 400 in Fivetran's words for the errors that pydantic finds in a request."""
    place = ".".join(str(part) for part in error["loc"][1:])
    if error["type"] == "missing":
        message = f"Field '{place}' is required" if place else "The request body is required"
    elif error["type"] == "json_invalid":
        message = "The request body is not valid JSON"
    elif error["type"] == "extra_forbidden":
        message = f"Field '{place}' is not supported by the local Fivetran"
    else:
        message = f"{place}: {error['msg']}"
    return ApiError(400, "InvalidInput", message)


def check_media_types(request: Request) -> None:
    """Raises a 406 if the caller takes no JSON of version 1 or 2, a 415 if it sends something else."""
    accepted = request.headers.get("accept") or "*/*"
    if not any(_ACCEPTED.fullmatch(part.strip()) for part in accepted.split(",")):
        raise ApiError(406, "NotAcceptable", f"Accept '{accepted}' is not served; application/json is.")
    sends = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sends and kind != "application/json":
        raise ApiError(
            415, "UnsupportedMediaType", f"Content-Type '{kind}' is not served; application/json is."
        )


def success(data: Any = None, message: str | None = None) -> Answer:
    answer: Answer = {"code": "Success"}
    if message is not None:
        answer["message"] = message
    if data is not None:
        answer["data"] = data
    return answer


Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query()]


def page(items: Sequence[Answer], limit: int, cursor: str | None) -> Answer:
    """Returns the items after the one that the cursor names. Both spellings of the next cursor are answered:
    Fivetran's documentation has one, the Dagster client reads the other."""
    start = 0
    if cursor:
        ids = [item["id"] for item in items]
        try:
            start = ids.index(base64.urlsafe_b64decode(cursor.encode()).decode()) + 1
        except (ValueError, binascii.Error) as cause:
            raise ApiError(400, "InvalidInput", f"The cursor '{cursor}' is not valid.") from cause
    chosen = items[start : start + limit]
    data: Answer = {"items": list(chosen)}
    if start + limit < len(items):
        following = base64.urlsafe_b64encode(str(chosen[-1]["id"]).encode()).decode()
        data |= {"next_cursor": following, "nextCursor": following}
    return success(data)


def timestamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
