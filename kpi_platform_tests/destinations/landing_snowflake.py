"""Landing in Snowflake: rows are put as a Parquet file into a stage, and written from there by set.

Names land in capitals, as Fivetran's do: there `select id from account` needs no quotes.
"""

# Identifiers and types cannot be bound; all of them go through the quoting below.

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import snowflake.connector
from psycopg import sql
from pyarrow import parquet
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.connector.errors import Error

from kpi_platform.adapters.secrets import resolved
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import DestinationUnavailable
from kpi_platform.local.landing import ACTIVE, DELETED, END, SYNCED, LandingTable, without_null_types


class SnowflakeLander:
    """`config`: host, port, database, user, `warehouse` and `role` if there are any, and `password_env`:
    the variable that holds the password."""

    def __init__(self, configuration: Configuration, config: Mapping[str, Any]) -> None:
        host = str(config.get("host"))
        secret = config.get("password_env")
        self._database = str(config.get("database"))
        self._options = {
            "account": host.removesuffix(".snowflakecomputing.com"),
            "host": host,
            "port": config.get("port", 443),
            "protocol": "http" if host in ("127.0.0.1", "localhost") else "https",
            "user": config.get("user"),
            "password": resolved(configuration, secret).text() if secret else None,
            "warehouse": config.get("warehouse"),
            "role": config.get("role"),
            "database": self._database,
            "autocommit": False,
            "paramstyle": "qmark",
            "login_timeout": 10,
        }

    def land(self, schema: str, tables: Sequence[LandingTable]) -> None:
        try:
            with (
                TemporaryDirectory() as folder,
                closing(snowflake.connector.connect(**self._options)) as connection,
                connection.cursor() as cursor,
            ):
                _prepare(cursor, schema, tables, Path(folder))
                for table in tables:
                    _write(cursor, schema, table)
                connection.commit()
        except Error as cause:
            raise DestinationUnavailable(
                f"The Snowflake destination {self._options['host']}/{self._database} does not take the rows: "
                f"{cause}",
                next_step="Check the destination's account, database, user, role and rights.",
            ) from cause


def _prepare(cursor: SnowflakeCursor, schema: str, tables: Sequence[LandingTable], folder: Path) -> None:
    """All that Snowflake commits at once: the tables and columns that are missing, and a temporary table with
    the rows of each table, beside it."""
    stage = _name(schema, "kpi_landing")
    cursor.execute(f"create schema if not exists {_name(schema)}")
    cursor.execute(f"create or replace temporary stage {stage}")
    for position, table in enumerate(tables):
        rows = without_null_types(table.rows)
        columns = {column.name: f"{_name(column.name)} {_type(column.type)}" for column in rows.schema}
        incoming = _incoming(schema, table)
        cursor.execute(f"create or replace temporary table {incoming} ({', '.join(columns.values())})")
        place = f"{stage}/{folder.name}/{position}/"
        file = folder / f"{position}.parquet"
        parquet.write_table(rows.rename_columns([name.upper() for name in rows.column_names]), file)
        cursor.execute(f"put 'file://{file}' @{place} auto_compress = false")
        cursor.execute(
            f"copy into {incoming} from @{place}"
            " file_format = (type = parquet use_logical_type = true) match_by_column_name = case_insensitive"
        )
        if not table.replaces:
            _complete(cursor, _name(schema, table.name), columns, table)


def _complete(cursor: SnowflakeCursor, target: str, columns: Mapping[str, str], table: LandingTable) -> None:
    cursor.execute(f"create table if not exists {target} ({', '.join(columns.values())})")
    more = [f"{_name(DELETED)} boolean default false"] if table.deleted and not table.history else []
    for column in [*columns.values(), *more]:
        cursor.execute(f"alter table {target} add column if not exists {column}")


def _write(cursor: SnowflakeCursor, schema: str, table: LandingTable) -> None:
    target, incoming = _name(schema, table.name), _incoming(schema, table)
    if table.replaces:
        cursor.execute(f"create or replace table {target} as select * from {incoming}")
        return
    key = _name(str(table.key))
    changed = f"{key} in (select {key} from {incoming})"
    vanished = f"{key} in (select value::varchar from table(flatten(parse_json(?))))"
    if table.history:
        cursor.execute(
            f"update {target} set {_name(ACTIVE)} = false, {_name(END)} = dateadd(millisecond, -1, ?)"
            f" where {_name(ACTIVE)} and ({changed} or {vanished})",
            (table.synced_at, json.dumps(list(table.deleted))),
        )
    else:
        cursor.execute(f"delete from {target} where {changed}")
        if table.deleted:
            cursor.execute(
                f"update {target} set {_name(DELETED)} = true, {_name(SYNCED)} = ? where {vanished}",
                (table.synced_at, json.dumps(list(table.deleted))),
            )
    names = ", ".join(_name(name) for name in table.rows.column_names)
    cursor.execute(f"insert into {target} ({names}) select {names} from {incoming}")


def _incoming(schema: str, table: LandingTable) -> str:
    return _name(schema, f"kpi_incoming_{table.name}")


def _name(*identifier: str) -> str:
    """Snowflake quotes identifiers as PostgreSQL does."""
    return sql.Identifier(*(part.upper() for part in identifier)).as_string()


def _type(kind: pa.DataType) -> str:
    types = pa.types
    if types.is_boolean(kind):
        return "boolean"
    if types.is_integer(kind):
        return "number(38, 0)"
    if types.is_floating(kind):
        return "float"
    if types.is_decimal(kind):
        return f"number({kind.precision}, {kind.scale})"
    if types.is_date(kind):
        return "date"
    if types.is_timestamp(kind):
        return "timestamp_tz" if kind.tz else "timestamp_ntz"
    return "varchar"
