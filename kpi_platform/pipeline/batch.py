"""Turns customers into batches: those of one destination that one dbt invocation computes together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.protocol import Destination, TableKey
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import find_customers, get_customer
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.match_store import accepted_links
from kpi_platform.dashboard.settings_versions import current_settings_of
from kpi_platform.dashboard.source_states import newest_failure
from kpi_platform.domain.batch import (
    AccountLink,
    CustomerPlan,
    Tables,
    batch_vars,
    landed_tables,
    plan_customer,
)
from kpi_platform.domain.errors import InvalidInput, KpiPlatformError
from kpi_platform.domain.known_then import RecordedValues, is_past
from kpi_platform.domain.landed import LandedTable, column_key
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCE_TABLES, SOURCES, Source, SourceTable
from kpi_platform.domain.sync_ends import SyncEnds
from kpi_platform.pipeline.customer_settings import has_single_customer, secrets_of_each, settings_reader
from kpi_platform.pipeline.places import refusals


@dataclass(frozen=True, slots=True)
class CustomerInput:
    """The input of a build from the dashboard database, for one customer."""

    customer: str
    settings: CustomerSettings
    sync_states: Mapping[Source, SyncEnds]
    destination: Destination
    account_links: tuple[AccountLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Customers of one destination, with what dbt gets about each (docs/decisions/0001). `left_out`: those of
    this destination that cannot be computed, and why."""

    destination: Destination
    as_of: datetime
    plans: Mapping[str, CustomerPlan]
    left_out: Mapping[str, KpiPlatformError]

    @property
    def customers(self) -> tuple[str, ...]:
        return tuple(self.plans)

    def vars(self) -> dict[str, Any]:
        """Returns the dbt vars of the batch. They hold no secret."""
        return batch_vars(self.plans.values(), self.as_of)

    def only(self, customers: Sequence[str]) -> "Batch":
        """Returns the batch of some of its customers."""
        return Batch(self.destination, self.as_of, {key: self.plans[key] for key in customers}, {})


def read_inputs(
    configuration: Configuration, engine: sa.Engine, customers: Sequence[str]
) -> tuple[list[CustomerInput], dict[str, KpiPlatformError]]:
    """Reads settings, sync state and destination of every customer, and names those that have none: an
    unknown customer, settings that are no longer valid, a destination whose password is missing or whose host
    is not allowed, a raw schema that is another customer's. The number of queries does not grow with the
    customers.
    """
    inputs: list[CustomerInput] = []
    failed: dict[str, KpiPlatformError] = {}
    with reading(engine) as connection:
        read = settings_reader(configuration, single_customer=has_single_customer(connection))
        known = find_customers(connection, customers)
        ids = [one.id for one in known.values()]
        documents, states = current_settings_of(connection, ids), _sync_states(connection, ids)
        links = accepted_links(connection, ids)
        secrets = secrets_of_each(configuration, connection, customers)
        for customer in dict.fromkeys(customers):
            try:
                number = known[customer].id if customer in known else get_customer(connection, customer).id
                settings = read(documents.get(number))
                destination = open_destination(configuration, settings.warehouse, secrets[customer])
            except KpiPlatformError as error:
                failed[customer] = error
            else:
                mine = tuple(AccountLink(*link) for link in links.get(number, ()))
                inputs.append(CustomerInput(customer, settings, states.get(number, {}), destination, mine))
        settings_of = {one.customer: one.settings for one in inputs}
        refused, _ = refusals(connection, settings_of, {key: one.id for key, one in known.items()})
    return [one for one in inputs if one.customer not in refused], {**failed, **refused}


def batches_of(inputs: Sequence[CustomerInput], as_of: datetime, *, strict: bool = False) -> list[Batch]:
    """Returns one batch a destination. Reads each destination's catalogue once. If that cannot be read, all
    its customers are left out. `strict` as in `batch_of`."""
    as_of = in_utc(as_of)
    return [batch_of(group, as_of, strict=strict) for group in by_destination(inputs)]


def in_utc(as_of: datetime) -> datetime:
    """Raises InvalidInput for an instant without a time zone."""
    if as_of.tzinfo is None:
        raise InvalidInput(
            "as_of has no time zone.", next_step="Give it in UTC, for example with a Z at the end."
        )
    return as_of.astimezone(UTC)


