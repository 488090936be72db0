"""The queries that all SQL destinations share, whatever their driver."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from kpi_platform.adapters.destination import statements
from kpi_platform.adapters.destination.protocol import Catalogue, TableKey

Selected = sa.Select[Any] | sa.CompoundSelect[Any]


class SqlDestination(ABC):
    """The questions of the protocol whose answers are a few rows."""

    __slots__ = ()

    mart_schema: str

    @abstractmethod
    def _rows(self, statement: Selected) -> Sequence[Sequence[Any]]:
        """All rows of a statement."""

    def columns(self, schemas: Sequence[str]) -> Catalogue:
        return statements.nested(self._rows(statements.columns(schemas))) if schemas else {}

    def row_counts(self, schema: str, tables: Sequence[str]) -> dict[str, int]:
        if not tables:
            return {}
        return {str(name): count for name, count in self._rows(statements.row_counts(schema, tables))}

    def without_repeats(self, keys: Collection[TableKey]) -> set[TableKey]:
        """Returns no key: finding one ranks the rows of every key, and these destinations are paid for by the
        scan."""
        del keys
        return set()

    def values(self, schema: str, table: str, column: str, limit: int) -> list[Any]:
        return [row[0] for row in self._rows(statements.values(schema, table, column, limit))]

    def first_rows(
        self, schema: str, table: str, columns: Sequence[str], limit: int
    ) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._rows(statements.first_rows(schema, table, columns, limit))]

    def mart_rows(self, tables: Sequence[str], customers: Sequence[str]) -> dict[str, dict[str, int]]:
        if not tables or not customers:
            return {}
        return statements.rows_by_customer(
            self._rows(statements.mart_rows(self.mart_schema, tables, customers))
        )

    def mart_groups(self, table: str, customers: Sequence[str], by: Sequence[str]) -> list[tuple[Any, ...]]:
        if not customers:
            return []
        statement = statements.mart_groups(self.mart_schema, table, customers, by)
        return [tuple(row) for row in self._rows(statement)]

    def reading_together(self) -> AbstractContextManager[None]:
        # A server stays open.
        return nullcontext()

    def state(self) -> Hashable | None:
        return None

    def within(self, seconds: float) -> Self:
        # A server serves all at once.
        del seconds
        return self

    def for_reader(self, seconds: float) -> Self:
        del seconds
        return self

    def compiling(self, folder: Path) -> Self:
        del folder
        return self

    def _read_each(self, schemas: Sequence[str]) -> None:
        """Reads something of every table in `schemas`."""
        for schema, tables in self.columns(schemas).items():
            self.row_counts(schema, list(tables))
