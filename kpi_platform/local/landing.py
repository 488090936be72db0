"""Writing a source's rows into a destination, the way Fivetran does.

    lander = open_lander(configuration, "duckdb", {"path": "warehouse.duckdb"})
    lander.land("northwind_salesforce", [LandingTable("account", rows, key="id")])

All tables of one call are written in one transaction. How a table is written:

- with a `key`: rows are inserted or replaced by it, new columns are added, and `deleted` rows are marked; the
  column `_fivetran_deleted` appears with the first one;
- with a `key` and `history`: the active version of a row ends, and a new one begins;
- without a `key`: the table is replaced by exactly these rows, unmodified. So tests land the rows of a file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import InvalidInput

SYNCED = "_fivetran_synced"
DELETED = "_fivetran_deleted"
START, END, ACTIVE = "_fivetran_start", "_fivetran_end", "_fivetran_active"
_FOREVER = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LandingTable:
    """Rows under the names that they land with. `synced_at`: when the changes were noticed; needed for
    deletions and history. `recreate`: the table is created again."""

    name: str
    rows: pa.Table
    key: str | None = None
    deleted: Sequence[str] = ()
    synced_at: datetime | None = None
    history: bool = False
    recreate: bool = False

    @property
    def replaces(self) -> bool:
        """Whether nothing stays of a table that is there."""
        return self.key is None or self.recreate


class Lander(Protocol):
    """A destination that can be written to."""

    def land(self, schema: str, tables: Sequence[LandingTable]) -> None:
        """Writes all tables or none. Raises DestinationUnavailable."""
        ...


def open_lander(configuration: Configuration, service: str, config: Mapping[str, Any]) -> Lander:
    """Returns the lander of a destination: `duckdb` with `path`; `postgres` with `host`, `port`, `database`,
    `user` and `password_env`, the name of the environment variable that holds the password. Raises
    InvalidInput for another one: it needs the real Fivetran."""
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


def with_history(rows: pa.Table) -> pa.Table:
    """Returns the rows as versions that begin when they were synced, and are active until another one
    begins."""
    end = pa.repeat(pa.scalar(_FOREVER, pa.timestamp("us", tz="UTC")), len(rows))
    active = pa.repeat(pa.scalar(True), len(rows))
    return rows.append_column(START, rows[SYNCED]).append_column(END, end).append_column(ACTIVE, active)


def without_null_types(rows: pa.Table) -> pa.Table:
    """Makes columns without a single value, which have no type in Arrow, text."""
    for position, column in enumerate(rows.schema):
        if pa.types.is_null(column.type):
            rows = rows.set_column(position, column.name, rows.column(position).cast(pa.string()))
    return rows
