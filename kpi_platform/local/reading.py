"""Reads the changes of a source for a sync, and makes them ready to land."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha512
from typing import Any

import pyarrow as pa

from kpi_platform.local.landing import SYNCED, LandingTable, with_history
from kpi_platform.local.naming import name_in_destination
from kpi_platform.local.samples.source import Source, SourceChanges, Window
from kpi_platform.local.state import StoredConnection, Sync, TableState


def update_schema(connection: StoredConnection, source: Source) -> None:
    """Gives the connection its schema configuration, or adds the tables that are new at the source; those are
    synced if new tables are to be."""
    known = connection.tables
    enabled = known is None or connection.schema_change_handling == "ALLOW_ALL"
    connection.tables = {
        name: (known or {}).get(name) or TableState(enabled=enabled) for name in source.tables
    }
    if connection.wanted_schema is not None:
        _apply_wanted(connection, source, connection.wanted_schema)
        connection.wanted_schema = None


def _apply_wanted(connection: StoredConnection, source: Source, wanted: Mapping[str, Any]) -> None:
    """Applies the changes that were asked for before the schema was known; tables that are not there are
    ignored."""
    for schema in wanted["schemas"].values():
        connection.schema_enabled = schema.get("enabled", connection.schema_enabled)
        for table, state in (connection.tables or {}).items():
            asked = schema.get("tables", {}).get(name_in_destination(table, connection.naming), {})
            state.enabled = asked.get("enabled", state.enabled)
            state.sync_mode = asked.get("sync_mode", state.sync_mode)
            if columns := asked.get("columns"):
                names = source.changes(table, Window(0, 0)).rows.column_names
                known = {name_in_destination(name, connection.naming): name for name in names}
                found = {known[name]: column for name, column in columns.items() if name in known}
                key = source.tables[table]
                state.columns_off = sorted(
                    n for n, c in found.items() if c.get("enabled") is False and n != key
                )
                state.columns_hashed = sorted(n for n, c in found.items() if c.get("hashed") and n != key)


def read_changes(
    connection: StoredConnection, source: Source, sync: Sync, *, until: datetime, synced_at: datetime
) -> list[LandingTable]:
    """Returns what was written to the enabled tables since their cursors, moves the cursors on, and counts
    the rows."""
    update_schema(connection, source)
    read: list[LandingTable] = []
    if not connection.schema_enabled:
        return read
    for table, state in (connection.tables or {}).items():
        if not state.enabled:
            continue
        landed_otherwise = state.sync_mode != state.landed_mode or state.columns_hashed != state.landed_hashed
        recreate = state.cursor is not None and (landed_otherwise or bool(state.columns_dropped))
        anew = recreate or (sync.historical_tables is not None and table in sync.historical_tables)
        changes = source.changes(table, Window.between(None if anew else state.cursor, until))
        history = state.sync_mode == "HISTORY"
        rows = _landed_rows(connection, state, changes, synced_at)
        read.append(
            LandingTable(
                name=name_in_destination(table, connection.naming),
                rows=with_history(rows) if history else rows,
                key=name_in_destination(source.tables[table], connection.naming),
                deleted=changes.deleted,
                synced_at=synced_at,
                history=history,
                recreate=recreate,
            )
        )
        sync.rows[table] = len(rows) + len(changes.deleted)
        state.cursor, state.landed_mode = until, state.sync_mode
        state.landed_hashed = state.columns_hashed
    return read


def _landed_rows(
    connection: StoredConnection, state: TableState, changes: SourceChanges, synced_at: datetime
) -> pa.Table:
    """The rows under the names that they land with, without the columns that are switched off."""
    rows = changes.rows.select([name for name in changes.rows.column_names if name not in state.columns_off])
    for name in state.columns_hashed:
        if name in rows.column_names:
            rows = rows.set_column(rows.column_names.index(name), name, _hashed(rows[name]))
    rows = rows.rename_columns([name_in_destination(name, connection.naming) for name in rows.column_names])
    stamp = pa.repeat(pa.scalar(synced_at, pa.timestamp("us", tz="UTC")), len(rows))
    return rows.append_column(SYNCED, stamp)


def _hashed(column: pa.ChunkedArray) -> pa.Array:
    """SHA-512 in base 64, as text; null stays null."""
    values = column.cast(pa.string()).to_pylist()
    digests = [None if v is None else b64encode(sha512(v.encode()).digest()).decode() for v in values]
    return pa.array(digests, pa.string())
