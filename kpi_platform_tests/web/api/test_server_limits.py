"""Limits of one connection to the server that `kpi-platform web` starts, over real sockets."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from kpi_platform.configuration import Configuration
from kpi_platform.web.app import create_app
from kpi_platform.web.server import BoundedProtocol
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.serving import serving


class Hasty(BoundedProtocol):
    """The limits of the server, in little time and for few."""

    arrival_seconds = 0.5
    reading_seconds = 0.5
    most = 20


@pytest.fixture
def url(web: Web) -> Iterator[str]:
    with serving(web.app, http=Hasty) as url:
        yield url


def connected(url: str) -> socket.socket:
    place = urlsplit(url)
    assert place.hostname
    assert place.port
    return socket.create_connection((place.hostname, place.port), timeout=10)


def answered(client: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    received = b""
    with suppress(ConnectionResetError):
        while chunk := client.recv(65536):
            received += chunk
    return received


def has_ended(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_many_who_read_at_once_wait_for_their_turn_and_none_for_another(web: Web) -> None:
    """Each needs a second connection of the database's pool for a moment, to look up its token."""
    headers = {"Authorization": web.client().headers["authorization"]}
    with serving(web.app) as url, ThreadPoolExecutor(60) as callers:
        began = time.monotonic()
        asked = [
            callers.submit(httpx.get, f"{url}/api/accounts", headers=headers, timeout=60) for _ in range(60)
        ]
        assert {one.result().status_code for one in asked} == {200}
        assert time.monotonic() - began < 15


HEAD = b"PUT /api/fivetran/config HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def lives(url: str) -> bool:
    """Whether /healthz answers within five seconds."""
    return httpx.get(f"{url}/healthz", timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b"HTTP/1.1 408 "),
        (b"GET /healthz HTTP/1.1\r\nHost: 127", b"HTTP/1.1 408 "),
        (HEAD + b"Content-Length: 100\r\n\r\n{", b"HTTP/1.1 408 "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", b"HTTP/1.1 408 "),
    ],
)
def test_a_request_that_does_not_arrive_in_time_ends(url: str, sent: bytes, answer: bytes) -> None:
    with connected(url) as client:
        client.sendall(sent)
        began = time.monotonic()
        received = answered(client)
    assert 0.3 < time.monotonic() - began < 3
    assert received.startswith(answer)
    assert b"did not arrive within 0.5 seconds" in received
    assert b"nosniff" in received


@pytest.mark.parametrize("sent", [b"GET /healthz HTTP/1.1\r\nX: ", HEAD + b"Content-Length: 100\r\n\r\n"])
def test_a_request_byte_by_byte_is_given_no_more_time(url: str, sent: bytes) -> None:
    with connected(url) as client:
        client.sendall(sent)
        client.settimeout(0.05)
        began, received = time.monotonic(), b""
        while not received and time.monotonic() - began < 5:
            client.sendall(b" ")
            with suppress(TimeoutError):
                received = client.recv(65536)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < 3


def test_a_connection_that_says_nothing_more_ends_though_it_sends_empty_lines(url: str) -> None:
    with connected(url) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        client.sendall(b"\r\n")
        began = time.monotonic()
        answered(client)
    assert time.monotonic() - began < 3


def test_the_server_answers_others_beside_idle_and_half_sent_requests(web: Web) -> None:
    with serving(web.app) as url, ExitStack() as stack:
        for number in range(600):
            client = stack.enter_context(connected(url))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n"[: number % 40])
            if number % 100 == 99:
                assert lives(url)


def test_connections_are_bounded_and_the_one_that_waited_longest_makes_room(url: str) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(url)) for _ in range(60)]
        assert lives(url)
        time.sleep(0.1)
        ended = [client for client in clients if has_ended(client)]
        assert 40 <= len(ended) < 60
        assert clients[-1] not in ended


def test_where_all_are_busy_another_is_refused(web: Web) -> None:
    free, begun = threading.Event(), threading.Semaphore(0)

    @web.app.get("/slow")
    def slow() -> str:
        begun.release()
        free.wait(30)
        return "done"

    with serving(web.app, http=Hasty) as url, ExitStack() as stack:
        busy = [stack.enter_context(connected(url)) for _ in range(20)]
        for client in busy:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert all(begun.acquire(timeout=10) for _ in busy)
        with connected(url) as client:
            received = answered(client)
        free.set()
        assert received.startswith(b"HTTP/1.1 503 ")
        assert {answered(one)[:12] for one in busy} == {b"HTTP/1.1 200"}


def test_an_answer_that_streams_for_longer_goes_on(web: Web) -> None:
    from fastapi.responses import StreamingResponse

    def parts() -> Iterator[bytes]:
        for _ in range(6):
            yield b"."
            time.sleep(0.2)

    @web.app.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(parts())

    with serving(web.app, http=Hasty) as url:
        assert httpx.get(f"{url}/stream").text == "......"


def test_an_answer_that_nobody_reads_is_cut_off(web: Web) -> None:
    from fastapi.responses import StreamingResponse

    ended = threading.Event()

    async def parts() -> Any:
        try:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            ended.set()

    @web.app.get("/endless")
    async def endless() -> StreamingResponse:
        return StreamingResponse(parts())

    with serving(web.app, http=Hasty) as url, connected(url) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert ended.wait(5)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, 431),
        (b"GET /" + b"x" * 100_000, 431),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n{\r\n" * 1_400_000, 413),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_what_is_too_large_or_no_request_is_refused_in_our_form(url: str, sent: bytes, status: int) -> None:
    with connected(url) as client:
        sender = threading.Thread(target=_send, args=(client, sent))
        sender.start()
        received = answered(client)
        sender.join()
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Security-Policy" in head or b"content-security-policy" in head
    assert set(json.loads(body.splitlines()[0])["error"]) == {"code", "message", "details"}
    assert lives(url)


def _send(client: socket.socket, data: bytes) -> None:
    try:
        client.sendall(data)
    except OSError:
        return


def test_forwarded_addresses_count_only_from_proxies_that_are_listed(
    web: Web, configuration: Configuration
) -> None:
    def statuses(url: str) -> list[int]:
        return [
            httpx.get(
                f"{url}/api/accounts",
                headers={"Authorization": f"Bearer kpi_{n}", "X-Forwarded-For": f"203.0.113.{n}"},
            ).status_code
            for n in range(31)
        ]

    with serving(web.app) as url:
        assert statuses(url) == [401] * 30 + [429]
    behind = create_app(
        Configuration.from_environment(
            {**configuration.environment, "FORWARDED_ALLOW_IPS": "10.0.0.0/8, 127.0.0.1"}
        )
    )
    with serving(behind) as url:
        assert statuses(url) == [401] * 31
        https = httpx.get(f"{url}/healthz", headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" in https.headers


def test_health_waits_for_no_thread(web: Web) -> None:
    free, begun = threading.Event(), threading.Semaphore(0)

    @web.app.get("/slow")
    def slow() -> str:
        begun.release()
        free.wait(30)
        return "done"

    with serving(web.app) as url, ThreadPoolExecutor(50) as threads:
        busy = [threads.submit(httpx.get, f"{url}/slow", timeout=30) for _ in range(50)]
        # As many as the app has threads.
        assert all(begun.acquire(timeout=20) for _ in range(40))
        try:
            assert lives(url)
            assert httpx.get(f"{url}/readyz", timeout=5).status_code == 200
        finally:
            free.set()
        assert {one.result().status_code for one in busy} == {200}
