"""Slows down whoever tries to guess."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from kpi_platform.web.refusals import TooManyAttempts

_REMEMBERED = 10_000


class Throttle:
    """At most `attempts` failures within `seconds`, of each caller; then TooManyAttempts until the oldest is
    that long ago. Remembers a bounded number of callers, in this process."""

    def __init__(
        self, attempts: int = 5, seconds: float = 60.0, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._attempts = attempts
        self._seconds = seconds
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def require_patience(self, caller: str) -> None:
        """Raises TooManyAttempts where `caller` has failed too often of late."""
        with self._lock:
            wait = self._wait(caller)
        if wait > 0:
            seconds = int(wait) + 1
            raise TooManyAttempts(
                "There were too many failed attempts to sign in.",
                next_step=f"Try again in {seconds} seconds.",
                details={"retry_after_seconds": seconds},
            )

    def note_failure(self, caller: str) -> None:
        with self._lock:
            failures = self._failures.setdefault(caller, deque(maxlen=self._attempts))
            failures.append(self._clock())
            self._failures.move_to_end(caller)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def forget(self, caller: str) -> None:
        """After a success."""
        with self._lock:
            self._failures.pop(caller, None)

    def _wait(self, caller: str) -> float:
        failures = self._failures.get(caller)
        if failures is None or len(failures) < self._attempts:
            return 0.0
        return failures[0] + self._seconds - self._clock()
