"""Browsers that are signed in. A session is its row: deleting it signs the browser out, in every process of
the web app. Only the hash of what the cookie holds is stored."""

import secrets
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.tokens import ApiToken, hash_text, revoke_token, usable_token

SESSION_LENGTH = timedelta(hours=12)

_table = tables.sessions


def start_session(connection: sa.Connection, token_id: int) -> str:
    """Returns the secret of a new session of the token, for its cookie. Clears away sessions that have
    expired."""
    now = datetime.now(UTC)
    connection.execute(sa.delete(_table).where(_table.c.expires_at <= now))
    secret = secrets.token_urlsafe(32)
    row = {
        "hash": hash_text(secret),
        "token_id": token_id,
        "started_at": now,
        "expires_at": now + SESSION_LENGTH,
    }
    connection.execute(sa.insert(_table).values(row))
    return secret


def session_token(connection: sa.Connection, secret: str) -> ApiToken | None:
    """Returns the token that the session stands for; None if the session or the token has ended."""
    query = sa.select(_table.c.token_id).where(
        _table.c.hash == hash_text(secret), _table.c.expires_at > datetime.now(UTC)
    )
    token_id = connection.scalar(query)
    return usable_token(connection, token_id) if token_id is not None else None


def end_session(connection: sa.Connection, secret: str) -> None:
    """Ends the session, and its token too if that is a sign-in link's."""
    ended = sa.delete(_table).where(_table.c.hash == hash_text(secret)).returning(_table.c.token_id)
    token_id = connection.scalar(ended)
    if token_id is None:
        return
    token = usable_token(connection, token_id)
    if token is not None and token.single_session:
        revoke_token(connection, token_id)
