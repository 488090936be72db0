"""How much of what takes long one customer may ask for at once."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from kpi_platform.web.refusals import TooBusy


class Turns:
    """At most `each` at once of one customer, and `all_` of all together, in this process."""

    def __init__(self, each: int, all_: int, what: str, retry_after_seconds: int) -> None:
        self._each = each
        self._all = all_
        self._what = what
        self._retry_after_seconds = retry_after_seconds
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, customer: str) -> Iterator[None]:
        """Gives one turn, for as long as the block lasts. Raises TooBusy at once if there is none."""
        with self._lock:
            if self._taken[customer] >= self._each:
                raise self._refusal(f"{self._each} {self._what} of yours are")
            if self._taken.total() >= self._all:
                raise self._refusal(f"Too many {self._what} are")
            self._taken[customer] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[customer] -= 1
                if not self._taken[customer]:
                    del self._taken[customer]

    def _refusal(self, which: str) -> TooBusy:
        return TooBusy(
            f"{which} being worked on already.",
            next_step=f"Wait for one to end, and try again in {self._retry_after_seconds} seconds.",
            details={"retry_after_seconds": self._retry_after_seconds},
        )
