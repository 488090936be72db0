"""The schema configuration of a connection: finding, changing and showing its one schema, tables and columns.

Names are those of the configuration, in their exact case.
"""

from typing import Any

from pydantic import Field

from kpi_platform.local.account import LocalFivetran
from kpi_platform.local.naming import name_in_destination
from kpi_platform.local.responses import Answer, ApiError, FivetranBody
from kpi_platform.local.samples.source import Window, instant
from kpi_platform.local.sources import SERVICES
from kpi_platform.local.state import ChangeHandling, StoredConnection, SyncMode, TableState


class ColumnChange(FivetranBody):
    enabled: bool | None = None
    hashed: bool | None = None


class TableChange(FivetranBody):
    enabled: bool | None = None
    sync_mode: SyncMode | None = None
    columns: dict[str, ColumnChange] = Field(default_factory=dict)


class SchemaChange(FivetranBody):
    enabled: bool | None = None
    tables: dict[str, TableChange] = Field(default_factory=dict)


class ConfigurationChange(FivetranBody):
    schema_change_handling: ChangeHandling | None = None
    schemas: dict[str, SchemaChange] = Field(default_factory=dict)


def configured(fivetran: LocalFivetran, connection_id: str) -> StoredConnection:
    """Returns a connection whose schema is known."""
    connection = fivetran.connection(connection_id)
    if connection.tables is None:
        message = f"Connection with id '{connection_id}' doesn't have schema config"
        raise ApiError(404, "NotFound_SchemaConfig", message)
    return connection


def check_connected(connection: StoredConnection) -> None:
    """Raises a 400 if the source cannot be asked."""
    if connection.setup_state != "connected":
        message = (
            "We expected the connector's setup state ('status.setup_state') to be 'connected',"
            f" but it was '{connection.setup_state}'."
        )
        raise ApiError(400, "InvalidInput", message)


def schema_name(connection: StoredConnection) -> str:
    """Fivetran calls the one schema of some services by a fixed name, whatever it lands in."""
    return SERVICES[connection.service].schema or connection.schema_name


def the_schema(connection: StoredConnection, name: str) -> None:
    if name != schema_name(connection):
        raise ApiError(404, "NotFound", f"Schema '{name}' doesn't exist.")


def the_table(connection: StoredConnection, name: str) -> tuple[str, TableState]:
    """Returns the table's name at the source, and its state."""
    for table, state in (connection.tables or {}).items():
        if name == name_in_destination(table, connection.naming):
            return table, state
    raise ApiError(404, "NotFound", f"Table '{name}' doesn't exist.")


def columns_of(fivetran: LocalFivetran, connection: StoredConnection, table: str) -> dict[str, str]:
    """Returns the columns of a source table, by the name they land with."""
    until = instant(fivetran.syncs.source_time())
    changes = fivetran.syncs.source(connection).changes(table, Window(until, until))
    return {name_in_destination(column, connection.naming): column for column in changes.rows.column_names}


def change_configuration(
    fivetran: LocalFivetran, connection: StoredConnection, change: ConfigurationChange
) -> None:
    """Raises an ApiError if any part is unknown or locked. The caller saves the connection."""
    says = [schema.enabled is not None or bool(schema.tables) for schema in change.schemas.values()]
    if not all(says) or not (says or change.schema_change_handling):
        raise ApiError(400, "InvalidInput", "The request names nothing to change.")
    if change.schema_change_handling is not None:
        connection.schema_change_handling = change.schema_change_handling
    for name, schema in change.schemas.items():
        the_schema(connection, name)
        if schema.enabled is not None:
            connection.schema_enabled = schema.enabled
        for table_name, table in schema.tables.items():
            _change_table(fivetran, connection, table_name, table)


def _change_table(
    fivetran: LocalFivetran, connection: StoredConnection, name: str, change: TableChange
) -> None:
    table, state = the_table(connection, name)
    if change.enabled is None and change.sync_mode is None and not change.columns:
        raise ApiError(400, "InvalidInput", f"The request names nothing to change of table '{name}'.")
    if name in connection.ignored_tables:
        return
    if change.enabled is not None and change.enabled != state.enabled:
        if reason := connection.locked_tables.get(name):
            raise ApiError(400, "InvalidInput", f"Table '{name}' can't be switched: {reason}.")
        state.enabled = change.enabled
    if change.sync_mode is not None:
        state.sync_mode = change.sync_mode
    if change.columns:
        known = columns_of(fivetran, connection, table)
        key = fivetran.syncs.source(connection).tables[table]
        for column_name, column in change.columns.items():
            if column_name not in known:
                raise ApiError(404, "NotFound", f"Column '{column_name}' of table '{name}' doesn't exist.")
            _change_column(state, known[column_name], column, is_key=known[column_name] == key)


def _change_column(state: TableState, column: str, change: ColumnChange, *, is_key: bool) -> None:
    if not change.given():
        raise ApiError(400, "InvalidInput", f"The request names nothing to change of column '{column}'.")
    if is_key and (change.enabled is False or change.hashed):
        message = f"Column '{column}' is the primary key; it is always synced as it is."
        raise ApiError(400, "InvalidInput", message)
    if change.enabled is not None:
        state.columns_off = _with(state.columns_off, column, not change.enabled)
        state.columns_dropped = [name for name in state.columns_dropped if name in state.columns_off]
    if change.hashed is not None:
        state.columns_hashed = _with(state.columns_hashed, column, change.hashed)


def _with(columns: list[str], column: str, there: bool) -> list[str]:
    return sorted({*columns, column} if there else {*columns} - {column})


def shown_configuration(connection: StoredConnection) -> Answer:
    """Returns the configuration as the API shows it: every table, and those of its columns that somebody has
    changed."""
    tables = {
        name_in_destination(table, connection.naming): _shown_table(connection, table, state)
        for table, state in (connection.tables or {}).items()
    }
    return {
        "schema_change_handling": connection.schema_change_handling,
        "enable_new_by_default": connection.schema_change_handling == "ALLOW_ALL",
        "schemas": {
            schema_name(connection): {
                "name_in_destination": connection.schema_name,
                "enabled": connection.schema_enabled,
                "tables": tables,
            }
        },
    }


def shown_column(
    connection: StoredConnection, state: TableState, column: str, key: str | None = None
) -> Answer:
    settings: dict[str, Any] = {"allowed": column != key}
    if column == key:
        settings["reason_code"] = "SYSTEM_COLUMN"
    return {
        "name_in_destination": name_in_destination(column, connection.naming),
        "enabled": column not in state.columns_off,
        "hashed": column in state.columns_hashed,
        "is_primary_key": column == key,
        "enabled_patch_settings": settings,
    }


def _shown_table(connection: StoredConnection, table: str, state: TableState) -> Answer:
    name = name_in_destination(table, connection.naming)
    lock = connection.locked_tables.get(name)
    settings: dict[str, Any] = {"allowed": lock is None}
    if lock is not None:
        settings["reason_code"] = lock
    if lock == "OTHER":
        settings["reason"] = "The table is excluded by the system."
    changed = sorted({*state.columns_off, *state.columns_hashed})
    return {
        "name_in_destination": name,
        "enabled": state.enabled,
        "sync_mode": state.sync_mode,
        "supports_columns_config": True,
        "supports_history_mode": True,
        "enabled_patch_settings": settings,
        "columns": {
            name_in_destination(column, connection.naming): shown_column(connection, state, column)
            for column in changed
        },
    }
