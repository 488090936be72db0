"""Session cookies: which token signed in, signed with the installation's key."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadData, Signer, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from kpi_platform.adapters.key_file import installation_key
from kpi_platform.configuration import Configuration

SESSION_COOKIE = "kpi_session"
CUSTOMER_COOKIE = "kpi_customer"
SESSION_LENGTH = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Session:
    """`csrf_token` goes into every form (field `csrf_token`) or the header `X-CSRF-Token`."""

    token_id: int
    csrf_token: str


class Sessions:
    """Makes and reads the cookie. It holds the id of the token that signed in, so that revoking the token
    ends its sessions, and a random number that the form token is bound to."""

    def __init__(self, key: bytes) -> None:
        self._cookies = URLSafeTimedSerializer(key, salt="kpi_platform session")
        self._links = URLSafeTimedSerializer(key, salt="kpi_platform sign-in link")
        self._forms = Signer(key, salt="kpi_platform form")

    @classmethod
    def of(cls, configuration: Configuration) -> "Sessions":
        """With KPI_SESSION_KEY, else with a key that is made once and kept in `home`."""
        return cls(installation_key(configuration, "KPI_SESSION_KEY", "session_key"))

    def start(self, request: Request, response: Response, token_id: int) -> None:
        """Sets the cookie of a new session. Lax, so that a link in an alert or from Fivetran's connect card
        arrives signed in; what changes something needs the form token as well."""
        value = self._cookies.dumps([token_id, secrets.token_urlsafe(16)])
        set_cookie(request, response, SESSION_COOKIE, value)

    def read(self, request: Request) -> Session | None:
        """The request's session; None where it has none, or one that is forged or too old."""
        try:
            token_id, nonce = self._cookies.loads(
                request.cookies.get(SESSION_COOKIE, ""), max_age=int(SESSION_LENGTH.total_seconds())
            )
        except (BadData, ValueError, TypeError):
            return None
        return Session(token_id, self._forms.get_signature(nonce).decode())

    def sign_link(self, token_id: int) -> str:
        return str(self._links.dumps(token_id))

    def read_link(self, key: str, max_age: timedelta) -> int | None:
        """The token that a sign-in link is for; None where it is forged or too old."""
        try:
            return int(self._links.loads(key, max_age=int(max_age.total_seconds())))
        except (BadData, ValueError, TypeError):
            return None


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """A cookie that no script can read, and that https keeps to itself."""
    response.set_cookie(
        name, value, max_age=int(SESSION_LENGTH.total_seconds()),
        httponly=True, samesite="lax", secure=request.url.scheme == "https",
    )  # fmt: skip
