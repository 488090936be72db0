"""The server: uvicorn, with limits on what a connection may take."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kpi_platform.configuration import Configuration
from kpi_platform.web.edge import SECURITY_HEADERS

_HEAD_BYTES = 65_536
_FAREWELL_SECONDS = 1.0
_REQUEST_BYTES = 8_000_000
"""Largest size of one request as it arrives. A body of chunks takes several times its size."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A request, head and body, arrives within `arrival_seconds`; an answer that nobody reads
    any further is cut off after `reading_seconds`; what the app takes to answer, and how long it streams, is
    not limited. Of `most` connections, the one that has waited longest for a request makes room for another.
    """

    arrival_seconds = 15.0
    reading_seconds = 60.0
    most = 500

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._arrival: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._waits_since = self.loop.time()
        self._arriving = True
        self._in_head = True
        self._received = 0
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        room = self._make_room()
        super().connection_made(transport)
        if room:
            self._await_request()
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too_busy", "The server has too many connections.")

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_arrival()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._received += len(data)
        super().data_received(data)
        if self._refused or self.transport.is_closing():
            return
        if self._in_head and self._received > _HEAD_BYTES:
            text = f"The head of the request has more than {_HEAD_BYTES} bytes."
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too_large", text)
        elif self._received > _REQUEST_BYTES:
            text = "The request is too large."
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", text)
        elif self._arrival is None and self.is_waiting:
            self._await_request()

    def on_message_begin(self) -> None:
        self._arriving = self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers after a body of chunks are no headers that the app has seen.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._arriving = False
        self._received = 0
        self._forget_arrival()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._waits_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading = self.loop.call_later(self.reading_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, "invalid_input", msg)

    @property
    def is_waiting(self) -> bool:
        """Whether the client is to say something: the rest of a request, or another one."""
        return self._arriving or self.cycle is None or self.cycle.response_complete

    def _await_request(self) -> None:
        self._waits_since = self.loop.time()
        self._arrival = self.loop.call_later(self.arrival_seconds, self._give_up)

    def _forget_arrival(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _give_up(self) -> None:
        self._arrival = None
        if self.flow.read_paused:
            # The client waits for us.
            self._await_request()
            return
        text = f"The request did not arrive within {self.arrival_seconds:g} seconds."
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", text)

    def _make_room(self) -> bool:
        if len(self.connections) < self.most:
            return True
        waiting = [one for one in self.connections if isinstance(one, BoundedProtocol) and one.is_waiting]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda one: one._waits_since)
        self.connections.discard(oldest)
        oldest.transport.abort()
        return True

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        """Ends the connection, with an answer if none has begun. An app that waits for the rest of the
        request learns that nobody is there any more."""
        if self.transport.is_closing():
            return
        self._refused = True
        self._forget_arrival()
        cycle = self.cycle
        if cycle is None or (cycle.response_complete if self._in_head else not cycle.response_started):
            self.transport.write(_answer(status, code, message))
        if cycle is not None and not cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        # Data that the client still sends is read for a moment: a reset would overtake the answer.
        self.transport.write_eof()
        self.loop.call_later(_FAREWELL_SECONDS, self.transport.abort)


def server_options(configuration: Configuration) -> dict[str, Any]:
    """Returns the options with which uvicorn serves the app. A proxy's headers about a caller count if
    FORWARDED_ALLOW_IPS lists it."""
    return {
        "http": BoundedProtocol,
        # The app has none, and their connections would have no limits.
        "ws": "none",
        "forwarded_allow_ips": configuration.get("FORWARDED_ALLOW_IPS") or "",
        # The server's request log would hold the keys of sign-in links; ours names routes.
        "log_config": None,
        "access_log": False,
        "server_header": False,
        # Streams of progress that are still open must not hold up the end.
        "timeout_graceful_shutdown": 3,
    }


def _answer(status: HTTPStatus, code: str, message: str) -> bytes:
    body = json.dumps({"error": {"code": code, "message": message, "details": {}}}).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Cache-Control": "no-store",
        **SECURITY_HEADERS,
    }
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
