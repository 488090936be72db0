"""The one HTTP path to Fivetran: what is tried again, what is not, and what a failure says."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx

from kpi_platform.adapters.fivetran_limits import hourly_limit, retry_after
from kpi_platform.domain.errors import FivetranRefused, FivetranUnavailable
from kpi_platform.installation import HEADER

PAGE_SIZE = 1000
MOST_PAGES = 100
"""No account has so many connections; a list that has more pages does not end."""

UNNAMED_WAIT_SECONDS = 60.0
"""When to ask again after a used-up rate limit of which Fivetran does not say how long it lasts."""

_COUNTED_AT_ONCE = 25
_HEADERS = {"Accept": "application/json;version=2", "User-Agent": "kpi-platform"}


class FivetranHttp:
    """Calls in the name of one API key.

    429 waits as long as `Retry-After` says, up to `max_wait_seconds`; 5xx and lost connections are tried
    again with growing pauses; other 4xx never are. Raises FivetranUnavailable (no answer, or none that helps;
    `details["retry_after_seconds"]` after a 429, `["unknown_outcome"]` if a change may have been made) and
    FivetranRefused (`details["status"]` and `["code"]` are Fivetran's). Safe to share by threads.
    `installation` is sent to a local Fivetran, which refuses the calls of another home's installation.
    `on_calls` gets the number of calls since it was called last: now and then, when the rate limit is used
    up, and at the end.
    """

    hourly_limit: int | None = None
    """Calls that the account may make in an hour, as the newest answer says; None: no answer has said it."""

    blocked_until: datetime | None = None
    """When Fivetran takes calls again, after an answer that the rate limit is used up."""

    def __init__(
        self,
        base_url: str,
        key: str,
        secret: str,
        *,
        timeout_seconds: float = 30.0,
        max_attempts: int = 4,
        backoff_seconds: float = 0.5,
        max_wait_seconds: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        installation: str | None = None,
    ) -> None:
        self.on_calls: Callable[[int], None] = _uncounted
        self.base_url = base_url.rstrip("/")
        self._max_attempts = max_attempts
        self._backoff_seconds = backoff_seconds
        self._max_wait_seconds = max_wait_seconds
        self._sleep = sleep
        self._timeout = _timeout(timeout_seconds)
        self._uncounted_calls = 0
        self._counting = threading.Lock()
        self._client = httpx.Client(
            base_url=f"{self.base_url}/v1/",
            auth=httpx.BasicAuth(key, secret),
            headers=_HEADERS | ({HEADER: installation} if installation else {}),
            verify=_tls(),
            event_hooks={"response": [_end_in_time]},
        )

    def close(self) -> None:
        self._client.close()
        self._tell_calls(at_least=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        repeatable: bool = True,
        timeout_seconds: float | None = None,
        max_attempts: int | None = None,
    ) -> Mapping[str, Any]:
        """Makes one call to `path` below `/v1/`. Returns its `data`, or the whole body if there is none.

        A call that is not `repeatable` is tried again only when it certainly did not arrive. An answer may
        take `timeout_seconds`.
        """
        attempts = max_attempts or self._max_attempts
        timeout = self._timeout if timeout_seconds is None else _timeout(timeout_seconds)
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            try:
                self._count_call()
                response = self._client.request(method, path, json=json, params=params, timeout=timeout)
            except httpx.TransportError as cause:
                arrived = not isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout)
                if last or not (repeatable or not arrived):
                    raise self._unreachable(cause, unknown_outcome=arrived and not repeatable) from cause
            else:
                self._note_limit(method, response)
                if response.is_success:
                    return self._data(response)
                if response.status_code < 500 and response.status_code != 429:
                    raise _refused(response, method, path)
                wait = retry_after(response.headers) or 0.0
                overloaded = response.status_code == 429
                if last or wait > self._max_wait_seconds or not (repeatable or overloaded):
                    wait = wait or UNNAMED_WAIT_SECONDS
                    if overloaded:
                        self._note_block(wait)
                    raise self._overloaded(response, wait, unknown_outcome=not (repeatable or overloaded))
                if overloaded:
                    self._sleep(wait or self._pause(attempt))
                    continue
            self._sleep(self._pause(attempt))
        raise AssertionError("the last attempt returns or raises")

    def pages(self, path: str) -> list[Mapping[str, Any]]:
        """Returns all items of a paged list. Raises as `each_page`."""
        return [item for page in self.each_page(path) for item in page]

    def each_page(self, path: str, *, max_attempts: int | None = None) -> Iterator[list[Mapping[str, Any]]]:
        """Yields a paged list, page by page. Raises FivetranUnavailable also if an answer is no list, or if
        the list does not end: nobody can say then what is missing from it."""
        params: dict[str, Any] = {"limit": PAGE_SIZE}
        for _ in range(MOST_PAGES):
            data = self.request("GET", path, params=params, max_attempts=max_attempts)
            if not isinstance(data.get("items"), list):
                raise self._half_answer(path, "is no list")
            yield data["items"]
            cursor = data.get("next_cursor") or data.get("nextCursor")
            if not cursor:
                return
            if cursor == params.get("cursor"):
                break
            params["cursor"] = cursor
        raise self._half_answer(path, "is a list that does not end")

    def _half_answer(self, path: str, what: str) -> FivetranUnavailable:
        return FivetranUnavailable(
            f"What Fivetran at {self.base_url} answers to GET {path} {what}.",
            next_step="Try again later; https://status.fivetran.com says whether it is down.",
        )

    def _count_call(self) -> None:
        with self._counting:
            self._uncounted_calls += 1
        self._tell_calls(at_least=_COUNTED_AT_ONCE)

    def _tell_calls(self, at_least: int) -> None:
        with self._counting:
            calls = self._uncounted_calls
            if calls < at_least:
                return
            self._uncounted_calls = 0
        self.on_calls(calls)

    def _note_limit(self, method: str, response: httpx.Response) -> None:
        # Calls that change something or ask the source have limits of their own.
        if method == "GET":
            self.hourly_limit = hourly_limit(response.headers) or self.hourly_limit

    def _note_block(self, wait: float) -> None:
        self.blocked_until = datetime.now(UTC) + timedelta(seconds=wait)
        self._tell_calls(at_least=1)

    def _pause(self, attempt: int) -> float:
        return min(self._backoff_seconds * 2.0 ** (attempt - 1), self._max_wait_seconds)

    def _data(self, response: httpx.Response) -> Mapping[str, Any]:
        try:
            body = response.json()
            data = body.get("data", body)
            return dict(data)
        except (ValueError, TypeError, AttributeError, RecursionError) as cause:
            raise FivetranUnavailable(
                f"What answers at {self.base_url} is not Fivetran's API.",
                next_step="Check FIVETRAN_API_URL.",
                details={"unknown_outcome": True},
            ) from cause

    def _unreachable(self, cause: Exception, *, unknown_outcome: bool) -> FivetranUnavailable:
        return FivetranUnavailable(
            f"Fivetran at {self.base_url} does not answer: {str(cause) or type(cause).__name__}.",
            next_step="Check FIVETRAN_API_URL and the network; `kpi-platform up` starts the local one.",
            details={"unknown_outcome": True} if unknown_outcome else None,
        )

    def _overloaded(
        self, response: httpx.Response, wait: float, *, unknown_outcome: bool
    ) -> FivetranUnavailable:
        if response.status_code == 429:
            return FivetranUnavailable(
                f"Fivetran's rate limit is used up; it takes calls again in {wait:.0f} seconds.",
                next_step="Try again then, or have fewer programs use this API key.",
                details={"status": 429, "retry_after_seconds": wait},
            )
        return FivetranUnavailable(
            f"Fivetran at {self.base_url} answered {response.status_code}.",
            next_step="Try again later; https://status.fivetran.com says whether it is down.",
            details={"status": response.status_code} | ({"unknown_outcome": True} if unknown_outcome else {}),
        )


@cache
def _tls() -> ssl.SSLContext:
    """What every client verifies servers with. Reading the authorities takes 20 ms, and each tick of a sensor
    makes a client."""
    return httpx.create_ssl_context()


class _Timed(httpx.SyncByteStream):
    """A body that must have come within `seconds`: the client's own limit is for each part of it."""

    def __init__(self, body: httpx.SyncByteStream, seconds: float) -> None:
        self._body = body
        self._ends = time.monotonic() + seconds

    def __iter__(self) -> Iterator[bytes]:
        for part in self._body:
            if time.monotonic() > self._ends:
                raise httpx.ReadTimeout("the answer comes too slowly")
            yield part

    def close(self) -> None:
        self._body.close()


def _end_in_time(response: httpx.Response) -> None:
    assert isinstance(response.stream, httpx.SyncByteStream)
    response.stream = _Timed(response.stream, response.request.extensions["timeout"]["read"])


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, 10.0))


def _uncounted(_calls: int) -> None:
    """Calls of commands that a person starts are few."""


def _refused(response: httpx.Response, method: str, path: str) -> FivetranRefused:
    try:
        body = dict(response.json())
    except (ValueError, TypeError, RecursionError):
        body = {}
    code, reason = str(body.get("code") or ""), str(body.get("message") or response.reason_phrase)
    next_step = {
        401: "Check FIVETRAN_API_KEY and FIVETRAN_API_SECRET.",
        403: "Give the API key's role the right to do this in Fivetran.",
        404: "Check the id in the customer's settings; `kpi-platform doctor` says what Fivetran knows.",
        421: "Start this home's own with `kpi-platform up`, on another port with KPI_LOCAL_FIVETRAN_PORT.",
    }.get(response.status_code, "")
    if response.status_code == 404 and path.startswith("webhooks/"):
        next_step = "`kpi-platform webhook list` shows the webhooks with their ids."
    return FivetranRefused(
        f"Fivetran refused {method} {path} ({response.status_code}): {reason.rstrip('.')}.",
        next_step=next_step,
        details={"status": response.status_code, "code": code, "reason": reason},
    )
