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
from kpi_platform.local.landing import ACTIVE, DELETED, END, SYNCED, LandingTable, without_null_types


@dataclass(frozen=True, slots=True)
class DuckDbLander:
    path: Path

    def land(self, schema: str, tables: Sequence[LandingTable]) -> None:
        with duckdb_file.connect(self.path) as connection:
            connection.begin()
            connection.execute(f"create schema if not exists {_quote(schema)}")
            for table in tables:
                _land(connection, _quote(schema, table.name), table)
            connection.commit()


def _quote(*identifier: str) -> str:
    """DuckDB quotes identifiers as PostgreSQL does."""
    return sql.Identifier(*identifier).as_string()


def _land(connection: duckdb.DuckDBPyConnection, target: str, table: LandingTable) -> None:
    connection.register("incoming", without_null_types(table.rows))
    connection.register("vanished", pa.table({"key": pa.array(table.deleted, pa.string())}))
    if table.replaces:
        connection.execute(f"drop table if exists {target}")
    connection.execute(f"create table if not exists {target} as select * from incoming limit 0")
    if table.key is not None:
        for name, kind, *_ in connection.execute("describe incoming").fetchall():
            connection.execute(f"alter table {target} add column if not exists {_quote(name)} {kind}")
        key = _quote(table.key)
        if table.history:
            changed = f"select {key} from incoming union all select key from vanished"
            connection.execute(
                f"update {target} set {_quote(ACTIVE)} = false, {_quote(END)} = $at - interval 1 millisecond"
                f" where {_quote(ACTIVE)} and {key} in ({changed})",
                {"at": table.synced_at},
            )
        else:
            connection.execute(f"delete from {target} where {key} in (select {key} from incoming)")
            _mark_deleted(connection, target, key, table)
    connection.execute(f"insert into {target} by name select * from incoming")
    connection.unregister("incoming")
    connection.unregister("vanished")


def _mark_deleted(connection: duckdb.DuckDBPyConnection, target: str, key: str, table: LandingTable) -> None:
    if not table.deleted:
        return
    connection.execute(
        f"alter table {target} add column if not exists {_quote(DELETED)} boolean default false"
    )
    connection.execute(
        f"update {target} set {_quote(DELETED)} = true, {_quote(SYNCED)} = $at"
        f" where {key} in (select key from vanished)",
        {"at": table.synced_at},
    )
