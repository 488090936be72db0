"""Managing people and tokens: an operator those of all, a customer's administrator the customer's own."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from kpi_platform.dashboard import people
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.people import Person
from kpi_platform.dashboard.tokens import ApiToken, create_token, list_tokens, revoke_token
from kpi_platform.domain.errors import Conflict, Forbidden, NotFound
from kpi_platform.domain.settings import Scope


@dataclass(frozen=True, slots=True)
class Manager:
    """An administrator. `customer` is the key of the own customer, None for an operator; `person_id` and
    `token_id` are what the administrator is signed in with."""

    name: str
    customer: str | None
    person_id: int | None = None
    token_id: int | None = None

    def require(self, customer: str | None) -> None:
        """Raises Forbidden for people and tokens of others than the own customer."""
        if self.customer not in (None, customer):
            raise Forbidden("You manage the people of your own customer.", next_step="Ask the operator.")


def people_of(connection: sa.Connection, manager: Manager) -> list[Person]:
    return people.list_people(connection, manager.customer)


def tokens_of(connection: sa.Connection, manager: Manager) -> list[ApiToken]:
    """Returns the tokens, newest first. A sign-in link of a person counts as the person's session."""
    return [
        token
        for token in reversed(list_tokens(connection))
        if manager.customer in (None, token.customer)
        if not (token.single_session and token.person_id is not None)
    ]


def invite(
    connection: sa.Connection, manager: Manager, *, customer: str | None, name: str, email: str, scope: Scope
) -> Person:
    """Adds a person, who signs in with a link of `sign_in_link`. Conflict if the address is taken."""
    manager.require(customer)
    person = people.add_person(
        connection, customer=customer, name=name, email=email, scope=scope, who=manager.name
    )
    _record(connection, manager, "person.invite", person, {"email": person.email, "scope": scope})
    return person


def managed_person(connection: sa.Connection, manager: Manager, person_id: int) -> Person:
    """Returns the person, or NotFound, also for one of another customer."""
    return people.get_person(connection, person_id, manager.customer)


def change_role(connection: sa.Connection, manager: Manager, person_id: int, scope: Scope) -> Person:
    """Changes what a person may do, at once. Conflict for the own role: nobody locks themselves out."""
    person = _another(connection, manager, person_id, "change your own role")
    changed = people.change_scope(connection, person_id, scope)
    _record(connection, manager, "person.role", person, {"before": person.scope, "after": scope})
    return changed


def sign_out(connection: sa.Connection, manager: Manager, person_id: int) -> None:
    """Ends the person's sessions in all browsers."""
    person = managed_person(connection, manager, person_id)
    people.sign_out_everywhere(connection, person_id)
    _record(connection, manager, "person.sign_out", person, {})


def remove(connection: sa.Connection, manager: Manager, person_id: int) -> None:
    """Ends the person's tokens and sessions, and removes the person. Conflict for oneself."""
    person = _another(connection, manager, person_id, "remove yourself")
    people.remove_person(connection, person_id)
    _record(connection, manager, "person.remove", person, {"email": person.email})


def give_token(
    connection: sa.Connection,
    manager: Manager,
    *,
    name: str,
    customer: str | None,
    scope: Scope,
    days: int | None,
    person_id: int | None = None,
) -> tuple[str, ApiToken]:
    """Returns a new token and its text, which nobody can read again. That of a person is the person's
    customer's. Without `days` it lasts until it is revoked."""
    if person_id is not None:
        customer = managed_person(connection, manager, person_id).customer
    manager.require(customer)
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    text, token = create_token(
        connection, name=name, customer=customer, scope=scope, who=manager.name, expires_at=expires_at,
        person_id=person_id,
    )  # fmt: skip
    record_event(
        connection, who=manager.name, action="token.create", target=f"token {token.id}", customer=customer,
        detail={"name": name, "scope": scope},
    )  # fmt: skip
    return text, token


def take_token(connection: sa.Connection, manager: Manager, token_id: int) -> ApiToken:
    """Revokes a token, which ends its sessions. NotFound, also for one of another customer."""
    token = next((one for one in tokens_of(connection, manager) if one.id == token_id), None)
    if token is None:
        raise NotFound(f"There is no token {token_id}.", next_step="Load the list of tokens again.")
    if token_id == manager.token_id:
        raise Conflict("You are signed in with this token.", next_step="Sign in with another one first.")
    revoked = revoke_token(connection, token_id)
    record_event(
        connection, who=manager.name, action="token.revoke", target=f"token {token_id}",
        customer=token.customer,
    )  # fmt: skip
    return revoked


def _another(connection: sa.Connection, manager: Manager, person_id: int, what: str) -> Person:
    person = managed_person(connection, manager, person_id)
    if person.id == manager.person_id:
        raise Conflict(f"You cannot {what}.", next_step="Ask another administrator.")
    return person


def _record(
    connection: sa.Connection,
    manager: Manager,
    action: str,
    person: Person,
    detail: dict[str, str],
) -> None:
    record_event(
        connection, who=manager.name, action=action, target=person.name, customer=person.customer,
        detail=detail,
    )  # fmt: skip