def by_destination(inputs: Sequence[CustomerInput]) -> list[list[CustomerInput]]:
    """Returns the customers of each destination. Customers with different secrets are apart, so that none
    uses a secret that only another may use."""
    groups: dict[Destination, list[CustomerInput]] = {}
    for one in inputs:
        groups.setdefault(one.destination, []).append(one)
    return list(groups.values())


def batch_of(group: Sequence[CustomerInput], as_of: datetime, *, strict: bool = False) -> Batch:
    """Returns the batch of customers of one destination; `as_of` is in UTC. `strict`: only what was known
    then counts (domain/known_then.py); of an `as_of` that is not past all of it is."""
    destination = group[0].destination
    strict = strict and is_past(as_of, datetime.now(UTC))
    schemas = {schema for one in group for schema in _schemas(one)}
    try:
        catalogue = destination.columns(sorted(schemas))
        recorded = recorded_values(destination) if strict else None
    except KpiPlatformError as error:
        return Batch(destination, as_of, {}, {one.customer: error for one in group})
    landed: dict[str, Tables] = {}
    left_out: dict[str, KpiPlatformError] = {}
    for one in group:
        try:
            landed[one.customer] = landed_tables(one.customer, one.settings, catalogue)
        except KpiPlatformError as error:
            left_out[one.customer] = error
    landed = _without_repeats(destination, landed)
    plans = {
        one.customer: plan_customer(
            one.customer,
            one.settings,
            landed[one.customer],
            one.sync_states,
            as_of,
            one.account_links,
            strict=strict,
            recorded=replace(recorded, key=one.customer) if recorded else None,
        )
        for one in group
        if one.customer in landed
    }
    return Batch(destination, as_of, plans, left_out)


def landed_of(one: CustomerInput) -> Tables:
    """Returns the landed tables of a customer. Raises NotFound if it was never synced, and what reading the
    destination raises."""
    tables = landed_tables(one.customer, one.settings, one.destination.columns(sorted(_schemas(one))))
    return _without_repeats(one.destination, {one.customer: tables})[one.customer]


def recorded_values(destination: Destination) -> RecordedValues | None:
    """Returns the place where runs have recorded values, with the times at which they computed them; the key
    is still open."""
    for schema, marts in destination.columns([destination.mart_schema]).items():
        for table, columns in marts.items():
            if table.lower() == "kpi_daily" and "computed_at" in {name.lower() for name in columns}:
                return RecordedValues(schema, table, "")
    return None


def _without_repeats(destination: Destination, landed: Mapping[str, Tables]) -> dict[str, Tables]:
    """The tables, with a note at those whose keys have one row each: nothing needs to be ranked there."""
    keys = {
        (customer, source, table.name): key
        for customer, tables in landed.items()
        for source, by_name in tables.items()
        for table in SOURCE_TABLES[source]
        if (key := _key(table, by_name[table.name])) is not None
    }
    alone = destination.without_repeats(set(keys.values()))
    return {
        customer: {
            source: {
                name: replace(table, repeats=keys.get((customer, source, name)) not in alone)
                for name, table in by_name.items()
            }
            for source, by_name in tables.items()
        }
        for customer, tables in landed.items()
    }


def _key(table: SourceTable, landed: LandedTable) -> TableKey | None:
    """Returns the place of the table's primary key. Salesforce ids of 15 and 18 characters may be the
    same."""
    column = (landed.columns or {}).get(column_key(table.primary_key))
    if column is None or landed.schema is None or landed.identifier is None:
        return None
    return TableKey(landed.schema, landed.identifier, column.name, SOURCE_SYSTEMS[table.source].key_length)


def _schemas(one: CustomerInput) -> list[str]:
    return [one.settings.source(source).schema_ for source in SOURCES if one.settings.source(source).enabled]


def _sync_states(connection: sa.Connection, customer_ids: Sequence[int]) -> dict[int, dict[Source, SyncEnds]]:
    states = tables.source_states
    rows = connection.execute(
        sa.select(
            states.c.customer_id,
            states.c.source,
            states.c.last_succeeded_at,
            states.c.last_failed_at,
            states.c.unreached_at,
        ).where(states.c.customer_id.in_(customer_ids))
    )
    found: dict[int, dict[Source, SyncEnds]] = defaultdict(dict)
    for row in rows:
        found[row.customer_id][row.source] = SyncEnds(
            row.last_succeeded_at, newest_failure(row.last_failed_at, row.unreached_at)
        )
    return found
