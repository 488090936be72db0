"""What a sync reads from its source, made ready to land."""

from datetime import datetime

import pyarrow as pa

from kpi_platform.local.landing import SYNCED, LandedTable, with_history
from kpi_platform.local.naming import name_in_destination
from kpi_platform.local.samples.source import Changes, Source, Window
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
        recreate = state.cursor is not None and state.sync_mode != state.landed_mode
        anew = recreate or (sync.historical_tables is not None and table in sync.historical_tables)
        changes = source.changes(table, Window.between(None if anew else state.cursor, until))
        history = state.sync_mode == "HISTORY"
        rows = _landed_rows(connection, state, changes, synced_at)
        read.append(
            LandedTable(
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
    return read


def _landed_rows(
    connection: Connection, state: TableState, changes: Changes, synced_at: datetime
) -> pa.Table:
    """The rows under the names that they land with, without the columns that are switched off."""
    rows = changes.rows.select([name for name in changes.rows.column_names if name not in state.columns_off])
    rows = rows.rename_columns([name_in_destination(name, connection.naming) for name in rows.column_names])
    stamp = pa.repeat(pa.scalar(synced_at, pa.timestamp("us", tz="UTC")), len(rows))
    return rows.append_column(SYNCED, stamp)
