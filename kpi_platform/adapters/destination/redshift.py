"""Amazon Redshift as a destination, through redshift_connector."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Self

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import dialect as postgresql

from kpi_platform.adapters.destination import statements
from kpi_platform.adapters.destination.postgres_rows import BATCH_ROWS, batches
from kpi_platform.adapters.destination.protocol import ConnectionStep, DbtTarget
from kpi_platform.adapters.destination.redshift_connection import RedshiftConnection, sql_state
from kpi_platform.adapters.destination.sql_destination import SqlDestination
from kpi_platform.adapters.destination.steps import require_schemas, run_steps
from kpi_platform.adapters.door import reach
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import DestinationUnavailable
from kpi_platform.domain.settings import WarehouseSettings

_NO_SUCH_DATABASE = "3D000"
_NOT_TOLD = ("42501", "42703", "42883")
_PLACE = sa.select(sa.literal_column("current_namespace"), sa.func.current_database())
_DIALECT = postgresql(paramstyle="format")  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class RedshiftDestination(SqlDestination):
    connection: RedshiftConnection
    mart_schema: str

    @classmethod
    def from_settings(
        cls, configuration: Configuration, warehouse: WarehouseSettings, secrets: CustomerSecrets
    ) -> "RedshiftDestination":
        """Raises what RedshiftConnection.from_settings raises."""
        return cls(RedshiftConnection.from_settings(configuration, warehouse, secrets), warehouse.schema_)

    @property
    def name(self) -> str:
        return f"{self.connection.name} ({self.mart_schema})"

    def read_mart(
        self,
        table: str,
        customer: str | Sequence[str],
        columns: Sequence[str] | None = None,
        *,
        where: Mapping[str, Any] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        sql, values = statements.positional(
            statements.mart(self.mart_schema, table, customer, columns, where), _DIALECT
        )
        return self._stream(sql, values, f"- {statements.named(customer)}")

    def query(self, sql: str) -> Iterator[pa.RecordBatch]:
        return self._stream(sql, [], "-")

    def test_connection(self, schemas: Sequence[str] = ()) -> Iterator[ConnectionStep]:
        """Yields the steps. The name is resolved once, for all of them."""
        found: list[RedshiftDestination] = []

        return run_steps(
            [
                ("resolve", lambda: found.append(self.pinned())),
                ("connect", lambda: reach(str(found[0].connection.address), self.connection.port)),
                ("authenticate", lambda: found[0]._sign_in(but=_NO_SUCH_DATABASE)),
                ("database", lambda: found[0]._sign_in()),
                ("schema", lambda: require_schemas(found[0].columns(schemas), schemas)),
                ("can_read", lambda: found[0]._read_each(schemas)),
            ]
        )

    def pinned(self) -> Self:
        return replace(self, connection=self.connection.pinned())

    def dbt_target(self) -> DbtTarget:
        return self.connection.dbt_target(self.mart_schema)

    def place(self) -> str | None:
        """Returns the cluster's or workgroup's namespace, which is its own, and the database."""
        try:
            [(namespace, database)] = self._rows(_PLACE)
        except DestinationUnavailable as error:
            if sql_state(error.__cause__) in _NOT_TOLD:
                return None
            raise
        return f"redshift:{namespace}/{database}".lower()

    def exclusive(self) -> AbstractContextManager[None]:
        """Waits for nobody: a cluster takes many at once."""
        return nullcontext()

    def _sign_in(self, *, but: str | None = None) -> None:
        """Signs in; an error of the SQLSTATE `but` does not count."""
        try:
            with self.connection.opened("-"):
                pass
        except DestinationUnavailable as error:
            if but is None or sql_state(error.__cause__) != but:
                raise

    def _rows(self, statement: sa.SelectBase) -> Sequence[Sequence[Any]]:
        sql, values = statements.positional(statement, _DIALECT)
        with self.connection.opened("-") as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            rows: Sequence[Sequence[Any]] = cursor.fetchall()
            return rows

    def _stream(self, sql: str, values: Sequence[Any], label: str) -> Iterator[pa.RecordBatch]:
        """Through a cursor of the server: the driver itself would take all rows into memory."""
        with self.connection.opened(label) as connection, connection.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute(f"declare result_rows cursor for {sql}", values)
            while True:
                cursor.execute(f"fetch forward {BATCH_ROWS} from result_rows")
                rows = cursor.fetchall()
                if not rows:
                    return
                yield from batches(cursor.description, [rows])
