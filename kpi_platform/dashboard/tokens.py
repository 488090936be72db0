"""Tokens of the REST API and the web app. Only their hashes are stored."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.settings import SCOPES, Scope

_PREFIX = "kpi_"
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """`customer` is the key of the customer that the token is bound to, or None for the operator's. A token
    of a sign-in link has a `single_session`, and ends with it. The token of a `person` may do no more than
    the person; without one it is a program's."""

    id: int
    name: str
    customer: str | None
    person_id: int | None
    person: str | None
    scope: Scope
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    single_session: bool

    @property
    def is_operator(self) -> bool:
        return self.customer is None

    @property
    def holder(self) -> str:
        """The person or program that acts with it, for versions and the audit trail."""
        return self.person or self.name


_table, _people = tables.api_tokens, tables.people


def create_token(
    connection: sa.Connection,
    *,
    name: str,
    customer: str | None,
    scope: Scope,
    who: str,
    expires_at: datetime | None = None,
    single_session: bool = False,
    person_id: int | None = None,
) -> tuple[str, ApiToken]:
    """Returns a new token: its text, which nobody can read again, and what is stored of it."""
    text = _PREFIX + secrets.token_urlsafe(32)
    row = {
        "token_hash": hash_text(text),
        "name": name,
        "customer_id": get_customer(connection, customer).id if customer is not None else None,
        "scope": scope,
        "created_by": who,
        "created_at": datetime.now(UTC),
        "expires_at": expires_at,
        "single_session": single_session,
        "person_id": person_id,
    }
    token_id = connection.execute(sa.insert(_table).values(row).returning(_table.c.id)).scalar_one()
    return text, _one(connection, _table.c.id == token_id)


def verify_token(connection: sa.Connection, text: str, *, touch: bool = True) -> ApiToken | None:
    """Returns the token that `text` is, or None if it is unknown, revoked, expired, or of a removed customer.
    `touch` notes the use, at most once a minute; without it nothing is written."""
    now = datetime.now(UTC)
    rows = connection.execute(
        _select().where(_table.c.token_hash == hash_text(text), _usable(now))
    ).mappings()
    found = rows.one_or_none()
    if found is None:
        return None
    token = _token(found)
    if touch and needs_note(token):
        note_use(connection, token.id)
    return token


def usable_token(connection: sa.Connection, token_id: int) -> ApiToken | None:
    """Returns the token, or None if it is revoked, expired, or of a removed customer. Writes nothing."""
    query = _select().where(_table.c.id == token_id, _usable(datetime.now(UTC)))
    found = connection.execute(query).mappings().one_or_none()
    return _token(found) if found else None


def needs_note(token: ApiToken) -> bool:
    """Whether its last noted use is a minute ago or longer."""
    return token.last_used_at is None or datetime.now(UTC) - token.last_used_at >= _TOUCH_EVERY


def note_use(connection: sa.Connection, token_id: int) -> None:
    """Notes that the token is used now."""
    values = {"last_used_at": datetime.now(UTC)}
    connection.execute(sa.update(_table).where(_table.c.id == token_id).values(values))


def redeem_unused_token(connection: sa.Connection, token_id: int, *, expires_at: datetime) -> ApiToken | None:
    """Notes a token's first use and lets it live until `expires_at`; None if it was used before or is not
    usable. Of two callers one gets it."""
    if usable_token(connection, token_id) is None:
        return None
    unused = sa.and_(_table.c.id == token_id, _table.c.last_used_at.is_(None))
    values = {"last_used_at": datetime.now(UTC), "expires_at": expires_at}
    taken = connection.execute(sa.update(_table).where(unused).values(values))
    return usable_token(connection, token_id) if taken.rowcount == 1 else None


def list_tokens(connection: sa.Connection) -> list[ApiToken]:
    """Returns all tokens, revoked ones too, oldest first."""
    return [_token(row) for row in connection.execute(_select().order_by(_table.c.id)).mappings()]


def revoke_token(connection: sa.Connection, token_id: int) -> ApiToken:
    """Ends a token and its sessions; a revoked one stays as it is. NotFound if there is none."""
    _one(connection, _table.c.id == token_id)
    active = sa.and_(_table.c.id == token_id, _table.c.revoked_at.is_(None))
    connection.execute(sa.update(_table).where(active).values(revoked_at=datetime.now(UTC)))
    connection.execute(sa.delete(tables.sessions).where(tables.sessions.c.token_id == token_id))
    return _one(connection, _table.c.id == token_id)


def hash_text(text: str) -> str:
    """Returns what is stored of the text of a token or the secret of a session."""
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(text.encode()).hexdigest()


def _usable(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        _table.c.revoked_at.is_(None),
        sa.or_(_table.c.expires_at.is_(None), _table.c.expires_at > now),
        tables.customers.c.removed_at.is_(None),
        _people.c.removed_at.is_(None),
    )


def _select() -> sa.Select[Any]:
    hidden = ("token_hash", "customer_id")
    columns = [column for column in _table.c if column.name not in hidden]
    query = sa.select(
        *columns,
        tables.customers.c.key.label("customer"),
        _people.c.name.label("person"),
        _people.c.scope.label("role"),
    )
    return query.outerjoin_from(_table, tables.customers).outerjoin(
        _people, _people.c.id == _table.c.person_id
    )


def _token(row: sa.RowMapping) -> ApiToken:
    """What a person may do holds at once for what the person has signed in with."""
    values = dict(row)
    role = values.pop("role")
    if role is not None:
        least = min(values["scope"], role, key=SCOPES.index)
        values["scope"] = role if values["single_session"] else least
    return ApiToken(**values)


def _one(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> ApiToken:
    row = connection.execute(_select().where(condition)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such token.", next_step="List them: kpi-platform token list")
    return _token(row)
