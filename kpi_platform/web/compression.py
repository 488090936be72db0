"""Answers are compressed, except those of which another site could learn something from their size."""

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_LEVEL = 6


class Compression:
    """ASGI middleware. Decision 22 says why a page that another site leads to is not compressed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.compressed = GZipMiddleware(app, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chosen = self.compressed if scope["type"] == "http" and _hides_its_size(scope) else self.app
        await chosen(scope, receive, send)


def _hides_its_size(scope: Scope) -> bool:
    """Returns whether nobody else chose what the request asks for, or the answer holds nobody's secrets."""
    headers = Headers(scope=scope)
    if "cookie" not in headers:
        return True
    site = headers.get("sec-fetch-site")
    # Browsers leave the header out only without https, where whoever sees the size reads the answer too.
    return scope["scheme"] == "http" if site is None else site in ("same-origin", "none")
