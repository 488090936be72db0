"""What a sync reads from its source, made ready to land."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from kpi_platform.local.landing import SYNCED, LandedTable, with_history
from kpi_platform.local.naming import name_in_destination
from kpi_platform.local.samples.source import Source, Window
from kpi_platform.local.state import Connection, Sync, TableState


def update_schema(connection: Connection, source: Source) -> None:
    """Gives the connection its schema configuration, or adds the tables that are new at the source."""
    known = connection.tables or {}
    new = TableState(enabled=connection.schema_change_handling != "BLOCK_ALL")
    connection.tables = {name: known.get(name) or new.model_copy() for name in source.tables}


def read_changes(
    connection: Connection, source: Source, sync: Sync, *, until: datetime, synced_at: datetime
) -> list[LandedTable]:
    """What was written to the enabled tables since their cursors. Moves the cursors on; counts the rows."""
    update_schema(connection, source)
    read = []
    for table, state in (connection.tables or {}).items():
        if not state.enabled:
            continue
        remade = state.cursor is not None and state.sync_mode != state.landed_mode
        anew = remade or (sync.historical_tables is not None and table in sync.historical_tables)
        since = None if anew else state.cursor
        landed = _read(connection, source, table, since, until, synced_at, recreate=remade)
        read.append(landed)
        sync.rows[table] = len(landed.rows) + len(landed.deleted)
        state.cursor, state.landed_mode = until, state.sync_mode
    return read


def _read(
    connection: Connection,
    source: Source,
    table: str,
    since: datetime | None,
    until: datetime,
    synced_at: datetime,
    *,
    recreate: bool,
) -> LandedTable:
    """One table under the names that it lands with, without what is switched off or was deleted by a test."""
    changes = source.changes(table, Window.between(since, until))
    state, key = (connection.tables or {})[table], source.tables[table]
    gone = connection.deleted.get(table, {})
    now_gone = [row for row, at in gone.items() if since is not None and since <= at < until]
    if "IsDeleted" in changes.rows.column_names:
        rows, vanished = _in_recycle_bin(source, table, changes.rows, list(gone), now_gone, until), []
    else:
        rows, vanished = _without(changes.rows, key, list(gone)), now_gone
    rows = rows.select([name for name in rows.column_names if name not in state.columns_off])
    rows = rows.rename_columns([name_in_destination(name, connection.naming) for name in rows.column_names])
    stamp = pa.repeat(pa.scalar(synced_at, pa.timestamp("us", tz="UTC")), len(rows))
    rows = rows.append_column(SYNCED, stamp)
    history = state.sync_mode == "HISTORY"
    return LandedTable(
        name=name_in_destination(table, connection.naming),
        rows=with_history(rows) if history else rows,
        key=name_in_destination(key, connection.naming),
        deleted=[*changes.deleted, *vanished],
        synced_at=synced_at,
        history=history,
        recreate=recreate,
    )


def _in_recycle_bin(
    source: Source, table: str, rows: pa.Table, gone: list[str], now_gone: list[str], until: datetime
) -> pa.Table:
    """Salesforce keeps deleted rows and says so of them: when it happens, and whenever they come up again."""
    if not gone:
        return rows
    key = source.tables[table]
    again = set(now_gone) | (set(gone) & set(rows[key].to_pylist()))
    whole = source.changes(table, Window.between(None, until)).rows
    marked = whole.filter(pc.is_in(whole[key], pa.array(sorted(again), pa.string())))
    position = marked.column_names.index("IsDeleted")
    marked = marked.set_column(position, "IsDeleted", pa.repeat(pa.scalar(True), len(marked)))
    return pa.concat_tables([_without(rows, key, gone), marked])


def _without(rows: pa.Table, key: str, keys: list[str]) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows[key], pa.array(keys, pa.string())))) if keys else rows
