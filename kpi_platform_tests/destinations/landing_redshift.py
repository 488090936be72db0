"""Landing in Amazon Redshift by multi-row inserts: its COPY reads from S3 alone, which a laptop has not.

Redshift folds names to lower case, quoted ones too, and they land so.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any, LiteralString

import pyarrow as pa
import redshift_connector
from psycopg import sql
from redshift_connector.cursor import Cursor
from redshift_connector.error import Error

from kpi_platform.adapters.secrets import resolved
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import DestinationUnavailable
from kpi_platform.local.landing import ACTIVE, DELETED, END, SYNCED, LandingTable, without_null_types
from kpi_platform.local.landing_postgres import column_type

_MAX_VALUES = 30_000
_TEXT = "varchar(65535)"
"""The protocol takes 32,767 values a statement."""


class RedshiftLander:
    """`config`: host, port, database, user, `password_env`: the variable that holds the password, and `ssl`:
    false on the loopback address."""

    def __init__(self, configuration: Configuration, config: Mapping[str, Any]) -> None:
        self._where = f"{config.get('host')}:{config.get('port', 5439)}/{config.get('database')}"
        secret = config.get("password_env")
        self._options = {
            "host": config.get("host"),
            "port": config.get("port", 5439),
            "database": config.get("database"),
            "user": config.get("user"),
            "password": resolved(configuration, secret).text() if secret else None,
            "ssl": config.get("ssl", True),
            "timeout": 10,
        }

    def land(self, schema: str, tables: Sequence[LandingTable]) -> None:
        try:
            with closing(redshift_connector.connect(**self._options)) as connection:
                with connection.cursor() as cursor:
                    cursor.execute(_sql("create schema if not exists {}", sql.Identifier(schema.lower())))
                    for table in tables:
                        _land(cursor, schema.lower(), table)
                connection.commit()
        except (Error, OSError) as cause:
            raise DestinationUnavailable(
                f"The Redshift destination {self._where} does not take the rows: {cause}",
                next_step="Check the destination's host, port, database, user and rights.",
            ) from cause


def _land(cursor: Cursor, schema: str, table: LandingTable) -> None:
    rows = without_null_types(table.rows)
    rows = rows.rename_columns([name.lower() for name in rows.column_names])
    target = sql.Identifier(schema, table.name.lower())
    incoming, vanished = sql.Identifier("incoming"), sql.Identifier("vanished")
    types = {column.name: sql.SQL(column_type(column.type, _TEXT)) for column in rows.schema}
    columns = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(n), t) for n, t in types.items())
    if table.replaces:
        cursor.execute(_sql("drop table if exists {} cascade", target))
    cursor.execute(_sql("create table if not exists {} ({})", target, columns))
    cursor.execute(_sql("create temporary table {} ({})", incoming, columns))
    _insert(cursor, incoming, rows, types)
    if table.key is not None:
        key = sql.Identifier(table.key.lower())
        cursor.execute(_sql("create temporary table {} (id varchar(65535))", vanished))
        gone = pa.table({"id": pa.array(table.deleted, pa.string())})
        _insert(cursor, vanished, gone, {"id": sql.SQL("varchar(65535)")})
        _add_columns(cursor, schema, table, target, types)
        if table.history:
            _end_versions(cursor, target, key, table)
        else:
            cursor.execute(_sql("delete from {} where {} in (select {} from incoming)", target, key, key))
            _mark_deleted(cursor, target, key, table)
        cursor.execute(_sql("drop table {}", vanished))
    names = sql.SQL(", ").join(map(sql.Identifier, types))
    cursor.execute(_sql("insert into {} ({}) select {} from {}", target, names, names, incoming))
    cursor.execute(_sql("drop table {}", incoming))


def _insert(cursor: Cursor, target: sql.Identifier, rows: pa.Table, types: Mapping[str, sql.SQL]) -> None:
    one = _sql("({})", sql.SQL(", ").join(_cast(kind) for kind in types.values()))
    for part in _parts(rows):
        values = [
            value
            for row in zip(*(column.to_pylist() for column in part.columns), strict=True)
            for value in row
        ]
        cursor.execute(f"{_sql('insert into {} values', target)} {', '.join([one] * len(part))}", values)


def _cast(kind: sql.SQL) -> sql.Composed:
    """A value with its type: a column of a batch that holds none would be text."""
    return sql.SQL("cast(%s as {})").format(kind)


def _parts(rows: pa.Table) -> Iterator[pa.Table]:
    size = max(_MAX_VALUES // max(rows.num_columns, 1), 1)
    for start in range(0, len(rows), size):
        yield rows.slice(start, size)


def _add_columns(
    cursor: Cursor, schema: str, table: LandingTable, target: sql.Identifier, types: Mapping[str, sql.SQL]
) -> None:
    """Adds a column if it is not there yet: Redshift says by an error alone that it is."""
    cursor.execute(
        "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
        [schema, table.name.lower()],
    )
    there = {name for (name,) in cursor.fetchall()}
    wanted = {**types, **({DELETED: sql.SQL("boolean default false")} if table.deleted else {})}
    for name, kind in wanted.items():
        if name not in there and not (table.history and name == DELETED):
            cursor.execute(_sql("alter table {} add column {} {}", target, sql.Identifier(name), kind))


def _end_versions(cursor: Cursor, target: sql.Identifier, key: sql.Identifier, table: LandingTable) -> None:
    if table.synced_at is None:
        return
    active, end = sql.Identifier(ACTIVE), sql.Identifier(END)
    cursor.execute(
        _sql(
            "update {} set {} = false, {} = %s"
            " where {} and {} in (select {} from incoming union all select id from vanished)",
            target, active, end, active, key, key,
        ),
        [table.synced_at - timedelta(milliseconds=1)],
    )  # fmt: skip


def _mark_deleted(cursor: Cursor, target: sql.Identifier, key: sql.Identifier, table: LandingTable) -> None:
    if not table.deleted:
        return
    deleted, synced = sql.Identifier(DELETED), sql.Identifier(SYNCED)
    cursor.execute(
        _sql(
            "update {} set {} = true, {} = %s where {} in (select id from vanished)",
            target, deleted, synced, key,
        ),
        [table.synced_at],
    )  # fmt: skip


def _sql(template: LiteralString, *parts: sql.Composable) -> str:
    return sql.SQL(template).format(*parts).as_string()
