"""The source tables of a customer as they lie in the warehouse now: rows, columns, and which are not read."""

from dataclasses import dataclass

import sqlalchemy as sa

from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.configuration import Configuration
from kpi_platform.domain.batch import source_tables
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.landed import LandedTable, TableStatus
from kpi_platform.domain.sources import SOURCE_TABLES, SOURCES, Source, SourceTable
from kpi_platform.pipeline.batch import read_inputs


@dataclass(frozen=True, slots=True)
class TableRows:
    """A source table. `rows` is None if the table is not available."""

    table: SourceTable
    status: TableStatus
    rows: int | None


@dataclass(frozen=True, slots=True)
class LandedField:
    """A landed column as it is spelled, of a table as `salesforce.case`. `filled`: the share of the table's
    first rows in which it has a value; None if the table is empty. `example`: one of the values."""

    table: str
    name: str
    filled: float | None
    example: str | None


_LOOKED_AT = 200
"""Rows of each table of which fields say how far they are filled."""


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
    destination, found_of = _landed(configuration, engine, customer, wait_seconds)
    return [
        SourceRows(source, [], found) if isinstance(found, NotFound) else _rows_of(destination, source, found)
        for source, found in found_of.items()
    ]


def landed_fields(
    configuration: Configuration, engine: sa.Engine, customer: str, *, wait_seconds: float
) -> list[LandedField]:
    """Returns the columns of the tables that have landed, by name, as far as their first rows are filled.
    Raises as `landed_rows`."""
    destination, found_of = _landed(configuration, engine, customer, wait_seconds)
    fields = [
        field
        for source, found in found_of.items()
        if not isinstance(found, NotFound)
        for name, table in found.items()
        for field in _fields_of(destination, f"{source}.{name}", table)
    ]
    return sorted(fields, key=lambda field: (field.name, field.table))


def _fields_of(destination: Destination, title: str, table: LandedTable) -> list[LandedField]:
    if not (table.schema and table.identifier and table.columns):
        return []
    names = [column.name for column in table.columns.values()]
    rows = destination.first_rows(table.schema, table.identifier, names, _LOOKED_AT)
    fields = []
    for name, *values in zip(names, *rows, strict=True):
        filled = [value for value in values if value is not None and value != ""]
        share = len(filled) / len(values) if values else None
        fields.append(LandedField(title, name, share, str(filled[0]) if filled else None))
    return fields


def _landed(
    configuration: Configuration, engine: sa.Engine, customer: str, wait_seconds: float
) -> tuple[Destination, dict[Source, dict[str, LandedTable] | NotFound]]:
    """Each enabled source with its tables, or why it has none yet."""
    inputs, failed = read_inputs(configuration, engine, [customer])
    if failed:
        raise failed[customer]
    [one] = inputs
    destination = one.destination.within(wait_seconds)
    sources = [source for source in SOURCES if one.settings.source(source).enabled]
    catalogue = destination.columns([one.settings.source(source).schema_ for source in sources])
    found: dict[Source, dict[str, LandedTable] | NotFound] = {}
    for source in sources:
        try:
            found[source] = source_tables(customer, source, one.settings, catalogue)
        except NotFound as error:
            found[source] = error
    return destination, found


def _rows_of(destination: Destination, source: Source, found: dict[str, LandedTable]) -> SourceRows:
    names = {one.identifier: one.schema for one in found.values() if one.identifier and one.schema}
    counts = destination.row_counts(next(iter(names.values())), list(names)) if names else {}
    return SourceRows(
        source,
        [
            TableRows(table, landed.status, counts[landed.identifier] if landed.identifier else None)
            for table, landed in ((table, found[table.name]) for table in SOURCE_TABLES[source])
        ],
    )
