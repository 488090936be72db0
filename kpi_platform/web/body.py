"""How large a body may be, and how deep JSON may nest: what walks a document calls itself for each level, and
Python ends that with an error."""

import json
import re
from itertools import accumulate
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kpi_platform.domain.errors import InvalidInput

MAX_BODY_BYTES = 1_000_000
DEEPEST = 64
TOO_DEEP = f"It nests deeper than {DEEPEST} levels."
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# One that never ends matches too: else each of its quotes would be tried as a beginning.
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def is_too_deep(text: bytes) -> bool:
    """Whether objects and lists of the text, which need not be valid JSON, nest deeper than DEEPEST."""
    if text.count(b"[") + text.count(b"{") <= DEEPEST:
        return False
    brackets = _TEXT.sub(b"", text).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > DEEPEST


def parse_json(text: str) -> Any:
    """What the text of a form's field is. Raises InvalidInput if it nests too deep, ValueError if it is no
    JSON."""
    if is_too_deep(text.encode()):
        raise InvalidInput(f"The form is refused. {TOO_DEEP}", next_step="Write it with fewer levels.")
    return json.loads(text)


class BoundBody:
    """ASGI middleware: reads the body before the app does, also for a route that has no use for it. Raises
    HTTPException(413) if it is too large, and InvalidInput if it is no form and nests too deep."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body: bytes | None = await _read(receive)
        if _kind(scope) not in _FORMS and is_too_deep(body or b""):
            raise InvalidInput(f"The body is refused. {TOO_DEEP}", next_step="Send it with fewer levels.")

        async def receive_again() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            given, body = body, None
            return {"type": "http.request", "body": given, "more_body": False}

        await self.app(scope, receive_again, send)


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
