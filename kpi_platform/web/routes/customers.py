"""Onboarding, for operators: customers and their connections in Fivetran."""

from collections.abc import Sequence
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import get_customer, list_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.sources import Source
from kpi_platform.pipeline.onboarding import (
    Confirm,
    Onboarding,
    WantedConnection,
    connect_sources,
    create_customer,
)
from kpi_platform.pipeline.set_up_link import set_up_link
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    EngineDep,
    Principal,
    require_operator,
    require_scope,
)
from kpi_platform.web.schemas.answers import errors
from kpi_platform.web.schemas.customers import (
    ConnectedSourceAnswer,
    ConnectionBody,
    ConnectionsAnswer,
    ConnectionsBody,
    CustomerAnswer,
    CustomerBody,
    SetUpLinkAnswer,
)

router = APIRouter(prefix="/customers", tags=["onboarding"], dependencies=[Depends(require_operator)])

Key = Annotated[str, Path(min_length=1, max_length=48)]
_admin = Depends(require_scope("admin"))


@router.get("")
def get_customers(connection: ConnectionDep) -> list[CustomerAnswer]:
    """Returns all customers."""
    return [CustomerAnswer.model_validate(one) for one in list_customers(connection)]


@router.post("", status_code=201, dependencies=[_admin], responses=errors(409, 502))
def add_customer(
    body: CustomerBody, configuration: ConfigurationDep, engine: EngineDep, principal: CurrentPrincipal
) -> ConnectionsAnswer:
    """Add a customer, and create or adopt its connections if some are named. All of it, or nothing.
    Adopting changes schedule, frequency and tables of a connection in Fivetran to those of the settings."""
    return onboard(body, configuration, engine, principal, None)


def onboard(
    body: CustomerBody,
    configuration: Configuration,
    engine: sa.Engine,
    principal: Principal,
    confirm: Confirm | None,
) -> ConnectionsAnswer:
    """Creates the customer of a request."""
    done = create_customer(
        configuration, engine, body.key, body.name or body.key, _wanted(body.connections),
        by=principal.editor, redirect_uri=connected_url(configuration), confirm=confirm,
    )  # fmt: skip
    return _answer(body.key, done)


@router.post("/{key}/connections", status_code=201, dependencies=[_admin], responses=errors(404, 409, 502))
def add_connections(
    key: Key,
    body: ConnectionsBody,
    configuration: ConfigurationDep,
    engine: EngineDep,
    principal: CurrentPrincipal,
) -> ConnectionsAnswer:
    """Create or adopt connections of a customer. Answers the pages on which the sources' owners sign in."""
    with reading(engine) as connection:
        get_customer(connection, key)
    done = connect_sources(
        configuration, engine, key, _wanted(body.connections),
        by=principal.editor, redirect_uri=connected_url(configuration),
    )  # fmt: skip
    return _answer(key, done)


@router.post(
    "/{key}/connections/{source}/link",
    status_code=201,
    dependencies=[_admin],
    responses=errors(404, 409, 502),
)
def new_set_up_link(
    key: Key,
    source: Source,
    configuration: ConfigurationDep,
    engine: EngineDep,
    principal: CurrentPrincipal,
) -> SetUpLinkAnswer:
    """Get a new link to Fivetran's page on which the owner of a source signs in. The one before ends."""
    with reading(engine) as connection:
        get_customer(connection, key)
    link = set_up_link(
        configuration, engine, key, source, who=principal.name, redirect_uri=connected_url(configuration)
    )
    return SetUpLinkAnswer(connect_card_url=link)


def connected_url(configuration: Configuration) -> str:
    """Returns the address that Fivetran's sign-in page leads back to."""
    return f"{configuration.web_url}/settings"


def _wanted(bodies: Sequence[ConnectionBody]) -> list[WantedConnection]:
    return [
        WantedConnection(
            one.source,
            one.connection_id,
            one.db_schema,
            one.sync_frequency_minutes,
            one.instance_url,
            one.resume,
        )
        for one in bodies
    ]


def _answer(customer: str, done: Onboarding | None) -> ConnectionsAnswer:
    sources = done.sources if done else ()
    return ConnectionsAnswer(
        customer=customer,
        settings_version=done.settings.version if done else None,
        connections=[ConnectedSourceAnswer.model_validate(one) for one in sources],
    )
