"""PostgreSQL as a destination, through psycopg 3."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Self

import psycopg
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import URL, Connection, CursorResult
from sqlalchemy.exc import DBAPIError, ProgrammingError

from kpi_platform.adapters.destination import statements
from kpi_platform.adapters.destination.pins import pin
from kpi_platform.adapters.destination.postgres_rows import BATCH_ROWS, batches
from kpi_platform.adapters.destination.protocol import ConnectionStep, DbtTarget
from kpi_platform.adapters.destination.sql_destination import Selected, SqlDestination
from kpi_platform.adapters.destination.steps import require_schemas, run_steps
from kpi_platform.adapters.door import CONNECT_SECONDS, Door, reach
from kpi_platform.adapters.secrets import CustomerSecrets, hidden, unless_it_tells
from kpi_platform.domain.errors import DestinationUnavailable, InvalidSettings, KpiPlatformError, NotFound
from kpi_platform.domain.settings import WarehouseSettings

_APPLICATION_NAME = (
    "{{ ('kpi_platform ' ~ (var('run_id', none) or '-') ~ ' '"
    " ~ (var('customers', []) | map(attribute='key') | join(',')))[:63] }}"
)
"""Shown in pg_stat_activity and the server's log: run and customers, in the 63 bytes that are kept."""


_DATABASE = (
    sa.select(sa.column("oid"))
    .select_from(sa.table("pg_database", schema="pg_catalog"))
    .where(sa.column("datname") == sa.func.current_database())
    .scalar_subquery()
)
_PLACE = sa.select(sa.column("system_identifier"), _DATABASE).select_from(sa.func.pg_control_system())
_ADDRESS = sa.select(sa.func.host(sa.func.inet_server_addr()), sa.func.inet_server_port(), _DATABASE)
_NOT_TOLD = (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedFunction)


@dataclass(frozen=True, slots=True)
class PostgresDestination(SqlDestination):
    """`host` may be a directory of a unix socket. With `address`, what the host resolved to behind the door,
    its name is not resolved again."""

    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)
    mart_schema: str
    door: Door
    address: str | None = None

    @classmethod
    def from_settings(cls, warehouse: WarehouseSettings, secrets: CustomerSecrets) -> "PostgresDestination":
        """Raises InvalidSettings if host, database or username are missing."""
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
            door=Door.to(secrets.configuration, needed["host"]),
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

    def test_connection(self, schemas: Sequence[str] = ()) -> Iterator[ConnectionStep]:
        """Yields the steps. The name is resolved once, for all of them."""
        found: list[PostgresDestination] = []

        def connect() -> None:
            if (address := found[0].address) is not None:
                reach(address, self.port)

        return run_steps(
            [
                ("resolve", lambda: found.append(self.pinned())),
                ("connect", connect),
                ("authenticate", lambda: found[0]._sign_in(but="3D000")),
                ("database", lambda: found[0]._sign_in()),
                ("schema", lambda: require_schemas(found[0].columns(schemas), schemas)),
                ("can_read", lambda: found[0]._read_each(schemas)),
            ]
        )

    def pinned(self) -> Self:
        if self._is_socket:
            self.door.require_host(self.host)
            return self
        address = self.address or self.door.address(self.host, self.port)
        pin(self.host, address)
        return replace(self, address=address)

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

    def place(self) -> str | None:
        """Returns the identifier that the cluster was made with and the database's oid. If the role may not
        read the first, the address that the server listens at."""
        try:
            [(identifier, database)] = self._rows(_PLACE)
            return f"postgres:{identifier}/{database}"
        except DestinationUnavailable as error:
            if not isinstance(_reason(error), _NOT_TOLD):
                raise
        try:
            [(address, port, database)] = self._rows(_ADDRESS)
        except DestinationUnavailable as error:
            if isinstance(_reason(error), _NOT_TOLD):
                # A Redshift cluster, which answers to this driver, too.
                return None
            raise
        return f"postgres:{address or '127.0.0.1'}:{port or self.port}/{database}"

    def exclusive(self) -> AbstractContextManager[None]:
        """Waits for nobody: a server takes many at once."""
        return nullcontext()

    @property
    def _is_socket(self) -> bool:
        return self.host.startswith("/")

    def _rows(self, statement: Selected) -> Sequence[Sequence[Any]]:
        with self._connected() as connection:
            return connection.execute(statement).all()

    def _sign_in(self, *, but: str | None = None) -> None:
        """Signs in; an error of the SQLSTATE `but` does not count."""
        try:
            psycopg.connect(
                host=self.host,
                hostaddr=self.pinned().address,
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
        address = self.pinned().address
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
                **({} if address is None else {"hostaddr": address}),
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


def _reason(error: DestinationUnavailable) -> BaseException | None:
    """What the driver said."""
    cause = error.__cause__
    return cause.orig if isinstance(cause, DBAPIError) else cause
