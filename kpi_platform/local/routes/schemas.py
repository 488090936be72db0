"""The schema configuration of a connection: which schemas, tables and columns are synced."""

from typing import Literal

from fastapi import APIRouter

from kpi_platform.local.account import Fivetran, LocalFivetran
from kpi_platform.local.naming import name_in_destination
from kpi_platform.local.reading import update_schema
from kpi_platform.local.responses import Answer, ApiError, FivetranBody, success
from kpi_platform.local.schema_configuration import (
    ColumnChange,
    ConfigurationChange,
    SchemaChange,
    TableChange,
    change_configuration,
    check_connected,
    columns_of,
    configured,
    schema_name,
    shown_column,
    shown_configuration,
    the_schema,
    the_table,
)
from kpi_platform.local.state import ChangeHandling, StoredConnection

router = APIRouter()

_TABLE = "/{connection_id}/schemas/{schema}/tables/{table}"


class Reload(FivetranBody):
    exclude_mode: Literal["PRESERVE", "INCLUDE", "EXCLUDE"] = "PRESERVE"


class FirstConfiguration(FivetranBody):
    schemas: dict[str, SchemaChange]
    schema_change_handling: ChangeHandling | None = None


@router.get("/{connection_id}/schemas")
def get_schemas(fivetran: Fivetran, connection_id: str) -> Answer:
    return success(shown_configuration(configured(fivetran, connection_id)))


@router.post("/{connection_id}/schemas")
def configure_unknown_schema(fivetran: Fivetran, connection_id: str, body: FirstConfiguration) -> Answer:
    """Stores the configuration of a schema that is not known yet. It is applied when the schema is known;
    tables that are not there then are ignored."""
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        if connection.tables is not None:
            message = f"Connection with id '{connection_id}' already has a schema config"
            raise ApiError(409, "Conflict", message)
        connection.wanted_schema = body.given()
        connection.schema_change_handling = body.schema_change_handling or connection.schema_change_handling
        fivetran.store.save(connection)
    return success(_as_asked(connection, body))


@router.post("/{connection_id}/schemas/reload")
def reload_schemas(fivetran: Fivetran, connection_id: str, body: Reload | None = None) -> Answer:
    """Asks the source for its tables, before the first sync or after it, but not before it is set up."""
    check_connected(fivetran.connection(connection_id))
    fivetran.syncs.wait(fivetran.behaviour.reload_seconds)
    mode = (body or Reload()).exclude_mode
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        update_schema(connection, fivetran.syncs.source(connection))
        if mode != "PRESERVE":
            connection.schema_enabled = mode == "INCLUDE"
            for name, state in (connection.tables or {}).items():
                if name_in_destination(name, connection.naming) not in connection.locked_tables:
                    state.enabled = mode == "INCLUDE"
        fivetran.store.save(connection)
    return success(shown_configuration(connection))


@router.patch("/{connection_id}/schemas")
def change_schemas(fivetran: Fivetran, connection_id: str, body: ConfigurationChange) -> Answer:
    """Takes effect with the next sync. All or nothing: an unknown table changes none."""
    with fivetran.store.lock:
        connection = configured(fivetran, connection_id)
        change_configuration(fivetran, connection, body)
        fivetran.store.save(connection)
    return success(shown_configuration(connection))


@router.patch("/{connection_id}/schemas/{schema}")
def change_schema(fivetran: Fivetran, connection_id: str, schema: str, body: SchemaChange) -> Answer:
    return change_schemas(fivetran, connection_id, ConfigurationChange(schemas={schema: body}))


@router.patch(_TABLE)
def change_table(
    fivetran: Fivetran, connection_id: str, schema: str, table: str, body: TableChange
) -> Answer:
    return change_schema(fivetran, connection_id, schema, SchemaChange(tables={table: body}))


@router.get(_TABLE + "/columns")
def get_columns(fivetran: Fivetran, connection_id: str, schema: str, table: str) -> Answer:
    """Returns all columns of a table, as the source has them now."""
    connection = _known(fivetran, connection_id, schema)
    check_connected(connection)
    name, state = the_table(connection, table)
    key = fivetran.syncs.source(connection).tables[name]
    columns = {
        landed: shown_column(connection, state, column, key)
        for landed, column in columns_of(fivetran, connection, name).items()
    }
    return success({"columns": columns})


@router.patch(_TABLE + "/columns/{column}")
def change_column(
    fivetran: Fivetran, connection_id: str, schema: str, table: str, column: str, body: ColumnChange
) -> Answer:
    return change_table(fivetran, connection_id, schema, table, TableChange(columns={column: body}))


@router.delete(_TABLE + "/columns/{column}")
def drop_column(fivetran: Fivetran, connection_id: str, schema: str, table: str, column: str) -> Answer:
    """Has the next sync drop a column that is not synced."""
    with fivetran.store.lock:
        connection = _known(fivetran, connection_id, schema)
        name, state = the_table(connection, table)
        known = columns_of(fivetran, connection, name)
        if column not in known:
            raise ApiError(404, "NotFound", f"Column '{column}' of table '{table}' doesn't exist.")
        if known[column] not in state.columns_off:
            raise ApiError(
                409, "Conflict", f"Column '{column}' is synced; only a blocked one can be dropped."
            )
        state.columns_dropped = sorted({*state.columns_dropped, known[column]})
        fivetran.store.save(connection)
    return success(message=f"Column '{column}' will be dropped with the next sync")


def _known(fivetran: LocalFivetran, connection_id: str, schema: str) -> StoredConnection:
    connection = configured(fivetran, connection_id)
    the_schema(connection, schema)
    return connection


def _as_asked(connection: StoredConnection, asked: FirstConfiguration) -> Answer:
    """The settings of the request, in the form of a configuration."""

    def place(name: str) -> Answer:
        return {"name_in_destination": name, "enabled": True}

    schemas: dict[str, Answer] = {}
    for schema, change in asked.schemas.items():
        landed = connection.schema_name if schema == schema_name(connection) else schema
        tables = {
            table: place(table)
            | {"supports_columns_config": True, "supports_history_mode": True}
            | {"enabled_patch_settings": {"allowed": True}}
            | switches.given()
            | {
                "columns": {
                    column: place(column)
                    | {"hashed": False, "enabled_patch_settings": {"allowed": True}}
                    | wanted.given()
                    for column, wanted in switches.columns.items()
                }
            }
            for table, switches in change.tables.items()
        }
        schemas[schema] = place(landed) | change.given() | {"tables": tables}
    return {"schema_change_handling": connection.schema_change_handling, "schemas": schemas}
