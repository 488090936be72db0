"""How large a body may be, and how deep JSON may nest: what walks a document calls itself for each level, and
Python ends that with an error."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.json_text import TOO_DEEP, UnclearJson, is_too_deep, parse_json

MAX_BODY_BYTES = 1_000_000
_SIGNED = "/api/webhooks/"
"""Messages whose signature alone decides whether they are accepted."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def parse_field(text: str) -> Any:
    """Parses the JSON in a form's field. Raises InvalidInput if it nests too deep, ValueError if it is no
    JSON, or none that is clear."""
    if is_too_deep(text.encode()):
        raise InvalidInput(f"The form is refused. {TOO_DEEP}", next_step="Write it with fewer levels.")
    return parse_json(text)


class BoundBody:
    """ASGI middleware: reads the body before the app does, also for a route that has no use for it. Raises
    HTTPException(413) if it is too large, and InvalidInput if it is no form and nests too deep or is unclear:
    has a key twice, or half of a character."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body: bytes | None = await _read(receive)
        if body and _kind(scope) not in _FORMS:
            _require_flat(body)
            if not scope["path"].startswith(_SIGNED):
                _require_clear(body)

        async def receive_again() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            given, body = body, None
            return {"type": "http.request", "body": given, "more_body": False}

        await self.app(scope, receive_again, send)


def _require_flat(body: bytes) -> None:
    """Raises InvalidInput if the body nests too deep."""
    if is_too_deep(body):
        raise InvalidInput(f"The body is refused. {TOO_DEEP}", next_step="Send it with fewer levels.")


def _require_clear(body: bytes) -> None:
    """Raises InvalidInput if the body is unclear JSON. The route refuses what is no JSON."""
    try:
        parse_json(body.decode())
    except UnclearJson as cause:
        raise InvalidInput(
            f"The body is refused: {cause}.", next_step="Send each key once, and whole characters."
        ) from None
    except ValueError:
        pass


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413)
        more = message.get("more_body", False)
    return bytes(body)


def _kind(scope: Scope) -> str:
    return Request(scope).headers.get("content-type", "").partition(";")[0].strip().lower()
