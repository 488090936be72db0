"""Every request that the platform's own client makes to a Fivetran of the tests, for the definition to judge,
and the status of every scripted success.

The root conftest has `recorded` wrap the local application, and fails the test during which a request or
a status came that Fivetran's definition does not have.
"""

import json
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kpi_platform_tests.local.definition import FILE, Definition

CLIENT = "kpi-platform"
"""How the platform's client calls itself."""

_seen: list[tuple[str, str, str, bytes, int | None]] = []
_lock = threading.Lock()


def record(client: str, method: str, path: str, query: str, body: bytes, status: int | None = None) -> None:
    """Remembers a request if the platform's client made it, with the `status` of a scripted answer. The body
    of such an answer may be half of what Fivetran says: that is what scripts are for."""
    if client.startswith(CLIENT) and path.startswith("/v1/"):
        with _lock:
            _seen.append((method, path, query, body, status))


def problems(shared: Path) -> list[str]:
    """What is wrong with the requests since the last call; nothing if the definition is not here."""
    with _lock:
        seen = _seen.copy()
        _seen.clear()
    if not seen or not (shared / FILE).exists():
        return []
    definition = _definition(shared)
    found = []
    for method, path, query, body, status in seen:
        wrong = definition.problems_of_request(
            method, path, dict(parse_qsl(query)), json.loads(body) if body else None
        )
        if status is not None:
            wrong += definition.problems_of_status(method, path, status)
        found += [f"{method} {path} {body.decode()}: {problem}" for problem in wrong]
    return found


def recorded(create_app: Callable[..., FastAPI]) -> Callable[..., FastAPI]:
    """The same application, whose requests are recorded."""

    def create(*arguments: Any, **options: Any) -> FastAPI:
        app = create_app(*arguments, **options)
        app.add_middleware(_Recording)
        return app

    return create


class _Recording:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()

        async def listened() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        try:
            await self._app(scope, listened, send)
        finally:
            headers = dict(scope["headers"])
            client = headers.get(b"user-agent", b"").decode()
            record(client, scope["method"], scope["path"], scope["query_string"].decode(), bytes(body))


@cache
def _definition(shared: Path) -> Definition:
    return Definition.read(shared)
