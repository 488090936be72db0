"""Landing in a DuckDB file: Arrow tables are registered and written by set, in one short connection."""

# Identifiers cannot be bound; all of them go through the quoting below.
# ruff: noqa: S608

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
from psycopg import sql

from kpi_platform.adapters import duckdb_file
from kpi_platform.local.landing import DELETED, SYNCED, LandedTable, without_null_types


def _quote(*identifier: str) -> str:
    """DuckDB quotes identifiers as PostgreSQL does."""
    return sql.Identifier(*identifier).as_string()


@dataclass(frozen=True, slots=True)
class DuckDbLander:
    path: Path

    def land(self, schema: str, tables: Sequence[LandedTable]) -> None:
        with duckdb_file.connect(self.path) as connection:
            connection.begin()
            connection.execute(f"create schema if not exists {_quote(schema)}")
            for table in tables:
                _land(connection, _quote(schema, table.name), table)
            connection.commit()


def _land(connection: duckdb.DuckDBPyConnection, target: str, table: LandedTable) -> None:
    connection.register("incoming", without_null_types(table.rows))
    if table.key is None:
        connection.execute(f"create or replace table {target} as select * from incoming")
    else:
        connection.execute(f"create table if not exists {target} as select * from incoming limit 0")
        for name, kind, *_ in connection.execute("describe incoming").fetchall():
            connection.execute(f"alter table {target} add column if not exists {_quote(name)} {kind}")
        key = _quote(table.key)
        connection.execute(f"delete from {target} where {key} in (select {key} from incoming)")
        connection.execute(f"insert into {target} by name select * from incoming")
        if table.deleted:
            _mark_deleted(connection, target, key, table)
    connection.unregister("incoming")


def _mark_deleted(connection: duckdb.DuckDBPyConnection, target: str, key: str, table: LandedTable) -> None:
    connection.execute(
        f"alter table {target} add column if not exists {_quote(DELETED)} boolean default false"
    )
    connection.register("vanished", pa.table({"key": pa.array(table.deleted, pa.string())}))
    connection.execute(
        f"update {target} set {_quote(DELETED)} = true, {_quote(SYNCED)} = $at"
        f" where {key} in (select key from vanished)",
        {"at": table.synced_at},
    )
    connection.unregister("vanished")
