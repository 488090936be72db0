"""PostgreSQL as a destination, through psycopg 3."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import URL, Connection, CursorResult
from sqlalchemy.exc import DBAPIError, ProgrammingError

from kpi_platform.adapters.destination import statements
from kpi_platform.adapters.destination.postgres_rows import BATCH_ROWS, batches
from kpi_platform.adapters.destination.protocol import ConnectionStep, DbtTarget
from kpi_platform.adapters.destination.sql_destination import Selected, SqlDestination
from kpi_platform.adapters.destination.steps import (
    CONNECT_SECONDS,
    reach,
    require_address,
    require_schemas,
    resolve,
    run_steps,
)
from kpi_platform.adapters.secrets import CustomerSecrets, hidden, unless_it_tells
from kpi_platform.domain.errors import DestinationUnavailable, InvalidSettings, KpiPlatformError, NotFound
from kpi_platform.domain.settings import WarehouseSettings

_APPLICATION_NAME = (
    "{{ ('kpi_platform ' ~ (var('run_id', none) or '-') ~ ' '"
    " ~ (var('customers', []) | map(attribute='key') | join(',')))[:63] }}"
)
"""Shown in pg_stat_activity and the server's log: run and customers, in the 63 bytes that are kept."""


@dataclass(frozen=True, slots=True)
class PostgresDestination(SqlDestination):
    """`host` may be a directory of a unix socket. With `address`, what the host resolved to, its name is not
    resolved again."""

    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)
    mart_schema: str
    address: str | None = None

    @classmethod
    def from_settings(cls, warehouse: WarehouseSettings, secrets: CustomerSecrets) -> "PostgresDestination":
        """Raises InvalidSettings where host, database or username are missing."""
        needed = {name: getattr(warehouse, name) for name in ("host", "database", "username")}
        missing = [f"warehouse.{name}" for name, value in needed.items() if not value]
        if missing:
            raise InvalidSettings(
                f"A PostgreSQL destination needs {', '.join(missing)}.",
                next_step="Set them in the settings, or in the environment as WAREHOUSE_*.",
                details={"errors": [{"field": name, "message": "is needed"} for name in missing]},
            )
        return cls(
            **needed,
            port=warehouse.port or 5432,
            password=secrets.password(warehouse),
            mart_schema=warehouse.schema_,
        )

    @property
    def name(self) -> str:
        return f"postgres {self.username}@{self.host}:{self.port}/{self.database} ({self.mart_schema})"

    def read_mart(
        self,
        table: str,
        customer: str | Sequence[str],
        columns: Sequence[str] | None = None,
        *,
        where: Mapping[str, Any] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        statement = statements.mart(self.mart_schema, table, customer, columns, where)
        return self._stream(lambda connection: connection.execute(statement), statements.named(customer))

    def query(self, sql: str) -> Iterator[pa.RecordBatch]:
        return self._stream(
            lambda connection: connection.execution_options(no_parameters=True).exec_driver_sql(sql)
        )

    def _stream(
        self, run: Callable[[Connection], CursorResult[Any]], customer: str = ""
    ) -> Iterator[pa.RecordBatch]:
        """Through a cursor of the server, so that only one batch is in memory."""
        with self._connected(customer) as connection:
            streaming = connection.execution_options(stream_results=True, max_row_buffer=BATCH_ROWS)
            with run(streaming) as result:
                description: Sequence[Any] = result.cursor.description if result.cursor is not None else ()
                yield from batches(description, result.partitions(BATCH_ROWS))

    def test_connection(
        self, schemas: Sequence[str] = (), *, permitted: Callable[[str], bool] | None = None
    ) -> Iterator[ConnectionStep]:
        """The name is resolved once, and what was resolved is what is connected to: the name cannot come to
        mean another machine between the check and the use."""
        addresses: list[str] = []

        def find() -> None:
            addresses.extend([self.host] if self._is_socket else resolve(self.host, self.port))
            require_address(addresses[0], permitted)

        def connect() -> None:
            if not self._is_socket:
                reach(addresses[0], self.port)

        def pinned() -> "PostgresDestination":
            return self if self._is_socket else replace(self, address=addresses[0])

        def authenticate() -> None:
            self._sign_in(addresses[0], but="3D000")

        return run_steps(
            [
                ("resolve", find),
                ("connect", connect),
                ("authenticate", authenticate),
                ("database", lambda: self._sign_in(addresses[0])),
                ("schema", lambda: require_schemas(pinned().columns(schemas), schemas)),
                ("can_read", lambda: pinned()._read_each(schemas)),
            ]
        )

    def dbt_target(self) -> DbtTarget:
        output = {
            "type": "postgres",
            "host": self.host,
            "port": self.port,
            "user": self.username,
            "dbname": self.database,
            "schema": self.mart_schema,
            "threads": 4,
        }
        return DbtTarget(output, {"password": self.password}, {"application_name": _APPLICATION_NAME})

    def exclusive(self) -> AbstractContextManager[None]:
        """A server takes many at once."""
        return nullcontext()

    @property
    def _is_socket(self) -> bool:
        return self.host.startswith("/")

    def _rows(self, statement: Selected) -> Sequence[Sequence[Any]]:
        with self._connected() as connection:
            return connection.execute(statement).all()

    def _sign_in(self, address: str, *, but: str | None = None) -> None:
        """Signs in at `address`; an error of the SQLSTATE `but` does not count."""
        try:
            psycopg.connect(
                host=self.host,
                hostaddr=None if self._is_socket else address,
                port=self.port,
                dbname=self.database,
                user=self.username,
                password=self.password,
                connect_timeout=CONNECT_SECONDS,
            ).close()
        except psycopg.OperationalError as cause:
            if but is None or f'database "{self.database}" does not exist' not in str(cause):
                raise self._unavailable(cause) from unless_it_tells(cause, self.password)

    @contextmanager
    def _connected(self, customer: str = "") -> Iterator[Connection]:
        """`customer` is whose rows are read, for the server's log."""
        engine = sa.create_engine(
            URL.create(
                "postgresql+psycopg",
                username=self.username,
                password=self.password,
                host=None if self._is_socket else self.host,
                port=None if self._is_socket else self.port,
                database=self.database,
                query={"host": self.host, "port": str(self.port)} if self._is_socket else {},
            ),
            poolclass=sa.NullPool,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": f"kpi_platform - {customer}"[:63],
                **({} if self.address is None else {"hostaddr": self.address}),
            },
        )
        try:
            with engine.connect() as connection:
                yield connection
        except ProgrammingError as cause:
            if isinstance(cause.orig, psycopg.errors.UndefinedTable):
                raise NotFound(
                    f"{self.name} has no such table: {cause.orig.diag.message_primary}.",
                    next_step="Compute the KPIs of a customer first.",
                ) from cause
            raise self._unavailable(cause.orig) from unless_it_tells(cause, self.password)
        except DBAPIError as cause:
            raise self._unavailable(cause.orig) from unless_it_tells(cause, self.password)

    def _unavailable(self, cause: BaseException | None) -> KpiPlatformError:
        return DestinationUnavailable(
            f"{self.name} refuses: {hidden(str(cause).strip(), self.password)}",
            next_step="Check host, user, password and rights, and that the server runs.",
        )
