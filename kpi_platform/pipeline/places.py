"""The owner of a raw schema, which the claims and the destination's server name before it is read.

Servers are asked once a run, and their answers are stored. Until one could be asked, the spelling of its
place counts.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.claims import (
    claim_unclaimed,
    end_all_claims,
    others_claims,
    places_of,
    record_place,
)
from kpi_platform.dashboard.customers import find_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.settings_versions import current_settings_of
from kpi_platform.domain.claims import PREVIEW_SUFFIX, Taken, mart_schema, marts_there
from kpi_platform.domain.errors import Conflict, InvalidSettings, KpiPlatformError, NotFound
from kpi_platform.domain.places import spelled_place
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.customer_settings import (
    customer_secrets,
    effective_settings,
    has_single_customer,
    settings_reader,
)

if TYPE_CHECKING:
    from kpi_platform.pipeline.batch import CustomerInput

_log = logging.getLogger(__name__)


def settle(
    engine: sa.Engine, inputs: Sequence["CustomerInput"], *, again: bool
) -> dict[str, KpiPlatformError]:
    """Asks the servers of `inputs` for their identity (`again`: also those that are known), and claims raw
    schemas that nobody has for the customers that are about to read them. Returns, by customer, why it must
    not read what its settings name. A server that cannot be asked is left out: reading from it fails by
    itself."""
    settings = {one.customer: one.settings for one in inputs}
    destinations = {spelled_place(one.settings.warehouse): one.destination for one in inputs}
    with reading(engine) as connection:
        known = places_of(connection, list(destinations))
    for spelled, destination in destinations.items():
        if again or known[spelled] == spelled:
            place = _asked(destination)
            if place is not None and place != known[spelled]:
                with engine.begin() as connection:
                    record_place(connection, spelled, place)
    with reading(engine) as connection:
        found = find_customers(connection, [one.customer for one in inputs])
        ids = {key: one.id for key, one in found.items()}
        refused, unclaimed = refusals(connection, settings, ids)
    if again and unclaimed:
        with engine.begin() as connection:
            for (place, spelled), wanted in unclaimed.items():
                claim_unclaimed(connection, place, spelled, wanted)
            # Somebody else may have been faster.
            refused, _ = refusals(connection, settings, ids)
    return refused


def settings_to_read(
    configuration: Configuration, engine: sa.Engine, customers: Sequence[str]
) -> dict[str, CustomerSettings]:
    """Returns the settings of those of `customers` that are known, valid, and name nothing of another's. The
    number of queries does not grow with the customers."""
    with reading(engine) as connection:
        ids = {key: one.id for key, one in find_customers(connection, customers).items()}
        stored = current_settings_of(connection, list(ids.values()))
        read = settings_reader(configuration, single_customer=has_single_customer(connection))
        settings: dict[str, CustomerSettings] = {}
        for customer in filter(ids.__contains__, dict.fromkeys(customers)):
            with suppress(InvalidSettings):  # A run names it with what is wrong.
                settings[customer] = read(stored.get(ids[customer]))
        refused, _ = refusals(connection, settings, ids)
    return {customer: one for customer, one in settings.items() if customer not in refused}


def refusals(
    connection: sa.Connection, settings: Mapping[str, CustomerSettings], ids: Mapping[str, int]
) -> tuple[dict[str, KpiPlatformError], dict[tuple[str, str], dict[str, int]]]:
    """Returns those customers of `settings` that must not read (or build marts in) what they name, and why;
    and schemas that nobody has, by place and spelling, with the customer that wants each. One query a place,
    and one for all places."""
    refused: dict[str, KpiPlatformError] = {}
    unclaimed: dict[tuple[str, str], dict[str, int]] = {}
    groups: dict[str, list[tuple[str, set[str], set[str]]]] = defaultdict(list)
    for customer, one in settings.items():
        groups[spelled_place(one.warehouse)].append((customer, _raw(one), _marts(one)))
    places = places_of(connection, list(groups))
    for spelled, sides in groups.items():
        names = {name for _, raw, marts in sides for name in raw | marts}
        names |= {name.removesuffix(PREVIEW_SUFFIX) for name in names}
        owners: dict[str, tuple[int | None, str | None]] = {}
        built_in: set[str] = set()
        for row in others_claims(connection, places[spelled], names):
            if row.kind == "marts":
                built_in |= {row.name, f"{row.name}{PREVIEW_SUFFIX}"}
            else:
                owners[row.name] = (row.customer_id, row.key)
        free = unclaimed.setdefault((places[spelled], spelled), {})
        for customer, raw, marts in sides:
            error = _refusal(customer, ids.get(customer), raw, owners)
            both = raw & (built_in | marts) | marts & owners.keys()
            if error is None and both:
                error = marts_there(min(both), customer)
            if error is not None:
                refused[customer] = error
            elif customer in ids:
                for name in raw - owners.keys():
                    free.setdefault(name, ids[customer])
    return refused, {place: wanted for place, wanted in unclaimed.items() if wanted}


def learn_place(
    configuration: Configuration, engine: sa.Engine, settings: CustomerSettings, secrets: CustomerSecrets
) -> str | None:
    """Asks the server of `settings` for its identity, and stores the answer. Returns a warning if it could
    not be asked."""
    spelled = spelled_place(settings.warehouse)
    try:
        place = open_destination(configuration, settings.warehouse, secrets).place()
    except KpiPlatformError as error:
        return (
            f"The destination {spelled} could not be asked which it is: until the next run its spelling "
            f"counts. {error}"
        )
    if place is not None:
        with engine.begin() as connection:
            record_place(connection, spelled, place)
    return None


def is_known(engine: sa.Engine, settings: CustomerSettings) -> bool:
    """Whether the server of `settings` has said which place it is."""
    spelled = spelled_place(settings.warehouse)
    with reading(engine) as connection:
        return places_of(connection, [spelled])[spelled] != spelled


def end_claim(
    configuration: Configuration, engine: sa.Engine, schema: str, customer: str | None, *, who: str
) -> None:
    """Ends the claims on a raw schema in the destination of `customer`, by default that of the environment.
    Raises Conflict if the schema is still there, NotFound if nobody has claimed it."""
    if customer is None:
        settings = parse_settings({}, environment=configuration.environment, single_customer=False)
        secrets = CustomerSecrets(configuration, "")
    else:
        with reading(engine) as connection:
            settings = effective_settings(configuration, connection, customer)
            secrets = customer_secrets(configuration, connection, customer)
    destination = open_destination(configuration, settings.warehouse, secrets)
    spelled = spelled_place(settings.warehouse)
    place = destination.place()
    if destination.columns([schema]):
        raise Conflict(
            f"The schema '{schema}' is still in {destination.name}, with what belongs to somebody.",
            next_step="Erase its customer with --raw-schemas, or drop the schema, and end the claim then.",
        )
    with engine.begin() as connection:
        if place is not None:
            record_place(connection, spelled, place)
        if not end_all_claims(connection, place or spelled, schema):
            raise NotFound(
                f"Nobody has claimed a raw schema '{schema}' in {place or spelled}.",
                next_step="List the claims: kpi-platform claim list",
            )
        record_event(connection, who=who, action="claim.end", target=schema, customer=customer)


def _refusal(
    customer: str, number: int | None, raw: set[str], owners: Mapping[str, tuple[int | None, str | None]]
) -> KpiPlatformError | None:
    for name in sorted(raw & owners.keys()):
        owner, key = owners[name]
        if owner is None or owner != number:
            return Taken("schema", name, key, customer)
    return None


def _asked(destination: Destination) -> str | None:
    try:
        return destination.place()
    except KpiPlatformError as error:
        _log.warning("%s could not be asked which place it is: %s", destination.name, error)
        return None


def _raw(settings: CustomerSettings) -> set[str]:
    sections = [settings.source(source) for source in SOURCES]
    return {section.schema_.lower() for section in sections if section.enabled}


def _marts(settings: CustomerSettings) -> set[str]:
    name = mart_schema(settings.warehouse)
    return {name, f"{name}{PREVIEW_SUFFIX}"}
