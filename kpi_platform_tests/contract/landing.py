"""Raw tables with their column types, as Python rows for the reference and as schemas of a DuckDB file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from kpi_platform_tests.reference.tables import RawTable

ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "DECIMAL(18,4)": pa.decimal128(18, 4),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True)
class LandedTable:
    """A landed table: column name → DuckDB type, and rows that hold exactly those columns in those types."""

    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, object]]

    def raw(self) -> RawTable:
        return RawTable(tuple(self.columns), self.rows)


LandedSchema = Mapping[str, LandedTable]


def land(connection: duckdb.DuckDBPyConnection, schema: str, tables: LandedSchema) -> None:
    """Replaces the whole schema by `tables`."""
    connection.execute("begin")
    connection.execute(f"drop schema if exists {_quoted(schema)} cascade")
    connection.execute(f"create schema {_quoted(schema)}")
    for name, table in tables.items():
        target = f"{_quoted(schema)}.{_quoted(name)}"
        columns = ", ".join(f"{_quoted(column)} {kind}" for column, kind in table.columns.items())
        connection.execute(f"create table {target} ({columns})")
        arrow = pa.table(
            {
                column: pa.array([row[column] for row in table.rows], type=ARROW_TYPES[kind])
                for column, kind in table.columns.items()
            }
        )
        connection.register("landing", arrow)
        connection.execute(f"insert into {target} select * from landing")
        connection.unregister("landing")
    connection.execute("commit")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
