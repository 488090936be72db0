"""Requests for syncs, and for syncs that read everything again."""

from fastapi import APIRouter
from pydantic import RootModel

from kpi_platform.local.account import USER_ID, Fivetran, LocalFivetran
from kpi_platform.local.responses import Answer, ApiError, FivetranBody, success
from kpi_platform.local.schema_configuration import configured, the_schema, the_table
from kpi_platform.local.state import StoredConnection

router = APIRouter()
former = APIRouter()
"""Under the former name of connections only."""

Scope = dict[str, list[str]]


class StartSyncBody(FivetranBody):
    force: bool = False


class ResyncBody(FivetranBody):
    scope: Scope | None = None


class TablesToResync(RootModel[Scope]):
    """Schema → tables."""


@router.post("/{connection_id}/sync")
def sync(fivetran: Fivetran, connection_id: str, body: StartSyncBody | None = None) -> Answer:
    """Starts a sync. One that is running goes on, unless `force` replaces it."""
    _check_set_up(connection := fivetran.connection(connection_id))
    if connection.paused:
        raise ApiError(409, "Conflict", f"Connection with id '{connection_id}' is paused.")
    started = fivetran.syncs.start(connection_id, "api", force=body is not None and body.force)
    if started:
        fivetran.webhooks.emit("force_update_connector", connection, {"actor": USER_ID})
    return success(message=f"Sync has been successfully triggered for connection with id '{connection_id}'")


@former.post("/{connection_id}/force")
def force(fivetran: Fivetran, connection_id: str) -> Answer:
    """Starts a sync with `force`, under its former name."""
    return sync(fivetran, connection_id, StartSyncBody(force=True))


@router.post("/{connection_id}/resync")
def resync(fivetran: Fivetran, connection_id: str, body: ResyncBody | None = None) -> Answer:
    """Reads every table again, or those that `scope` names."""
    if body is not None and body.scope is not None:
        return _resync_tables(fivetran, connection_id, body.scope)
    connection = fivetran.connection(connection_id)
    _start_anew(fivetran, connection, list(connection.tables or {}))
    fivetran.webhooks.emit("resync_connector", connection, {"actor": USER_ID})
    return success(message="Re-sync has been triggered successfully")


@router.post("/{connection_id}/schemas/tables/resync")
def resync_tables(fivetran: Fivetran, connection_id: str, body: TablesToResync) -> Answer:
    return _resync_tables(fivetran, connection_id, body.root)


def _resync_tables(fivetran: LocalFivetran, connection_id: str, scope: Scope) -> Answer:
    connection = configured(fivetran, connection_id)
    if not scope or not all(scope.values()):
        raise ApiError(400, "InvalidInput", "The scope and the tables of each of its schemas can't be empty.")
    for schema in scope:
        the_schema(connection, schema)
    tables = [the_table(connection, table)[0] for named in scope.values() for table in named]
    _start_anew(fivetran, connection, tables)
    fivetran.webhooks.emit("resync_table", connection, {"actor": USER_ID, "tables": scope})
    return success(message="Re-sync has been triggered successfully")


def _start_anew(fivetran: LocalFivetran, connection: StoredConnection, tables: list[str]) -> None:
    """At once; for a paused connection with the first sync after it is resumed."""
    _check_set_up(connection)
    if connection.paused:
        fivetran.anew_when_resumed(connection.id, tables)
    else:
        fivetran.syncs.start(connection.id, "resync", force=True, anew=tables)


def _check_set_up(connection: StoredConnection) -> None:
    if connection.setup_state == "incomplete":
        message = f"Connection with id '{connection.id}' is not set up: {connection.setup_state}."
        raise ApiError(409, "Conflict", message)
