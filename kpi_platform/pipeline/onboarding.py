"""A customer's connections: created in Fivetran or adopted, and saved in its settings. All, or nothing."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters.fivetran import FivetranApi, open_fivetran
from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import current_settings
from kpi_platform.domain.customer import parse_customer_key
from kpi_platform.domain.errors import Conflict, InvalidInput, KpiPlatformError, NotConfirmed
from kpi_platform.domain.settings import CustomerSettings, Editor, parse_settings
from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCES, Source
from kpi_platform.pipeline.adoption import PlannedChange, adoption_changes
from kpi_platform.pipeline.change_settings import SettingsChange, change_settings
from kpi_platform.pipeline.customer_settings import effective_settings

Confirm = Callable[[Sequence[PlannedChange]], bool]
"""Asks somebody whether these changes in Fivetran may be made."""


@dataclass(frozen=True, slots=True)
class WantedConnection:
    """A source to connect. With `connection_id` an existing connection is adopted; else one is created, which
    lands in `schema` (default: the settings', or the customer's key and the source). An adopted one that is
    paused goes on only with `resume`."""

    source: Source
    connection_id: str | None = None
    schema: str | None = None
    sync_frequency_minutes: int | None = None
    instance_url: str | None = None
    resume: bool = False


@dataclass(frozen=True, slots=True)
class ConnectedSource:
    """The result of connecting one source. `connect_card_url` is Fivetran's page on which the source's owner
    signs in, valid for a day; None if the connection is set up already."""

    source: Source
    connection_id: str
    schema: str
    created: bool
    setup_state: str
    connect_card_url: str | None


@dataclass(frozen=True, slots=True)
class Onboarding:
    sources: tuple[ConnectedSource, ...]
    settings: SettingsChange


def create_customer(
    configuration: Configuration,
    engine: sa.Engine,
    key: str,
    name: str,
    wanted: Sequence[WantedConnection] = (),
    *,
    by: Editor,
    redirect_uri: str,
    document: Mapping[str, Any] | None = None,
    confirm: Confirm | None = None,
) -> Onboarding | None:
    """Adds the customer, and connects the sources that are wanted; `document` holds the rest of its settings.
    Raises Conflict if the key is taken, and what `connect_sources` raises; then there is no new customer.
    """
    parse_customer_key(key)
    if wanted:
        return connect_sources(
            configuration, engine, key, wanted,
            by=by, redirect_uri=redirect_uri, add_as=name, document=document, confirm=confirm,
        )  # fmt: skip
    with engine.begin() as connection:
        add_customer(connection, key, name)
        record_event(connection, who=by.name, action="customer.add", target=key, customer=key)
    return None


def connect_sources(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    wanted: Sequence[WantedConnection],
    *,
    by: Editor,
    redirect_uri: str,
    add_as: str | None = None,
    document: Mapping[str, Any] | None = None,
    confirm: Confirm | None = None,
) -> Onboarding:
    """Creates or adopts the connections and saves them in the settings, which sets schedule, frequency and
    tables in Fivetran. Fivetran's sign-in page leads back to `redirect_uri`. `confirm` is asked with what
    changes of connections that are adopted; NotConfirmed if it says no.

    Raises Conflict if a connection or raw schema is another customer's, or the source is connected already;
    InvalidInput; FivetranRefused or FivetranUnavailable. Connections that were created by then are deleted
    again.
    """
    if len({one.source for one in wanted}) < len(wanted):
        raise InvalidInput("A source is named twice.", next_step="Name each source once.")
    stated, settings = _settings(configuration, engine, customer, add_as, document or {})

    resume = {one.connection_id for one in wanted if one.resume and one.connection_id is not None}

    def change(sections: Mapping[Source, Mapping[str, Any]], *, dry_run: bool) -> SettingsChange:
        # A new customer has the sources that it is connected to; others claim no schema, and can come later.
        others: dict[str, Any] = {source: {"enabled": False} for source in SOURCES} if add_as else {}
        merged = {**others, **stated}
        for source, section in sections.items():
            merged[source] = {**stated.get(source, {}), **section}
        return change_settings(
            configuration, engine, customer, merged,
            by=by, note="Connected in Fivetran.", add_as=add_as, dry_run=dry_run, resume=resume,
        )  # fmt: skip

    undo: list[Callable[[], Any]] = []
    with closing(open_fivetran(configuration)) as api:
        adopted = {one.source: _adopt(api, one) for one in wanted if one.connection_id is not None}
        sections = {one.source: _section(one, customer, settings, adopted.get(one.source)) for one in wanted}
        # Connections of another customer and invalid settings are refused before anything is created.
        planned = change(sections, dry_run=True).settings
        _require_consent(api, planned, adopted, resume, confirm)
        try:
            sources = tuple(
                _adopted(api, one.source, adopted[one.source], redirect_uri)
                if one.source in adopted
                else _created(api, one.source, sections[one.source], settings, redirect_uri, undo)
                for one in wanted
            )
            for connected in sources:
                sections[connected.source]["connection_id"] = connected.connection_id
                if connected.created:
                    resume.add(connected.connection_id)
            return Onboarding(sources, change(sections, dry_run=False))
        except Exception as error:
            _take_back(undo, error)
            raise


def _require_consent(
    api: FivetranApi,
    settings: CustomerSettings,
    adopted: Mapping[Source, Connection],
    resume: Collection[str],
    confirm: Confirm | None,
) -> None:
    if confirm is None:
        return
    changes = [
        change
        for source, connection in adopted.items()
        for change in adoption_changes(api, settings, source, connection, resume=connection.id in resume)
    ]
    if changes and not confirm(changes):
        raise NotConfirmed(
            "Nothing was changed in Fivetran.",
            next_step="Confirm the changes, or set them otherwise.",
            details={"changes": [change.words for change in changes]},
        )


def _settings(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    add_as: str | None,
    document: Mapping[str, Any],
) -> tuple[dict[str, Any], CustomerSettings]:
    if add_as is not None:
        settings = parse_settings(document, environment=configuration.environment, single_customer=False)
        return dict(document), settings
    with engine.connect() as connection:
        stored = current_settings(connection, customer)
        settings = effective_settings(configuration, connection, customer)
    return dict(stored.document) if stored else {}, settings


def _adopt(api: FivetranApi, wanted: WantedConnection) -> Connection:
    connection = api.connection(wanted.connection_id or "")
    if connection.service not in SOURCE_SYSTEMS[wanted.source].services:
        raise InvalidInput(
            f"The connection '{connection.id}' syncs {connection.service}, not {wanted.source}.",
            next_step="Check the connection's id in Fivetran.",
        )
    return connection


def _section(
    wanted: WantedConnection, customer: str, settings: CustomerSettings, adopted: Connection | None
) -> dict[str, Any]:
    known = settings.source(wanted.source)
    if known.connection_id not in (None, wanted.connection_id):
        raise Conflict(
            f"The {wanted.source} of '{customer}' is connected already: '{known.connection_id}'.",
            next_step=f"Take {wanted.source}.connection_id out of the settings first.",
        )
    default = CustomerSettings().source(wanted.source).schema_
    schema = wanted.schema or (known.schema_ if known.schema_ != default else f"{customer}_{wanted.source}")
    section: dict[str, Any] = {"enabled": True, "schema": adopted.schema if adopted else schema}
    if adopted is not None:
        section["connection_id"] = adopted.id
    for name in ("sync_frequency_minutes", "instance_url"):
        if (value := getattr(wanted, name)) is not None:
            section[name] = value
    return section


def _adopted(api: FivetranApi, source: Source, connection: Connection, redirect_uri: str) -> ConnectedSource:
    ready = connection.setup_state == "connected"
    card = None if ready else api.connect_card(connection.id, redirect_uri=redirect_uri)
    return ConnectedSource(source, connection.id, connection.schema, False, connection.setup_state, card)


def _created(
    api: FivetranApi,
    source: Source,
    section: Mapping[str, Any],
    settings: CustomerSettings,
    redirect_uri: str,
    undo: list[Callable[[], Any]],
) -> ConnectedSource:
    system = SOURCE_SYSTEMS[source]
    place = section.get("instance_url") or settings.source(source).instance_url
    new = api.create_connection(
        service=system.services[0],
        group_id=_group(api, settings),
        config={"schema": section["schema"], **system.connection_config(place)},
        # Paused and manual until the settings are saved, which says how it is to be.
        paused=True,
        schedule_type="manual",
        naming="FIVETRAN_NAMING",
        redirect_uri=redirect_uri,
    )
    connection = new.connection
    undo.append(lambda: api.delete_connection(connection.id))
    return ConnectedSource(
        source, connection.id, connection.schema, True, connection.setup_state, new.connect_card_url
    )


def _group(api: FivetranApi, settings: CustomerSettings) -> str:
    if settings.fivetran.group_id is not None:
        return settings.fivetran.group_id
    groups = api.groups()
    if len(groups) == 1:
        return str(groups[0]["id"])
    known = ", ".join(f"{group['id']} ({group.get('name', '')})" for group in groups)
    raise InvalidInput(
        "In which Fivetran group are the connections to be created?",
        next_step=f"Set fivetran.group_id or FIVETRAN_GROUP_ID to one of: {known or 'none yet'}.",
    )


def _take_back(undo: list[Callable[[], Any]], error: Exception) -> None:
    for step in reversed(undo):
        try:
            step()
        except KpiPlatformError as second:
            error.add_note(f"A connection that was created could not be deleted again: {second}")
