"""Faults that a test switches on, and the hourly limits."""

import re
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

from pydantic import BaseModel, ConfigDict, Field

from kpi_platform.local.behaviour import HOURLY_CALLS
from kpi_platform.local.responses import ApiError

_HOUR = 3600.0
_CODES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    429: "TooManyRequests",
}


class Fault(BaseModel):
    """A fault of the next `times` calls whose "METHOD /path" matches; `times: 0`: of all, until cleared. A
    `delay_seconds` longer than the client waits is a timeout. Without `status`, the call goes on after it.
    `connection`: only calls about this one; lists that name it go on working."""

    model_config = ConfigDict(extra="forbid")

    match: str = "."
    connection: str | None = None
    status: int | None = Field(default=None, ge=400, le=599)
    code: str | None = None
    message: str = "A fault that was switched on."
    retry_after: int | None = None
    delay_seconds: float = 0.0
    times: int = 1

    @property
    def error(self) -> ApiError | None:
        if self.status is None:
            return None
        code = self.code or _CODES.get(self.status, "InternalError")
        wait = 1 if self.status == 429 and self.retry_after is None else self.retry_after
        return ApiError(self.status, code, self.message, retry_after=wait)

    def hits(self, method: str, path: str) -> bool:
        about = self.connection is None or re.match(
            rf"/v1/connect(ions|ors)/{re.escape(self.connection)}(/|$)", path
        )
        return bool(about and re.search(self.match, f"{method} {path}"))


class Faults:
    """The faults that are switched on, in the order of switching."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def take(self, method: str, path: str) -> Fault | None:
        """Returns the fault that this call gets."""
        with self._lock:
            for fault in self._faults:
                if fault.hits(method, path):
                    if fault.times == 1:
                        self._faults.remove(fault)
                    elif fault.times > 1:
                        fault.times -= 1
                    return fault
        return None


class RateLimit:
    """At most `limit` of `what` in any hour."""

    def __init__(
        self,
        limit: int = HOURLY_CALLS["standard"],
        what: str = "API calls",
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.limit = limit
        self._what = what
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: deque[float] = deque()

    def take(self) -> None:
        """Counts one; raises a 429 with the whole seconds until the next one is free."""
        with self._lock:
            time = self._now()
            if len(self._taken) >= self.limit:
                message = f"The limit of {self.limit} {self._what} an hour is used up."
                raise ApiError(429, "TooManyRequests", message, retry_after=self._reset_seconds(time))
            self._taken.append(time)

    def headers(self) -> dict[str, str]:
        """Returns the headers of every answer about the budget of calls; `Reset` is in whole seconds."""
        with self._lock:
            time = self._now()
            return {
                "X-Rate-Limit": str(self.limit),
                "X-Rate-Limit-Remaining": str(max(0, self.limit - len(self._taken))),
                "X-Rate-Limit-Reset": str(self._reset_seconds(time)),
            }

    def _now(self) -> float:
        """The time; what is older than an hour is forgotten."""
        time = self._clock()
        while self._taken and self._taken[0] <= time - _HOUR:
            self._taken.popleft()
        return time

    def _reset_seconds(self, time: float) -> int:
        return int(self._taken[0] + _HOUR - time) + 1 if self._taken else int(_HOUR)
