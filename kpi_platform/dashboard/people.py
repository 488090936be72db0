"""The people who use the web app and the API. A change of what a person may do holds for every token of the
person at once (`tokens`)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import Conflict, NotFound
from kpi_platform.domain.settings import Scope


@dataclass(frozen=True, slots=True)
class Person:
    """`customer` is the key of the person's customer, or None for an operator. `sessions` are the browsers
    that the person is signed in with, `tokens` the other ways to sign in, `last_seen_at` the newest use."""

    id: int
    customer: str | None
    name: str
    email: str
    scope: Scope
    invited_by: str
    invited_at: datetime
    sessions: int
    tokens: int
    last_seen_at: datetime | None


_people, _tokens, _sessions, _customers = (
    tables.people,
    tables.api_tokens,
    tables.sessions,
    tables.customers,
)
_MINE = _tokens.c.person_id == _people.c.id


def add_person(
    connection: sa.Connection, *, customer: str | None, name: str, email: str, scope: Scope, who: str
) -> Person:
    """Adds a person. Conflict if the e-mail address is another person's of the same customer."""
    email = email.strip().lower()
    customer_id = get_customer(connection, customer).id if customer is not None else None
    known = sa.select(_people.c.name).where(
        _people.c.customer_id.is_not_distinct_from(customer_id),
        _people.c.email == email,
        _people.c.removed_at.is_(None),
    )
    other = connection.scalar(known)
    if other is not None:
        raise Conflict(
            f"{email} is {other}'s address already.", next_step="Give that person a new sign-in link."
        )
    row = {
        "customer_id": customer_id, "name": name.strip(), "email": email, "scope": scope,
        "invited_by": who, "invited_at": datetime.now(UTC),
    }  # fmt: skip
    person_id = connection.execute(sa.insert(_people).values(row).returning(_people.c.id)).scalar_one()
    return get_person(connection, person_id)


def list_people(connection: sa.Connection, customer: str | None = None) -> list[Person]:
    """Returns the people of the customer, or all, by customer and name; operators come first."""
    query = _select().order_by(_customers.c.key.is_not(None), _customers.c.key, sa.func.lower(_people.c.name))
    if customer is not None:
        query = query.where(_customers.c.key == customer)
    return [Person(**row) for row in connection.execute(query).mappings()]


def get_person(connection: sa.Connection, person_id: int, customer: str | None = None) -> Person:
    """Returns one person who was not removed, or NotFound; also if `customer` is given, and the person is
    another customer's."""
    query = _select().where(_people.c.id == person_id)
    if customer is not None:
        query = query.where(_customers.c.key == customer)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no person {person_id}.", next_step="Load the list of people again.")
    return Person(**row)


def change_scope(connection: sa.Connection, person_id: int, scope: Scope) -> Person:
    """Changes what the person may do, in every open session as well."""
    connection.execute(sa.update(_people).where(_people.c.id == person_id).values(scope=scope))
    return get_person(connection, person_id)


def sign_out_everywhere(connection: sa.Connection, person_id: int) -> None:
    """Ends the person's sessions and unused sign-in links. Tokens stay."""
    _end(connection, sa.and_(_tokens.c.person_id == person_id, _tokens.c.single_session))
    _end_sessions(connection, _tokens.c.person_id == person_id)


def remove_person(connection: sa.Connection, person_id: int) -> None:
    """Ends the person's tokens and sessions, and takes the person out of the list."""
    now = datetime.now(UTC)
    connection.execute(sa.update(_people).where(_people.c.id == person_id).values(removed_at=now))
    _end(connection, _tokens.c.person_id == person_id)
    _end_sessions(connection, _tokens.c.person_id == person_id)


def _end(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> None:
    active = sa.and_(condition, _tokens.c.revoked_at.is_(None))
    connection.execute(sa.update(_tokens).where(active).values(revoked_at=datetime.now(UTC)))


def _end_sessions(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> None:
    ids = sa.select(_tokens.c.id).where(condition)
    connection.execute(sa.delete(_sessions).where(_sessions.c.token_id.in_(ids)))


def _select() -> sa.Select[Any]:
    now = datetime.now(UTC)
    usable = sa.and_(
        _MINE,
        _tokens.c.revoked_at.is_(None),
        sa.or_(_tokens.c.expires_at.is_(None), _tokens.c.expires_at > now),
    )
    sessions = (
        sa.select(sa.func.count()).join_from(_sessions, _tokens).where(usable, _sessions.c.expires_at > now)
    )
    tokens = sa.select(sa.func.count()).where(usable, ~_tokens.c.single_session)
    seen = sa.select(sa.func.max(_tokens.c.last_used_at)).where(_MINE)
    names = ("id", "name", "email", "scope", "invited_by", "invited_at")
    return (
        sa.select(
            *(_people.c[name] for name in names),
            _customers.c.key.label("customer"),
            sessions.correlate(_people).scalar_subquery().label("sessions"),
            tokens.correlate(_people).scalar_subquery().label("tokens"),
            seen.correlate(_people).scalar_subquery().label("last_seen_at"),
        )
        .outerjoin_from(_people, _customers)
        .where(_people.c.removed_at.is_(None), _customers.c.removed_at.is_(None))
    )
