"""Writing a source's rows into a destination, the way Fivetran does.

    lander = open_lander(configuration, "duckdb", {"path": "warehouse.duckdb"})
    lander.land("northwind_salesforce", [LandedTable("account", rows, key="id")])

All tables of one call are written in one transaction. With a `key`, rows are inserted or replaced by it, new
columns are added, and `deleted` rows are marked: the column `_fivetran_deleted` appears with the first one.
Without a `key`, the table is replaced by exactly these rows, unmodified: so tests land the rows of a file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import InvalidInput

DELETED = "_fivetran_deleted"
SYNCED = "_fivetran_synced"


@dataclass(frozen=True, slots=True)
class LandedTable:
    """Rows under the names that they land with. `synced_at` is when the deletions were noticed."""

    name: str
    rows: pa.Table
    key: str | None = None
    deleted: Sequence[str] = ()
    synced_at: datetime | None = None


class Lander(Protocol):
    """A destination that can be written to."""

    def land(self, schema: str, tables: Sequence[LandedTable]) -> None:
        """Writes all tables or none. Raises DestinationUnavailable."""
        ...


def open_lander(configuration: Configuration, service: str, config: Mapping[str, Any]) -> Lander:
    """The lander of a destination: `duckdb` with `path`; `postgres` with `host`, `port`, `database`, `user`
    and `password_env`, the name of the environment variable that holds the password."""
    if service == "duckdb":
        from kpi_platform.local.landing_duckdb import DuckDbLander

        return DuckDbLander(Path(config.get("path") or configuration.warehouse_file))
    if service in ("postgres", "postgres_warehouse"):
        from kpi_platform.local.landing_postgres import PostgresLander

        return PostgresLander(configuration, config)
    raise InvalidInput(
        f"The local Fivetran cannot land in a '{service}' destination.",
        next_step="Use a destination of the service duckdb or postgres.",
    )


def without_null_types(rows: pa.Table) -> pa.Table:
    """A column without a single value has no type in Arrow; it lands as text."""
    for position, column in enumerate(rows.schema):
        if pa.types.is_null(column.type):
            rows = rows.set_column(position, column.name, rows.column(position).cast(pa.string()))
    return rows
