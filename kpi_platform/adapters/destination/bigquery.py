"""BigQuery as a destination, through Google's client, with results fetched in Arrow.

The catalogue is read from the API's metadata, which costs nothing; queries of INFORMATION_SCHEMA are billed.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

import pyarrow as pa
import sqlalchemy as sa
from google.api_core.exceptions import GoogleAPICallError
from google.api_core.exceptions import NotFound as NoSuchTable
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.cloud import bigquery
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import IdentifierPreparer

from kpi_platform.adapters.destination import statements
from kpi_platform.adapters.destination.arrow import BATCH_ROWS, plain_batches
from kpi_platform.adapters.destination.bigquery_client import key_info, limit_of, open_client
from kpi_platform.adapters.destination.protocol import Catalogue, ConnectionStep, DbtTarget
from kpi_platform.adapters.destination.sql_destination import SqlDestination
from kpi_platform.adapters.destination.steps import network_steps, require_schemas, run_steps
from kpi_platform.adapters.door import BIGQUERY_HOST, CONNECT_SECONDS, Door
from kpi_platform.adapters.secrets import CustomerSecrets, Secret, hidden, unless_it_tells
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import (
    DestinationUnavailable,
    InvalidSettings,
    NotFound,
)
from kpi_platform.domain.settings import WarehouseSettings

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LABEL_CHARACTERS = 63
_TYPES: Mapping[type, str] = {
    bool: "BOOL",
    int: "INT64",
    float: "FLOAT64",
    str: "STRING",
    Decimal: "NUMERIC",
    datetime: "DATETIME",
    date: "DATE",
}


class _Backticks(IdentifierPreparer):
    def __init__(self, dialect: sa.Dialect) -> None:
        super().__init__(dialect, initial_quote="`")


_DIALECT = DefaultDialect(paramstyle="qmark")
_DIALECT.identifier_preparer = _Backticks(_DIALECT)


@dataclass(frozen=True, slots=True)
class BigQueryDestination(SqlDestination):
    """`mart_schema` is a dataset. Signs in with the service account of `key`, or else with the
    application default credentials. A job that would be billed for more than `maximum_bytes_billed` is
    refused."""

    host: str
    port: int
    project: str
    mart_schema: str
    door: Door
    key: Secret | None = field(repr=False, default=None)
    maximum_bytes_billed: int | None = None

    @classmethod
    def from_settings(
        cls, configuration: Configuration, warehouse: WarehouseSettings, secrets: CustomerSecrets
    ) -> "BigQueryDestination":
        """Raises InvalidSettings without a project, MissingConfiguration if the named key file is not
        there or the limit of bytes is no number, and what CustomerSecrets.credential raises."""
        if not warehouse.project:
            raise InvalidSettings(
                "A BigQuery destination needs warehouse.project.",
                next_step="Set it in the settings, or in the environment as WAREHOUSE_PROJECT.",
                details={"errors": [{"field": "warehouse.project", "message": "is needed"}]},
            )
        host = warehouse.host or BIGQUERY_HOST
        return cls(
            host=host,
            door=Door.to(configuration, host),
            port=warehouse.port or 443,
            project=warehouse.project,
            mart_schema=warehouse.dataset or warehouse.schema_,
            key=None if warehouse.host in _LOOPBACK else _key(secrets, warehouse),
            maximum_bytes_billed=limit_of(configuration),
        )

    @property
    def name(self) -> str:
        account = f" as {self.key.name}" if self.key else ""
        return f"bigquery {self.project} ({self.mart_schema}){account}"

    def columns(self, schemas: Sequence[str]) -> Catalogue:
        if not schemas:
            return {}
        wanted = {schema.lower() for schema in schemas}
        with self._client() as client, ThreadPoolExecutor(8) as pool:
            datasets = [one for one in client.list_datasets() if one.dataset_id.lower() in wanted]
            listed = [table for dataset in datasets for table in client.list_tables(dataset)]
            return statements.nested(
                (table.dataset_id, table.table_id, column.name, column.field_type)
                for table in pool.map(client.get_table, listed)
                for column in table.schema
            )

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
        return self._stream(sql, values, {"customer": statements.named(customer)[:_LABEL_CHARACTERS]})

    def query(self, sql: str) -> Iterator[pa.RecordBatch]:
        return self._stream(sql, [], {})

    def test_connection(self, schemas: Sequence[str] = ()) -> Iterator[ConnectionStep]:
        return run_steps(
            [
                *network_steps(self.door, self.host, self.port),
                ("authenticate", self._sign_in),
                ("database", self._require_project),
                ("schema", lambda: require_schemas(self.columns(schemas), schemas)),
                ("can_read", lambda: self._read_each(schemas)),
            ]
        )

    def dbt_target(self) -> DbtTarget:
        output: dict[str, Any] = {
            "type": "bigquery",
            "project": self.project,
            "dataset": self.mart_schema,
            "threads": 4,
            "maximum_bytes_billed": self.maximum_bytes_billed,
        }
        if self._is_emulator:
            output |= {"method": "oauth-secrets", "token": "none", "api_endpoint": self._endpoint}
        elif self.key is None:
            output |= {"method": "oauth"}
        elif self.key.path:
            return DbtTarget(output | {"method": "service-account"}, {"keyfile": str(self.key.file())})
        else:
            return DbtTarget(
                output | {"method": "service-account-json"}, {"keyfile_json": key_info(self.key)}
            )
        return DbtTarget(output)

    def pinned(self) -> Self:
        """Returns the destination itself if the door permits every address of the name: the client resolves
        it again, because Google's certificates are for names."""
        self.door.addresses(self.host, self.port)
        return self

    def place(self) -> None:
        """Returns None: a project has one name, and each of its datasets one location."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Waits for nobody: BigQuery takes many at once."""
        return nullcontext()

    @property
    def _is_emulator(self) -> bool:
        """A host on this machine is an emulator, without certificate and without sign-in."""
        return self.host in _LOOPBACK

    @property
    def _endpoint(self) -> str:
        return f"{'http' if self._is_emulator else 'https'}://{self.host}:{self.port}"

    def _sign_in(self) -> None:
        with self._client() as client:
            if not self._is_emulator:
                client._credentials.refresh(Request())

    def _require_project(self) -> None:
        with self._client() as client:
            # None switches repetition off, which the parameter's type does not know.
            once: Any = None
            next(iter(client.list_datasets(max_results=1, retry=once, timeout=CONNECT_SECONDS)), None)

    def _rows(self, statement: sa.SelectBase) -> list[tuple[Any, ...]]:
        sql, values = statements.positional(statement, _DIALECT)
        with self._client() as client:
            return [row.values() for row in client.query(sql, job_config=self._job(values, {})).result()]

    def _stream(self, sql: str, values: Sequence[Any], labels: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        with self._client() as client:
            job = client.query(sql, job_config=self._job(values, labels))
            rows = job.result(page_size=BATCH_ROWS)
            yield from plain_batches(rows.to_arrow_iterable(bqstorage_client=self._storage(client)))

    def _storage(self, client: bigquery.Client) -> Any:
        """The Storage API's client, which streams results in Arrow; emulators have only pages of JSON."""
        if self._is_emulator:
            return None
        from google.cloud.bigquery_storage import BigQueryReadClient

        return BigQueryReadClient(credentials=client._credentials)  # type: ignore[no-untyped-call]

    def _job(self, values: Sequence[Any], labels: Mapping[str, str]) -> bigquery.QueryJobConfig:
        config = bigquery.QueryJobConfig(query_parameters=[_parameter(value) for value in values])
        config.labels = dict(labels)
        if self.maximum_bytes_billed is not None:
            config.maximum_bytes_billed = self.maximum_bytes_billed
        return config

    @contextmanager
    def _client(self) -> Iterator[bigquery.Client]:
        self.pinned()
        with (
            self._refusals(),
            closing(open_client(self.project, self._endpoint, self.key)) as client,
        ):
            yield client

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        secrets = (self.key.value,) if self.key else ()
        try:
            yield
        except NoSuchTable as cause:
            raise NotFound(
                f"{self.name} has no such table, dataset or project: {cause.message}",
                next_step="Compute the KPIs of a customer first, or correct warehouse.project.",
            ) from cause
        except (GoogleAPICallError, GoogleAuthError, ValueError) as cause:
            raise DestinationUnavailable(
                f"{self.name} refuses: {hidden(getattr(cause, 'message', None) or str(cause), *secrets)}",
                next_step="Check the service account's key file, and its rights in the project.",
            ) from unless_it_tells(cause, *secrets)


def _key(secrets: CustomerSecrets, warehouse: WarehouseSettings) -> Secret | None:
    key = secrets.credential(warehouse)
    if key is not None and key.path:
        key.file()
    return key


def _parameter(value: Any) -> bigquery.ScalarQueryParameter:
    return bigquery.ScalarQueryParameter(None, _TYPES[type(value)], value)
