"""Takes a customer's data out of the destinations and off Fivetran, and counts that nothing is left."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Literal

import sqlalchemy as sa

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.adapters.fivetran import open_fivetran
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.claims import end_claims, own_schemas, places_of
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.offboarding import Leaver, taken_over
from kpi_platform.domain.erasure import Erased
from kpi_platform.domain.errors import FivetranRefused, InvalidSettings
from kpi_platform.domain.places import spelled_place
from kpi_platform.domain.settings import parse_settings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.customer_rows import (
    customer_rows,
    erase_customer_rows,
    left_instants,
    note_instants,
    scratch_keys,
    scratch_of,
)
from kpi_platform.pipeline.customer_settings import customer_secrets

Connections = Literal["pause", "delete", "keep"]


def erase_in_destinations(
    configuration: Configuration, engine: sa.Engine, leaver: Leaver, *, raw_schemas: bool, former: bool
) -> Iterator[Erased]:
    """Deletes the customer's rows of every mart and preview, in each destination that its settings name or
    (`former`) have named. `raw_schemas` drops those that are its own, and ends its claim on them.

    Raises DestinationUnavailable or BuildFailed if a destination cannot be reached or refuses."""
    key = leaver.customer.key
    for destination, spelled, schemas in _destinations(configuration, engine, leaver, former):
        with reading(engine) as connection:
            place = places_of(connection, [spelled])[spelled]
        mine = _own(engine, leaver, place, schemas)
        present = _tables(destination, mine)
        dropped = sorted(present) if raw_schemas else []
        yield from _erase_rows(configuration, destination, [key], dropped)
        # A preview or a back-test that was killed has left its rows.
        left = (*scratch_keys(key), *left_instants(configuration, key))
        yield from _erase_rows(configuration, scratch_of(destination), left)
        remaining = _tables(destination, mine)
        gone = set(mine) - {name.lower() for name in remaining}
        with engine.begin() as connection:
            end_claims(connection, leaver.customer.id, place, gone)
        for schema, count in sorted(present.items()):
            kept = "" if raw_schemas else "raw schemas are kept unless --raw-schemas is given"
            yield Erased(
                f"{destination.name}: tables of raw schema {schema}", count, remaining.get(schema, 0), kept
            )
    note_instants(configuration, key, ())


def _erase_rows(
    configuration: Configuration,
    destination: Destination,
    keys: Sequence[str],
    raw_schemas: Sequence[str] = (),
) -> Iterator[Erased]:
    before = erase_customer_rows(configuration, destination, keys, raw_schemas=raw_schemas)
    DbtProject(configuration, destination).forget()
    left = customer_rows(destination, keys)
    for table, count in before.items():
        yield Erased(f"{destination.name}: {table}", count, left.get(table, 0))


def end_connections(
    configuration: Configuration, engine: sa.Engine, leaver: Leaver, mode: Connections
) -> Iterator[Erased]:
    """Pauses or deletes the customer's connections in Fivetran, except those that another customer has by
    now. One that Fivetran does not know is gone already."""
    if mode == "keep" or not leaver.connections:
        for name in leaver.connections:
            yield Erased(f"Fivetran connection {name}", 1, 1, "left as it is: --connections keep")
        return
    with reading(engine) as connection:
        others = taken_over(connection, leaver, "connection")
    with closing(open_fivetran(configuration)) as api:
        for name in leaver.connections:
            place = f"Fivetran connection {name}"
            if name.lower() in others:
                yield Erased(place, 1, 1, "another customer's by now")
                continue
            try:
                if mode == "delete":
                    api.delete_connection(name)
                    yield Erased(place, 1, 0)
                else:
                    api.modify_connection(name, paused=True, schedule_type="manual")
                    yield Erased(place, 1, 1, "paused")
            except FivetranRefused as refused:
                if refused.details.get("status") != 404:
                    raise
                yield Erased(place, 0, 0)


def _destinations(
    configuration: Configuration, engine: sa.Engine, leaver: Leaver, former: bool
) -> Iterator[tuple[Destination, str, set[str]]]:
    """Each destination once, with its place as it is spelled and the raw schemas that settings have stated in
    it: the default of settings that state none may be anybody's."""
    with reading(engine) as connection:
        secrets = customer_secrets(configuration, connection, leaver.customer.key)
    found: dict[str, tuple[Destination, str, set[str]]] = {}
    for number, document in enumerate(leaver.documents or ({},)):
        if number and not former:
            break
        try:
            settings = parse_settings(document, environment=configuration.environment, single_customer=True)
        except InvalidSettings:
            # A former version that is no settings any more names no destination that could be reached.
            if number == 0:
                raise
            continue
        destination = open_destination(configuration, settings.warehouse, secrets)
        spelled = spelled_place(settings.warehouse)
        *_, schemas = found.setdefault(destination.name, (destination, spelled, set()))
        for source in SOURCES:
            if schema := (document.get(source) or {}).get("schema"):
                schemas.add(str(schema))
    yield from found.values()


def _own(engine: sa.Engine, leaver: Leaver, place: str, schemas: set[str]) -> list[str]:
    """The raw schemas of the place that are the customer's: those that it has claimed, and those that its
    settings have stated and nobody else has by now."""
    with reading(engine) as connection:
        others = taken_over(connection, leaver, "schema")
        claimed = own_schemas(connection, leaver.customer.id, place)
    stated = {schema.lower() for schema in schemas}
    return sorted(claimed | (stated - others))


def _tables(destination: Destination, schemas: list[str]) -> dict[str, int]:
    return {schema: len(tables) for schema, tables in destination.columns(schemas).items()}
