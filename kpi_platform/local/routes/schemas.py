"""The schema configuration of a connection: which tables and columns are synced, and syncing them anew."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from kpi_platform.local.account import Fivetran, LocalFivetran
from kpi_platform.local.naming import name_in_destination
from kpi_platform.local.reading import update_schema
from kpi_platform.local.responses import Answer, ApiError, success
from kpi_platform.local.routes.connections import check_syncable
from kpi_platform.local.samples.source import Window, instant
from kpi_platform.local.state import ChangeHandling, Connection, SyncMode, TableState

router = APIRouter()


class ColumnChange(BaseModel):
    enabled: bool | None = None


class TableChange(BaseModel):
    enabled: bool | None = None
    sync_mode: SyncMode | None = None
    columns: dict[str, ColumnChange] = {}


class SchemaChange(BaseModel):
    enabled: bool | None = None
    tables: dict[str, TableChange] = {}


class ConfigurationChange(BaseModel):
    schema_change_handling: ChangeHandling | None = None
    schemas: dict[str, SchemaChange] = {}


@router.get("/{connection_id}/schemas")
def get_schemas(fivetran: Fivetran, connection_id: str) -> Answer:
    return success(_configuration(_configured(fivetran, connection_id)))


@router.post("/{connection_id}/schemas/reload")
def reload_schemas(fivetran: Fivetran, connection_id: str) -> Answer:
    """Asks the source for its tables, before the first sync or after it."""
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        update_schema(connection, fivetran.syncs.source(connection))
        fivetran.store.save(connection)
    return success(_configuration(connection))


@router.patch("/{connection_id}/schemas")
def change_schemas(fivetran: Fivetran, connection_id: str, body: ConfigurationChange) -> Answer:
    """Takes effect with the next sync. All or nothing: an unknown table changes none."""
    with fivetran.store.lock:
        connection = _configured(fivetran, connection_id)
        if body.schema_change_handling is not None:
            connection.schema_change_handling = body.schema_change_handling
        for schema in body.schemas.values():
            for name, change in schema.tables.items():
                _change_table(fivetran, connection, name, change)
            if schema.enabled is not None and not schema.tables:
                for state in (connection.tables or {}).values():
                    state.enabled = schema.enabled
        fivetran.store.save(connection)
    return success(_configuration(connection))


@router.patch("/{connection_id}/schemas/{schema}")
def change_schema(fivetran: Fivetran, connection_id: str, schema: str, body: SchemaChange) -> Answer:
    return change_schemas(fivetran, connection_id, ConfigurationChange(schemas={schema: body}))


@router.patch("/{connection_id}/schemas/{schema}/tables/{table}")
def change_table(
    fivetran: Fivetran, connection_id: str, schema: str, table: str, body: TableChange
) -> Answer:
    return change_schema(fivetran, connection_id, schema, SchemaChange(tables={table: body}))


@router.get("/{connection_id}/schemas/{schema}/tables/{table}/columns")
def get_columns(fivetran: Fivetran, connection_id: str, schema: str, table: str) -> Answer:  # noqa: ARG001
    connection = _configured(fivetran, connection_id)
    name, state = _table(connection, table)
    key = fivetran.syncs.source(connection).tables[name]
    columns = {
        name_in_destination(column, connection.naming): {
            "name_in_destination": name_in_destination(column, connection.naming),
            "enabled": column not in state.columns_off,
            "hashed": False,
            "is_primary_key": column == key,
            "enabled_patch_settings": {"allowed": column != key},
        }
        for column in _columns(fivetran, connection, name)
    }
    return success({"columns": columns})


@router.post("/{connection_id}/resync")
def resync(fivetran: Fivetran, connection_id: str, body: dict[str, Any] | None = None) -> Answer:
    """Reads every table anew, or those that `scope` names: `{schema: [table, …]}`."""
    scope = (body or {}).get("scope")
    if scope:
        return resync_tables(fivetran, connection_id, scope)
    connection = fivetran.connection(connection_id)
    check_syncable(connection)
    fivetran.syncs.start(connection_id, "resync", force=True, anew=list(connection.tables or {}))
    return success(message="Re-sync has been triggered successfully")


@router.post("/{connection_id}/schemas/tables/resync")
def resync_tables(fivetran: Fivetran, connection_id: str, body: dict[str, list[str]]) -> Answer:
    connection = _configured(fivetran, connection_id)
    check_syncable(connection)
    anew = [_table(connection, table)[0] for tables in body.values() for table in tables]
    fivetran.syncs.start(connection_id, "resync", force=True, anew=anew)
    return success(message="Re-sync has been triggered successfully")


def _configured(fivetran: LocalFivetran, connection_id: str) -> Connection:
    connection = fivetran.connection(connection_id)
    if connection.tables is None:
        message = f"Connection with id '{connection_id}' doesn't have schema config"
        raise ApiError(404, "NotFound_SchemaConfig", message)
    return connection


def _table(connection: Connection, name: str) -> tuple[str, TableState]:
    """A table by its name at the source or in the destination."""
    for table, state in (connection.tables or {}).items():
        if name.lower() in (table.lower(), name_in_destination(table, connection.naming).lower()):
            return table, state
    raise ApiError(404, "NotFound", f"Table '{name}' doesn't exist.")


def _change_table(fivetran: LocalFivetran, connection: Connection, name: str, change: TableChange) -> None:
    table, state = _table(connection, name)
    if change.enabled is not None:
        state.enabled = change.enabled
    if change.sync_mode is not None:
        state.sync_mode = change.sync_mode
    if not change.columns:
        return
    key = fivetran.syncs.source(connection).tables[table]
    columns = {
        name_in_destination(column, connection.naming).lower(): column
        for column in _columns(fivetran, connection, table)
    }
    for wanted, column_change in change.columns.items():
        column = columns.get(name_in_destination(wanted, connection.naming).lower())
        if column is None:
            raise ApiError(404, "NotFound", f"Column '{wanted}' of table '{name}' doesn't exist.")
        if column == key and column_change.enabled is False:
            raise ApiError(400, "InvalidInput", f"Column '{wanted}' is the primary key; it is always synced.")
        off = set(state.columns_off) - {column}
        state.columns_off = sorted(off | ({column} if column_change.enabled is False else set()))


def _columns(fivetran: LocalFivetran, connection: Connection, table: str) -> list[str]:
    until = instant(fivetran.syncs.source_time())
    changes = fivetran.syncs.source(connection).changes(table, Window(until, until))
    return list(changes.rows.column_names)


def _configuration(connection: Connection) -> Answer:
    # Fivetran calls the one schema of a Salesforce connection by the service's name, whatever it lands in.
    schema = "salesforce" if connection.service.startswith("salesforce") else connection.schema_name
    tables = {
        name_in_destination(table, connection.naming): {
            "name_in_destination": name_in_destination(table, connection.naming),
            "enabled": state.enabled,
            "sync_mode": state.sync_mode,
            "supports_columns_config": True,
            "enabled_patch_settings": {"allowed": True},
        }
        for table, state in (connection.tables or {}).items()
    }
    return {
        "schema_change_handling": connection.schema_change_handling,
        "enable_new_by_default": connection.schema_change_handling == "ALLOW_ALL",
        "schemas": {
            schema: {
                "name_in_destination": connection.schema_name,
                "enabled": any(state.enabled for state in (connection.tables or {}).values()),
                "tables": tables,
            }
        },
    }
