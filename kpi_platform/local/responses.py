"""What the API answers: Fivetran's envelope, its errors, and its pages."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import JSONResponse

Answer = dict[str, Any]


class ApiError(Exception):
    """An answer other than 2xx, with one of Fivetran's codes."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after

    def response(self) -> JSONResponse:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return JSONResponse({"code": self.code, "message": self.message}, self.status, headers)


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
    """The items after the one that the cursor names. Both spellings of the next cursor are answered:
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
