"""Faults that a test switches on, and the hourly limit of calls."""

import re
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

from pydantic import BaseModel, Field

from kpi_platform.local.responses import ApiError

HOURLY_LIMIT = 20_000
_HOUR = 3600.0
_CODES = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 429: "TooManyRequests"}


class Fault(BaseModel):
    """What the next `times` calls get whose "METHOD /path" matches; `times: 0`: all of them, until cleared. A
    `delay_seconds` longer than the client waits is a timeout. Without `status`, the call goes on after it."""

    match: str = "."
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
        """The fault that this call gets."""
        with self._lock:
            for fault in self._faults:
                if re.search(fault.match, f"{method} {path}"):
                    if fault.times == 1:
                        self._faults.remove(fault)
                    elif fault.times > 1:
                        fault.times -= 1
                    return fault
        return None


class RateLimit:
    """At most `limit` calls in any hour."""

    def __init__(self, limit: int = HOURLY_LIMIT, clock: Callable[[], float] = monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: deque[float] = deque()

    def take(self) -> None:
        """Counts a call; raises a 429 with the whole seconds until the next one is free."""
        with self._lock:
            time = self._clock()
            while self._calls and self._calls[0] <= time - _HOUR:
                self._calls.popleft()
            if len(self._calls) >= self.limit:
                wait = int(self._calls[0] + _HOUR - time) + 1 if self._calls else int(_HOUR)
                message = f"The limit of {self.limit} API calls an hour is used up."
                raise ApiError(429, "TooManyRequests", message, retry_after=wait)
            self._calls.append(time)
