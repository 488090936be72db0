"""Cookies: which session a browser has, signed with the installation's key."""

from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadData, Signer, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from kpi_platform.adapters.key_file import session_key
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.sessions import SESSION_LENGTH

SESSION_COOKIE = "kpi_session"
CUSTOMER_COOKIE = "kpi_customer"
_SECONDS = int(SESSION_LENGTH.total_seconds())


@dataclass(frozen=True, slots=True)
class Session:
    """`secret` names the session's row. `csrf_token` goes into every form (field `csrf_token`) or the header
    `X-CSRF-Token`."""

    secret: str
    csrf_token: str


class Sessions:
    """Makes and reads the cookie of a session, and signs links. Whether a session goes on, the dashboard
    database knows (`dashboard.sessions`)."""

    def __init__(self, key: bytes) -> None:
        self._cookies = URLSafeTimedSerializer(key, salt="kpi_platform session of a row")
        self._links = URLSafeTimedSerializer(key, salt="kpi_platform sign-in link")
        self._forms = Signer(key, salt="kpi_platform form")

    @classmethod
    def of(cls, configuration: Configuration) -> "Sessions":
        """Signs with KPI_SESSION_KEY, or else with a key that is made once and kept in `home`."""
        return cls(session_key(configuration))

    def start(self, request: Request, response: Response, secret: str) -> None:
        """Sets the cookie of a session. Lax, so that a link in an alert or from Fivetran's connect card
        arrives signed in; what changes something needs the form token as well."""
        set_cookie(request, response, SESSION_COOKIE, str(self._cookies.dumps(secret)))

    def read(self, request: Request) -> Session | None:
        """Returns the session that the request's cookie names; None without one, or if it is forged or too
        old."""
        try:
            secret = self._cookies.loads(read_cookie(request, SESSION_COOKIE) or "", max_age=_SECONDS)
        except BadData:
            return None
        return self.of_secret(secret)

    def of_secret(self, secret: str) -> Session:
        return Session(secret, self._forms.get_signature(secret).decode())

    def is_named(self, request: Request) -> bool:
        """Whether the request has a cookie of a session, which may have ended."""
        return bool(read_cookie(request, SESSION_COOKIE))

    def sign_link(self, token_id: int) -> str:
        return str(self._links.dumps(token_id))

    def read_link(self, key: str, max_age: timedelta) -> int | None:
        """Returns the token that a sign-in link is for; None if the link is forged or too old."""
        try:
            return int(self._links.loads(key, max_age=int(max_age.total_seconds())))
        except (BadData, ValueError, TypeError):
            return None


def read_cookie(request: Request, name: str) -> str | None:
    return request.cookies.get(_full_name(request, name))


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """Sets a cookie that no script can read. Behind https it is Secure, and bound to this host."""
    response.set_cookie(
        _full_name(request, name), value, max_age=_SECONDS,
        httponly=True, samesite="lax", secure=_is_https(request),
    )  # fmt: skip


def delete_cookie(request: Request, response: Response, name: str) -> None:
    response.delete_cookie(
        _full_name(request, name), httponly=True, samesite="lax", secure=_is_https(request)
    )


def _full_name(request: Request, name: str) -> str:
    """Browsers take a name with this prefix from the host itself alone, over https and for every path."""
    return f"__Host-{name}" if _is_https(request) else name


def _is_https(request: Request) -> bool:
    return bool(request.scope.get("scheme") == "https")
