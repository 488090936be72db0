"""Raw tables as they land, and the view of them that the rules read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class RawTable:
    """One landed table: the column names as landed, and rows that hold exactly those columns."""

    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, object]]


RawSchema = Mapping[str, RawTable]
"""Landed table name → table."""


@cache
def column_key(name: str) -> str:
    """ "Field names match ignoring case and underscores." """
    return name.lower().replace("_", "")


@dataclass(frozen=True)
class Row:
    """One row; cells are asked for by any spelling of the column, and are None where it is not there."""

    cells: Mapping[str, object]

    def __getitem__(self, column: str) -> object:
        return self.cells.get(column_key(column))


@dataclass(frozen=True)
class Table:
    """A table that is synced and switched on."""

    columns: frozenset[str]
    rows: tuple[Row, ...]

    def has(self, column: str) -> bool:
        return column_key(column) in self.columns


def open_table(
    schema: RawSchema, name: str, read: Callable[[object], object] = lambda value: value
) -> Table | None:
    """The table `name` of the schema in any landed spelling, or None where it is not synced. `read` is what
    the settings make of each cell."""
    for landed, raw in schema.items():
        if column_key(landed) == column_key(name):
            return Table(
                columns=frozenset(column_key(column) for column in raw.columns),
                rows=tuple(
                    Row({column_key(column): read(value) for column, value in row.items()})
                    for row in raw.rows
                ),
            )
    return None
