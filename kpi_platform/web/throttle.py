"""Slows down clients that guess secrets."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from kpi_platform.web.refusals import TooManyAttempts

_REMEMBERED = 10_000


class FailureCounter:
    """Failures within `seconds`, of each name; `allowed` of them are forgiven. Remembers a bounded number of
    names, in this process."""

    def __init__(self, allowed: int, seconds: float, clock: Callable[[], float]) -> None:
        self._allowed = allowed
        self._seconds = seconds
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, name: str) -> float:
        """Returns the seconds until `name` may fail again; 0 or less: now."""
        failures = self._failures.get(name)
        if failures is None or len(failures) < self._allowed:
            return 0.0
        return failures[0] + self._seconds - self._clock()

    def note(self, name: str) -> None:
        failures = self._failures.setdefault(name, deque(maxlen=self._allowed))
        failures.append(self._clock())
        self._failures.move_to_end(name)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody at `address` says to be `account`: a token's fingerprint, or the id in a link."""

    address: str
    account: str


class Throttle:
    """Within `seconds`, `of_address` failures of one address and `of_account` failures of one account, from
    any address, are forgiven; then TooManyAttempts until the oldest is that long ago. So a guessing client
    locks out nobody at another address, and many addresses guess at one account no faster."""

    def __init__(
        self,
        of_address: int,
        of_account: int,
        seconds: float = 60.0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._addresses = FailureCounter(of_address, seconds, clock)
        self._accounts = FailureCounter(of_account, seconds, clock)
        self._lock = threading.Lock()

    def require_patience(self, attempt: Attempt) -> None:
        """Raises TooManyAttempts if the attempt's address or account has failed too often of late."""
        with self._lock:
            wait = max(self._addresses.wait(attempt.address), self._accounts.wait(attempt.account))
        if wait > 0:
            seconds = int(wait) + 1
            raise TooManyAttempts(
                "There were too many failed attempts to sign in.",
                next_step=f"Try again in {seconds} seconds.",
                details={"retry_after_seconds": seconds},
            )

    def note_failure(self, attempt: Attempt) -> None:
        with self._lock:
            self._addresses.note(attempt.address)
            self._accounts.note(attempt.account)


def network_of(address: str) -> str:
    """Returns the network that counts as one address: the first 64 bits of IPv6, in which every household has
    as many addresses as it likes."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
