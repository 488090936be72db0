"""How many rows each source table of a customer holds in the warehouse, and which tables are not read."""

from dataclasses import dataclass

import sqlalchemy as sa

from kpi_platform.adapters.destination.protocol import Catalogue, Destination
from kpi_platform.configuration import Configuration
from kpi_platform.domain.batch import source_tables
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.landed import TableStatus
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCE_TABLES, SOURCES, Source, SourceTable
from kpi_platform.pipeline.batch import read_inputs


@dataclass(frozen=True, slots=True)
class TableRows:
    """A source table. `rows` is None if the table is not available."""

    table: SourceTable
    status: TableStatus
    rows: int | None


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The tables of an enabled source; none of them has landed yet if there is a `problem`."""

    source: Source
    tables: list[TableRows]
    problem: NotFound | None = None


def landed_rows(
    configuration: Configuration, engine: sa.Engine, customer: str, *, wait_seconds: float
) -> list[SourceRows]:
    """Counts the rows of each table of the enabled sources, as they lie in the warehouse now. Raises what
    reading the customer's settings raises, and DestinationUnavailable, also if the warehouse is occupied for
    longer than `wait_seconds`."""
    inputs, failed = read_inputs(configuration, engine, [customer])
    if failed:
        raise failed[customer]
    [one] = inputs
    destination = one.destination.within(wait_seconds)
    sources = [source for source in SOURCES if one.settings.source(source).enabled]
    catalogue = destination.columns([one.settings.source(source).schema_ for source in sources])
    return [_rows_of(destination, catalogue, customer, source, one.settings) for source in sources]


def _rows_of(
    destination: Destination, catalogue: Catalogue, customer: str, source: Source, settings: CustomerSettings
) -> SourceRows:
    try:
        found = source_tables(customer, source, settings, catalogue)
    except NotFound as error:
        return SourceRows(source, [], error)
    names = {one.identifier: one.schema for one in found.values() if one.identifier and one.schema}
    counts = destination.row_counts(next(iter(names.values())), list(names)) if names else {}
    return SourceRows(
        source,
        [
            TableRows(table, landed.status, counts[landed.identifier] if landed.identifier else None)
            for table, landed in ((table, found[table.name]) for table in SOURCE_TABLES[source])
        ],
    )
