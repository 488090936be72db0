"""People and tokens: an operator manages all, a customer's administrator the customer's own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from kpi_platform.pipeline import people
from kpi_platform.pipeline.people import Manager
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    EngineDep,
    require_scope,
)
from kpi_platform.web.schemas.answers import errors
from kpi_platform.web.schemas.people import (
    InvitedAnswer,
    NewTokenAnswer,
    PersonAnswer,
    PersonBody,
    RoleBody,
    TokenAnswer,
    TokenBody,
)
from kpi_platform.web.sign_in import sign_in_link

router = APIRouter(tags=["people"], dependencies=[Depends(require_scope("admin"))])

PersonId = Annotated[int, Path(ge=1, le=2**31 - 1)]
TokenId = Annotated[int, Path(ge=1, le=2**31 - 1)]


def manager_of(principal: CurrentPrincipal) -> Manager:
    """Returns the caller as one who manages people."""
    return Manager(principal.name, principal.customer, principal.person_id, principal.token_id)


ManagerDep = Annotated[Manager, Depends(manager_of)]


@router.get("/people")
def get_people(connection: ConnectionDep, manager: ManagerDep) -> list[PersonAnswer]:
    """Returns the people, operators first."""
    return [PersonAnswer.model_validate(one) for one in people.people_of(connection, manager)]


@router.post("/people", status_code=201, responses=errors(403, 404, 409))
def invite_person(
    body: PersonBody, configuration: ConfigurationDep, engine: EngineDep, manager: ManagerDep
) -> InvitedAnswer:
    """Add a person, and get a link that signs the person in once, within three days."""
    customer = body.customer or manager.customer
    with engine.begin() as connection:
        person = people.invite(
            connection, manager, customer=customer, name=body.name, email=body.email, scope=body.scope
        )
    link = sign_in_link(configuration, engine, who=manager.name, person=person)
    return InvitedAnswer(person=PersonAnswer.model_validate(person), link=link)


@router.put("/people/{person_id}/role", responses=errors(404, 409))
def change_role(person_id: PersonId, body: RoleBody, engine: EngineDep, manager: ManagerDep) -> PersonAnswer:
    """Change what a person may do. It holds at once, also if the person is signed in."""
    with engine.begin() as connection:
        person = people.change_role(connection, manager, person_id, body.scope)
    return PersonAnswer.model_validate(person)


@router.post("/people/{person_id}/link", responses=errors(404))
def new_link(
    person_id: PersonId, configuration: ConfigurationDep, engine: EngineDep, manager: ManagerDep
) -> InvitedAnswer:
    """Get another link that signs the person in once, within three days."""
    with engine.connect() as connection:
        person = people.managed_person(connection, manager, person_id)
    link = sign_in_link(configuration, engine, who=manager.name, person=person)
    return InvitedAnswer(person=PersonAnswer.model_validate(person), link=link)


@router.post("/people/{person_id}/sign-out", status_code=204, responses=errors(404))
def sign_person_out(person_id: PersonId, engine: EngineDep, manager: ManagerDep) -> None:
    """End the person's sessions in all browsers, and links that were not used. Tokens stay."""
    with engine.begin() as connection:
        people.sign_out(connection, manager, person_id)


@router.delete("/people/{person_id}", status_code=204, responses=errors(404, 409))
def remove_person(person_id: PersonId, engine: EngineDep, manager: ManagerDep) -> None:
    """Remove a person: all tokens and sessions of the person end at once."""
    with engine.begin() as connection:
        people.remove(connection, manager, person_id)


@router.get("/tokens")
def get_tokens(connection: ConnectionDep, manager: ManagerDep) -> list[TokenAnswer]:
    """Returns the tokens, newest first, revoked ones too. Their texts are not kept."""
    return [TokenAnswer.model_validate(one) for one in people.tokens_of(connection, manager)]


@router.post("/tokens", status_code=201, responses=errors(403, 404))
def create_token(body: TokenBody, engine: EngineDep, manager: ManagerDep) -> NewTokenAnswer:
    """Create a token. Its text is in this answer alone."""
    with engine.begin() as connection:
        text, token = people.give_token(
            connection, manager, name=body.name, customer=body.customer or manager.customer,
            scope=body.scope, days=body.days, person_id=body.person_id,
        )  # fmt: skip
    return NewTokenAnswer(token=TokenAnswer.model_validate(token), text=text)


@router.delete("/tokens/{token_id}", responses=errors(404, 409))
def revoke_token(token_id: TokenId, engine: EngineDep, manager: ManagerDep) -> TokenAnswer:
    """Revoke a token: it and the sessions that it started end at once."""
    with engine.begin() as connection:
        return TokenAnswer.model_validate(people.take_token(connection, manager, token_id))
