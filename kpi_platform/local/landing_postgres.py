"""Landing in PostgreSQL: rows are copied into a temporary table, and written from there by set."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from pyarrow import csv

from kpi_platform.adapters.secrets import resolved
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import DestinationUnavailable
from kpi_platform.local.landing import ACTIVE, DELETED, END, SYNCED, LandingTable, without_null_types


class PostgresLander:
    """`config`: host, port, database, user, and `password_env`: the variable that holds the password."""

    def __init__(self, configuration: Configuration, config: Mapping[str, Any]) -> None:
        self._where = f"{config.get('host')}:{config.get('port', 5432)}/{config.get('database')}"
        secret = config.get("password_env")
        self._options = {
            "host": config.get("host"),
            "port": config.get("port", 5432),
            "dbname": config.get("database"),
            "user": config.get("user"),
            "password": resolved(configuration, secret).text() if secret else None,
        }

    def land(self, schema: str, tables: Sequence[LandingTable]) -> None:
        try:
            with psycopg.connect(**self._options, connect_timeout=10) as connection:
                # Two syncs may both find that the schema is not there yet.
                connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"landing in {schema}"])
                connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
                for table in tables:
                    _land(connection, sql.Identifier(schema, table.name), table)
        except psycopg.OperationalError as cause:
            raise DestinationUnavailable(
                f"The PostgreSQL destination {self._where} does not take the rows: {cause}",
                next_step="Check that the server runs, and the destination's host, port, database and user.",
            ) from cause


def _land(connection: psycopg.Connection[Any], target: sql.Identifier, table: LandingTable) -> None:
    rows = without_null_types(table.rows)
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column_type(column.type)))
        for column in rows.schema
    ]
    names = sql.SQL(", ").join(sql.Identifier(name) for name in rows.column_names)
    run = connection.execute
    if table.replaces:
        run(sql.SQL("drop table if exists {} cascade").format(target))
    run(sql.SQL("create table if not exists {} ({})").format(target, sql.SQL(", ").join(columns)))
    run(sql.SQL("create temporary table incoming ({}) on commit drop").format(sql.SQL(", ").join(columns)))
    copy = sql.SQL("copy incoming ({}) from stdin (format csv)").format(names)
    with connection.cursor() as cursor, cursor.copy(copy) as stream:
        stream.write(_csv(rows))
    if table.key is not None:
        for column in columns:
            run(sql.SQL("alter table {} add column if not exists {}").format(target, column))
        key = sql.Identifier(table.key)
        if table.history:
            _end_versions(connection, target, key, table)
        else:
            run(sql.SQL("delete from {} where {} in (select {} from incoming)").format(target, key, key))
            _mark_deleted(connection, target, key, table)
    run(sql.SQL("insert into {} ({}) select {} from incoming").format(target, names, names))
    run("drop table incoming")


def _end_versions(
    connection: psycopg.Connection[Any], target: sql.Identifier, key: sql.Identifier, table: LandingTable
) -> None:
    active, end = sql.Identifier(ACTIVE), sql.Identifier(END)
    connection.execute(
        sql.SQL(
            "update {} set {} = false, {} = %s - interval '1 millisecond'"
            " where {} and ({} in (select {} from incoming) or {} = any(%s))"
        ).format(target, active, end, active, key, key, key),
        [table.synced_at, list(table.deleted)],
    )


def _mark_deleted(
    connection: psycopg.Connection[Any], target: sql.Identifier, key: sql.Identifier, table: LandingTable
) -> None:
    if not table.deleted:
        return
    deleted, synced = sql.Identifier(DELETED), sql.Identifier(SYNCED)
    connection.execute(
        sql.SQL("alter table {} add column if not exists {} boolean default false").format(target, deleted)
    )
    connection.execute(
        sql.SQL("update {} set {} = true, {} = %s where {} = any(%s)").format(target, deleted, synced, key),
        [table.synced_at, list(table.deleted)],
    )


def _csv(rows: pa.Table) -> pa.Buffer:
    """Values are quoted and nulls are not, which is how COPY tells an empty text from none."""
    sink = pa.BufferOutputStream()
    csv.write_csv(rows, sink, csv.WriteOptions(include_header=False, quoting_style="all_valid"))
    return sink.getvalue()


def column_type(kind: pa.DataType, text: str = "text") -> str:
    """Returns the type of a landed column; `text` is that of whatever has no other."""
    types = pa.types
    if types.is_boolean(kind):
        return "boolean"
    if types.is_integer(kind):
        return "bigint"
    if types.is_floating(kind):
        return "double precision"
    if types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    if types.is_date(kind):
        return "date"
    if types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    return text
