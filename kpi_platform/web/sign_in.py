"""Signing in: with a token, or with a link that works once."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.tokens import ApiToken, create_token, redeem_unused_token, verify_token
from kpi_platform.web.refusals import NotSignedIn
from kpi_platform.web.sessions import SESSION_LENGTH, Sessions

LINK_LIFETIME = timedelta(minutes=15)
LINK_PATH = "/sign-in/link"
_LINK_NAME = "local operator"


def sign_in_link(configuration: Configuration, engine: sa.Engine) -> str:
    """An address that signs its first visitor in as the operator, for as long as a session lasts. It works
    once, within a quarter of an hour. For whoever starts the platform on this machine."""
    expires_at = datetime.now(UTC) + LINK_LIFETIME
    with engine.begin() as connection:
        # The token's text goes nowhere: only the link, and then the session, stand for it.
        _, token = create_token(
            connection,
            name=_LINK_NAME,
            customer=None,
            scope="admin",
            who="kpi-platform",
            expires_at=expires_at,
        )
    query = urlencode({"key": Sessions.of(configuration).sign_link(token.id)})
    return f"{configuration.web_url}{LINK_PATH}?{query}"


def redeem_link(engine: sa.Engine, sessions: Sessions, key: str) -> ApiToken:
    """The token to start a session with. Raises NotSignedIn for a link that is used, too old or forged."""
    token_id = sessions.read_link(key, LINK_LIFETIME)
    if token_id is not None:
        with engine.begin() as connection:
            expires_at = datetime.now(UTC) + SESSION_LENGTH
            token = redeem_unused_token(connection, token_id, expires_at=expires_at)
        if token is not None:
            return token
    raise NotSignedIn(
        "This sign-in link was used already, or is too old.",
        next_step="Start `kpi-platform up` again for a new one, or sign in with a token.",
    )


def sign_in_with_token(engine: sa.Engine, text: str) -> ApiToken:
    """The token to start a session with. Raises NotSignedIn where `text` is none that may be used."""
    with engine.begin() as connection:
        token = verify_token(connection, text.strip())
    if token is None:
        raise NotSignedIn(
            "This token is not known, has expired or was revoked.",
            next_step="Check it, or make a new one: kpi-platform token create",
        )
    return token
