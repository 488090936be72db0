"""Snowflake as a destination, through dagster-snowflake's resource, with results fetched in Arrow."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import sqlalchemy as sa
from snowflake.connector.errors import Error, ProgrammingError
from sqlalchemy.engine.default import DefaultDialect

from kpi_platform.adapters.destination import statements
from kpi_platform.adapters.destination.arrow import plain_batches
from kpi_platform.adapters.destination.protocol import ConnectionStep, DbtTarget
from kpi_platform.adapters.destination.sql_destination import SqlDestination
from kpi_platform.adapters.destination.steps import network_steps, require_schemas, run_steps
from kpi_platform.adapters.door import CONNECT_SECONDS, Door
from kpi_platform.adapters.secrets import CustomerSecrets, hidden, unless_it_tells
from kpi_platform.domain.errors import (
    DestinationUnavailable,
    InvalidSettings,
    NotFound,
)
from kpi_platform.domain.places import SNOWFLAKE_DOMAINS, without_domain
from kpi_platform.domain.settings import WarehouseSettings

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PLACE = sa.select(sa.func.current_region(), sa.func.current_account(), sa.func.current_database())
_NO_SUCH_OBJECT = 2003
_DIALECT = DefaultDialect(paramstyle="qmark")
"""A name in lower case is left unquoted, so that Snowflake reads it in capitals; any other is quoted."""

_DBT_QUERY_TAG = (
    "{{ tojson({'customer': (var('customers', []) | map(attribute='key') | join(','))[:1500],"
    " 'run_id': var('run_id', none)}) | as_text }}"
)
"""dbt renders it for every invocation. Snowflake takes tags of up to 2,000 characters."""


@dataclass(frozen=True, slots=True)
class SnowflakeDestination(SqlDestination):
    """`host` is a whole host name. Signs in with the key in `private_key_path`, or else with `password`."""

    host: str
    port: int
    username: str
    database: str
    warehouse: str
    role: str | None
    mart_schema: str
    door: Door
    password: str | None = field(repr=False, default=None)
    private_key_path: str | None = field(repr=False, default=None)

    @classmethod
    def from_settings(cls, warehouse: WarehouseSettings, secrets: CustomerSecrets) -> "SnowflakeDestination":
        """Raises InvalidSettings if host, database, warehouse or username are missing. A secret that names
        a file signs in with the key in it, any other is a password."""
        needed = {name: getattr(warehouse, name) for name in ("host", "database", "warehouse", "username")}
        missing = [f"warehouse.{name}" for name, value in needed.items() if not value]
        if missing:
            raise InvalidSettings(
                f"A Snowflake destination needs {', '.join(missing)}.",
                next_step="Set them in the settings, or in the environment as WAREHOUSE_*.",
                details={"errors": [{"field": name, "message": "is needed"} for name in missing]},
            )
        host = _host(needed["host"])
        return cls(
            **needed | {"host": host},
            door=Door.to(secrets.configuration, host),
            port=warehouse.port or 443,
            role=warehouse.role,
            mart_schema=warehouse.schema_,
            **_credentials(secrets, warehouse),
        )

    @property
    def name(self) -> str:
        """Virtual warehouse and role are part of it: they say who pays and what may be read."""
        place = f"{self.host}/{self.database} ({self.mart_schema})"
        return f"snowflake {self.username}@{place} on {self.warehouse} as {self.role or 'its own role'}"

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
        try:
            yield from self._stream(sql, values, {"customer": statements.named(customer)})
        except NotFound as error:
            raise NotFound(
                f"{self.name} has no mart {table}. {error.message}", next_step=error.next_step
            ) from error

    def query(self, sql: str) -> Iterator[pa.RecordBatch]:
        return self._stream(sql, None, {})

    def test_connection(self, schemas: Sequence[str] = ()) -> Iterator[ConnectionStep]:
        return run_steps(
            [
                *network_steps(self.door, self.host, self.port),
                ("authenticate", self._sign_in),
                ("database", self._use),
                ("schema", lambda: require_schemas(self.columns(schemas), schemas)),
                ("can_read", lambda: self._read_each(schemas)),
            ]
        )

    def dbt_target(self) -> DbtTarget:
        of_key = self.private_key_path is not None
        signed = {"private_key_path": self.private_key_path} if of_key else {"password": self.password}
        output = {
            "type": "snowflake",
            "account": self._account,
            "host": self.host,
            "port": self.port,
            "protocol": self._protocol,
            "user": self.username,
            "database": self.database,
            "warehouse": self.warehouse,
            "role": self.role,
            "schema": self.mart_schema,
            # One session for the whole invocation: the virtual warehouse wakes up once.
            "threads": 1,
            "reuse_connections": True,
        }
        return DbtTarget(output, signed, {"query_tag": _DBT_QUERY_TAG})

    def pinned(self) -> Self:
        """Returns the destination itself if the door permits every address of the name: the driver resolves
        it again, because Snowflake's certificates are for names. From a name that comes to mean another
        machine protects that this machine has no such certificate."""
        self.door.addresses(self.host, self.port)
        return self

    def place(self) -> str | None:
        """Returns the account's locator, which is its own within a region, and the database."""
        [(region, account, database)] = self._rows(_PLACE)
        return f"snowflake:{region}.{account}/{database or self.database}".lower() if account else None

    def exclusive(self) -> AbstractContextManager[None]:
        """Waits for nobody: Snowflake takes many at once."""
        return nullcontext()

    @property
    def _account(self) -> str:
        return without_domain(self.host)

    @property
    def _protocol(self) -> str:
        """A host on this machine is an emulator, and has no certificate."""
        return "http" if self.host in _LOOPBACK else "https"

    def _sign_in(self) -> None:
        with replace(self, database="", warehouse="")._connected({}):
            pass

    def _use(self) -> None:
        """Snowflake signs in to a database or warehouse that does not exist, and complains at first use."""
        with self._connected({}) as connection:
            for kind, name in (("database", self.database), ("warehouse", self.warehouse)):
                try:
                    connection.cursor().execute(f"use {kind} identifier(?)", (name,))
                except ProgrammingError as cause:
                    raise NotFound(
                        f"{self.host} has no {kind} {name} that {self.username} may use.",
                        next_step=f"Correct warehouse.{kind} in the settings, or grant its use to the role.",
                    ) from cause

    def _rows(self, statement: sa.SelectBase) -> list[tuple[Any, ...]]:
        sql, values = statements.positional(statement, _DIALECT)
        with self._connected({}) as connection:
            cursor = connection.cursor()
            cursor.execute(sql, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def _stream(
        self, sql: str, values: Sequence[Any] | None, tag: Mapping[str, str]
    ) -> Iterator[pa.RecordBatch]:
        with self._connected(tag) as connection:
            cursor = connection.cursor()
            cursor.execute(sql, values)
            yield from plain_batches(cursor.fetch_arrow_batches(force_microsecond_precision=True))

    @contextmanager
    def _connected(self, tag: Mapping[str, str]) -> "Iterator[SnowflakeConnection]":
        from dagster_snowflake import SnowflakeResource

        self.pinned()
        resource = SnowflakeResource(
            account=self._account,
            user=self.username,
            password=self.password,
            private_key_path=self.private_key_path,
            database=self.database or None,
            warehouse=self.warehouse or None,
            role=self.role,
            login_timeout=CONNECT_SECONDS,
            paramstyle="qmark",
            additional_snowflake_connection_args={
                "host": self.host,
                "port": self.port,
                "protocol": self._protocol,
                "session_parameters": {"QUERY_TAG": json.dumps(tag), "TIMEZONE": "UTC"},
            },
        )
        try:
            with resource.get_connection() as connection:
                yield connection
        except ProgrammingError as cause:
            if cause.errno == _NO_SUCH_OBJECT:
                raise NotFound(
                    f"{self.host} says: {_message(cause)}.",
                    next_step="Compute the KPIs of a customer first.",
                ) from cause
            raise self._unavailable(cause) from unless_it_tells(cause, *self._secrets)
        except Error as cause:
            raise self._unavailable(cause) from unless_it_tells(cause, *self._secrets)
        except (OSError, ValueError, TypeError) as cause:
            # The key cannot be read; what the library says may hold its path.
            raise self._unavailable(None) from unless_it_tells(cause, *self._secrets)

    @property
    def _secrets(self) -> tuple[str | None, str | None]:
        return self.password, self.private_key_path

    def _unavailable(self, cause: Error | None) -> DestinationUnavailable:
        said = _message(cause) if cause else "its key cannot be used"
        return DestinationUnavailable(
            f"{self.name} refuses: {hidden(said, *self._secrets)}",
            next_step="Check account, user, key or password, role and rights.",
        )


def _host(given: str) -> str:
    """A whole host name as it is; an account (`xy12345.eu-central-1`) as the host that Snowflake gives it."""
    name = given.lower().rstrip(".")
    whole = name.endswith(SNOWFLAKE_DOMAINS) or name in _LOOPBACK
    return name if whole else f"{name}{SNOWFLAKE_DOMAINS[0]}"


def _credentials(secrets: CustomerSecrets, warehouse: WarehouseSettings) -> dict[str, Any]:
    found = secrets.credential(warehouse)
    if found is not None and found.path:
        return {"private_key_path": str(found.file())}
    return {"password": secrets.password(warehouse)}


def _message(cause: Error) -> str:
    return " ".join(str(cause.raw_msg or cause).split())
