"""The layers that every request passes: the id under which the log knows it, a limit, and the answer's
headers."""

import re
import secrets
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kpi_platform.logs import log_ids
from kpi_platform.web.body import MAX_BODY_BYTES
from kpi_platform.web.hosts import VARIABLE, OwnHosts
from kpi_platform.web.refusals import UnknownHost

FOR_ANY_HOST = ("/healthz", "/readyz", "/metrics")
"""Probes of Kubernetes and Prometheus ask an address, not a name. The answers name no customer."""
REQUEST_ID_HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_HSTS = "max-age=31536000; includeSubDomains"


def request_id(request: HTTPConnection) -> str:
    """Returns the id of a request that came through Edge."""
    return str(request.scope["state"]["request_id"])


class Edge:
    """ASGI middleware. Takes a caller's X-Request-ID if it is a plain one, else makes one. Answers are not
    cached unless their route says so. `on_error` answers errors that nobody else has answered, a body that is
    too large, and requests for another host."""

    def __init__(
        self, app: ASGIApp, hosts: OwnHosts, on_error: Callable[[Request, Exception], Response]
    ) -> None:
        self.app = app
        self.hosts = hosts
        self.on_error = on_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        chosen = given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = chosen

        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = chosen
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = _HSTS
            await send(message)

        named = Headers(scope=scope).getlist("host")
        if named and self.hosts.are_behind_https(named[0]):
            scope["scheme"] = "https"
        request = Request(scope, receive)
        size = request.headers.get("content-length", "0")
        with log_ids(request_id=chosen):
            try:
                if scope["path"] not in FOR_ANY_HOST and not self.hosts.answer_to(named):
                    raise UnknownHost(
                        "The app does not answer under this name.",
                        next_step=f"Use its own address. The operator adds names with {VARIABLE}.",
                    )
                if size.isdecimal() and int(size) > MAX_BODY_BYTES:
                    raise HTTPException(413)
                await self.app(scope, receive, send_with_headers)
            except ClientDisconnect:
                # Nobody is there to be answered.
                return
            except Exception as error:
                if started:
                    raise
                # An error page may ask the database who is signed in.
                answer = await run_in_threadpool(self.on_error, request, error)
                await answer(scope, receive, send_with_headers)
