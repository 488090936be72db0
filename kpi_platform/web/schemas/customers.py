"""Customers and their connections."""

from datetime import datetime

from pydantic import ConfigDict, Field

from kpi_platform.domain.limits import Slug
from kpi_platform.domain.sources import Source
from kpi_platform.web.schemas.answers import Answer, Body


class ConnectionBody(Body):
    """A source to connect. With `connection_id` an existing connection is adopted; else one is created."""

    source: Source
    connection_id: str | None = Field(default=None, min_length=1, max_length=100)
    db_schema: str | None = Field(
        default=None, alias="schema", min_length=1, max_length=127,
        description="Raw schema of a created connection. Left out: the customer's key and the source.",
    )  # fmt: skip
    sync_frequency_minutes: int | None = None
    resume: bool = Field(default=False, description="Let an adopted connection that is paused go on.")
    instance_url: str | None = Field(
        default=None, max_length=300, description="https address of the source, for a created connection."
    )


class ConnectionsBody(Body):
    connections: list[ConnectionBody] = Field(min_length=1, max_length=2)

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"connections": [{"source": "salesforce", "schema": "acme_crm"}]}]}
    )


class CustomerBody(Body):
    key: Slug = Field(description="A small letter, then small letters, digits and _.")
    name: str = Field(default="", max_length=200, description="Name to show. Left out: the key.")
    connections: list[ConnectionBody] = Field(default_factory=list, max_length=2)

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"key": "acme", "name": "Acme", "connections": [{"source": "salesforce"}]}]
        }
    )


class ConnectedSourceAnswer(Answer):
    source: Source
    connection_id: str
    db_schema: str = Field(alias="schema", validation_alias="schema")
    created: bool
    setup_state: str
    connect_card_url: str | None = Field(
        description="Fivetran's page on which the owner of the source signs in, valid for a day."
    )


class SetUpLinkAnswer(Answer):
    connect_card_url: str = Field(
        description="Fivetran's page on which the owner of the source signs in, for a day."
    )


class ConnectionsAnswer(Answer):
    customer: str
    settings_version: int | None
    connections: list[ConnectedSourceAnswer]


class CustomerAnswer(Answer):
    key: str
    name: str
    created_at: datetime
