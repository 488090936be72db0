"""Landing in BigQuery: rows are loaded as Parquet, and merged from there by set."""

# Identifiers and types cannot be bound; all of them go through the quoting below.

import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa
from google.api_core.exceptions import GoogleAPICallError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from pyarrow import parquet

from kpi_platform.adapters.destination.bigquery_client import open_client
from kpi_platform.adapters.door import BIGQUERY_HOST
from kpi_platform.adapters.secrets import resolved
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import DestinationUnavailable
from kpi_platform.local.landing import ACTIVE, DELETED, END, SYNCED, LandingTable, without_null_types


class BigQueryLander:
    """`config`: project; `key_file_env`, the variable that holds the path of the service account's key file,
    or `host` and `port` of an emulator. Each table is written alone: a load job is part of no transaction."""

    def __init__(self, configuration: Configuration, config: Mapping[str, Any]) -> None:
        self._project = str(config.get("project"))
        secret = config.get("key_file_env")
        emulator = f"http://{config.get('host')}:{config.get('port')}"
        self._client = open_client(
            self._project,
            f"https://{BIGQUERY_HOST}" if secret else emulator,
            resolved(configuration, secret) if secret else None,
        )

    def land(self, schema: str, tables: Sequence[LandingTable]) -> None:
        try:
            self._client.create_dataset(schema, exists_ok=True)
            for table in tables:
                self._land(schema, table)
        except (GoogleAPICallError, GoogleAuthError) as cause:
            raise DestinationUnavailable(
                f"The BigQuery destination {self._project} does not take the rows: {cause}",
                next_step="Check the destination's project, its key file and the rights of its account.",
            ) from cause

    def _land(self, schema: str, table: LandingTable) -> None:
        rows = without_null_types(table.rows)
        if table.replaces:
            self._load(schema, table.name, rows)
            return
        incoming, vanished = f"kpi_incoming_{table.name}", f"kpi_vanished_{table.name}"
        self._load(schema, incoming, rows)
        self._load(schema, vanished, pa.table({"vanished_key": pa.array(table.deleted, pa.string())}))
        target = _quote(schema, table.name)
        self._complete(target, rows, table)
        arguments = (target, _quote(schema, incoming), _quote(schema, vanished), table)
        if table.history:
            self._end_versions(*arguments)
            names = ", ".join(map(_quote, rows.column_names))
            self._run(f"insert into {target} ({names}) select {names} from {_quote(schema, incoming)}")
        else:
            self._replace(*arguments, rows.column_names)
        for name in (incoming, vanished):
            self._client.delete_table(f"{self._project}.{schema}.{name}")

    def _complete(self, target: str, rows: pa.Table, table: LandingTable) -> None:
        columns = {column.name: _type(column.type) for column in rows.schema}
        listed = ", ".join(f"{_quote(name)} {kind}" for name, kind in columns.items())
        self._run(f"create table if not exists {target} ({listed})")
        if table.deleted and not table.history:
            columns[DELETED] = "BOOL"
        there = {column.name for column in self._client.get_table(target.replace("`", "")).schema}
        for name, kind in columns.items():
            if name not in there:
                self._run(f"alter table {target} add column {_quote(name)} {kind}")

    def _replace(
        self, target: str, incoming: str, vanished: str, table: LandingTable, landed: Sequence[str]
    ) -> None:
        key = _quote(str(table.key))
        there = [column.name for column in self._client.get_table(target.replace("`", "")).schema]
        changes = ", ".join(
            f"{_quote(name)} = {f'incoming.{_quote(name)}' if name in landed else 'null'}" for name in there
        )
        names = ", ".join(map(_quote, landed))
        self._run(
            f"merge into {target} as target using {incoming} as incoming on target.{key} = incoming.{key}"
            f" when matched then update set {changes}"
            f" when not matched then insert ({names}) values ({names})"
        )
        if table.deleted:
            self._run(
                f"merge into {target} as target using {vanished} as vanished"
                f" on target.{key} = vanished.vanished_key"
                f" when matched then update set {_quote(DELETED)} = true, {_quote(SYNCED)} = ?",
                table.synced_at,
            )

    def _end_versions(self, target: str, incoming: str, vanished: str, table: LandingTable) -> None:
        key = _quote(str(table.key))
        ended = None if table.synced_at is None else table.synced_at - timedelta(milliseconds=1)
        self._run(
            f"merge into {target} as target using ("
            f"select {key} as changed_key from {incoming}"
            f" union distinct select vanished_key as changed_key from {vanished}"
            f") as changed on target.{key} = changed.changed_key and target.{_quote(ACTIVE)}"
            f" when matched then update set {_quote(ACTIVE)} = false, {_quote(END)} = ?",
            ended,
        )

    def _load(self, schema: str, name: str, rows: pa.Table) -> None:
        """Replaces the table by `rows`."""
        file = io.BytesIO()
        parquet.write_table(rows, file)
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            schema=[bigquery.SchemaField(column.name, _type(column.type)) for column in rows.schema],
        )
        destination = f"{self._project}.{schema}.{name}"
        self._client.load_table_from_file(file, destination, rewind=True, job_config=config).result()

    def _run(self, statement: str, moment: Any = None) -> None:
        parameters = [bigquery.ScalarQueryParameter(None, "TIMESTAMP", moment)] if "?" in statement else []
        self._client.query(statement, bigquery.QueryJobConfig(query_parameters=parameters)).result()


def _quote(*identifier: str) -> str:
    """BigQuery's names hold no backtick."""
    return ".".join(f"`{part.replace('`', '')}`" for part in identifier)


def _type(kind: pa.DataType) -> str:
    types = pa.types
    if types.is_boolean(kind):
        return "BOOL"
    if types.is_integer(kind):
        return "INT64"
    if types.is_floating(kind):
        return "FLOAT64"
    if types.is_decimal(kind):
        return "NUMERIC"
    if types.is_date(kind):
        return "DATE"
    if types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz else "DATETIME"
    return "STRING"
