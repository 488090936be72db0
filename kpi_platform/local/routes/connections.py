"""Connections, under their present and their former path."""

import secrets
import uuid
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, Field

from kpi_platform.local.account import Fivetran, LocalFivetran
from kpi_platform.local.responses import Answer, ApiError, Cursor, Limit, page, success, timestamp
from kpi_platform.local.samples.profiles import Naming
from kpi_platform.local.sources import SERVICES
from kpi_platform.local.state import SYNC_FREQUENCIES, Connection, now

router = APIRouter()
CARD_LIFETIME = timedelta(days=1)


def _frequency(minutes: int) -> int:
    if minutes not in SYNC_FREQUENCIES:
        raise ValueError(f"must be one of {', '.join(map(str, SYNC_FREQUENCIES))}")
    return minutes


Frequency = Annotated[int, AfterValidator(_frequency)]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
ScheduleType = Literal["auto", "manual"]


class ConnectCardConfig(BaseModel):
    redirect_uri: str | None = None
    hide_setup_guide: bool = False


class NewConnection(BaseModel):
    """`config.schema` names the raw schema; `config.sample` may choose and limit the sample source."""

    service: str
    group_id: str
    config: dict[str, Any] = {}
    paused: bool = False
    sync_frequency: Frequency = 360
    schedule_type: ScheduleType = "auto"
    daily_sync_time: TimeOfDay | None = None
    destination_schema_names: Naming = "FIVETRAN_NAMING"
    run_setup_tests: bool = True
    connect_card_config: ConnectCardConfig | None = None


class ConnectionChange(BaseModel):
    paused: bool | None = None
    sync_frequency: Frequency | None = None
    schedule_type: ScheduleType | None = None
    daily_sync_time: TimeOfDay | None = None
    config: dict[str, Any] | None = None


class SyncRequest(BaseModel):
    force: bool = False


@router.get("")
def list_connections(
    fivetran: Fivetran,
    group_id: str | None = None,
    schema: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Answer:
    chosen = [
        details(connection)
        for connection in fivetran.store.all(Connection)
        if group_id in (None, connection.group_id) and schema in (None, connection.schema_name)
    ]
    return page(chosen, limit, cursor)


@router.post("", status_code=201)
def create_connection(fivetran: Fivetran, request: Request, body: NewConnection) -> Answer:
    if body.service not in SERVICES:
        raise ApiError(400, "InvalidInput", f"Service '{body.service}' is not supported.")
    schema = str(body.config.get("schema") or body.service)
    with fivetran.store.lock:
        fivetran.group(body.group_id)
        if any(
            c.schema_name == schema and c.group_id == body.group_id for c in fivetran.store.all(Connection)
        ):
            message = f"Schema '{schema}' is used by another connection of the group."
            raise ApiError(409, "Conflict", message)
        connection = Connection(
            id=f"conn_{uuid.uuid4().hex[:12]}",
            group_id=body.group_id,
            service=body.service,
            schema_name=schema,
            config=body.config,
            naming=body.destination_schema_names,
            paused=body.paused,
            schedule_type=body.schedule_type,
            sync_frequency=body.sync_frequency,
            daily_sync_time=body.daily_sync_time,
            setup_state="connected" if body.run_setup_tests else "incomplete",
        )
        fivetran.store.save(connection)
    answer = details(connection)
    if body.connect_card_config is not None:
        answer["connect_card"] = _connect_card(fivetran, request, connection.id, body.connect_card_config)
    return success(answer, "Connection has been created")


@router.get("/{connection_id}")
def get_connection(fivetran: Fivetran, connection_id: str) -> Answer:
    return success(details(fivetran.connection(connection_id)))


@router.patch("/{connection_id}")
def change_connection(fivetran: Fivetran, connection_id: str, body: ConnectionChange) -> Answer:
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        for name, value in body.model_dump(exclude_none=True, exclude={"config"}).items():
            setattr(connection, name, value)
        connection.config |= body.config or {}
        fivetran.store.save(connection)
    return success(details(connection), "Connection has been updated")


@router.delete("/{connection_id}")
def delete_connection(fivetran: Fivetran, connection_id: str) -> Answer:
    with fivetran.store.lock:
        fivetran.connection(connection_id)
        fivetran.store.delete(Connection, connection_id)
    return success(message=f"Connection with id '{connection_id}' has been deleted")


@router.post("/{connection_id}/test")
def run_setup_tests(fivetran: Fivetran, connection_id: str) -> Answer:
    connection = fivetran.connection(connection_id)
    passed = connection.setup_state == "connected"
    outcome = {"title": "Connecting to the source", "status": "PASSED" if passed else "FAILED", "message": ""}
    return success(details(connection) | {"setup_tests": [outcome]})


@router.post("/{connection_id}/sync")
def sync(fivetran: Fivetran, connection_id: str, body: SyncRequest | None = None) -> Answer:
    """A sync that is running goes on, unless `force` replaces it."""
    check_syncable(fivetran.connection(connection_id))
    fivetran.syncs.start(connection_id, "api", force=body is not None and body.force)
    return success(message="Sync has been successfully triggered for connection with id " + connection_id)


@router.post("/{connection_id}/force")
def force(fivetran: Fivetran, connection_id: str) -> Answer:
    """The former name of a sync with `force`."""
    return sync(fivetran, connection_id, SyncRequest(force=True))


@router.post("/{connection_id}/connect-card")
def create_connect_card(
    fivetran: Fivetran, request: Request, connection_id: str, body: dict[str, ConnectCardConfig] | None = None
) -> Answer:
    fivetran.connection(connection_id)
    config = (body or {}).get("connect_card_config") or ConnectCardConfig()
    card = _connect_card(fivetran, request, connection_id, config)
    return success({"connector_id": connection_id, "connection_id": connection_id, "connect_card": card})


def check_syncable(connection: Connection) -> None:
    """Raises a 409 where the connection cannot sync."""
    if connection.paused:
        raise ApiError(409, "Conflict", f"Connection with id '{connection.id}' is paused.")
    if connection.setup_state != "connected":
        message = f"Connection with id '{connection.id}' is not set up: {connection.setup_state}."
        raise ApiError(409, "Conflict", message)


def details(connection: Connection) -> Answer:
    """A connection as the API shows it."""
    status: Answer = {
        "setup_state": connection.setup_state,
        "schema_status": "ready" if connection.tables is not None else "blocked_on_capture",
        "sync_state": connection.sync_state,
        "update_state": connection.update_state,
        "is_historical_sync": connection.is_historical_sync,
        "tasks": connection.tasks,
        "warnings": connection.warnings,
    }
    if connection.rescheduled_for:
        status["rescheduled_for"] = timestamp(connection.rescheduled_for)
    return {
        "id": connection.id,
        "group_id": connection.group_id,
        "service": connection.service,
        "service_version": 1,
        "schema": connection.schema_name,
        "connected_by": "local",
        "created_at": timestamp(connection.created_at),
        "succeeded_at": timestamp(connection.succeeded_at),
        "failed_at": timestamp(connection.failed_at),
        "paused": connection.paused,
        "pause_after_trial": False,
        "sync_frequency": connection.sync_frequency,
        "schedule_type": connection.schedule_type,
        "daily_sync_time": connection.daily_sync_time,
        "destination_schema_names": connection.naming,
        "data_delay_sensitivity": "NORMAL",
        "data_delay_threshold": 0,
        "networking_method": "Directly",
        "status": status,
        "setup_tests": [],
        "config": connection.config,
    }


def _connect_card(
    fivetran: LocalFivetran, request: Request, connection_id: str, config: ConnectCardConfig
) -> Answer:
    token = secrets.token_urlsafe(24)
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        connection.connect_card_token = token
        connection.connect_card_expires_at = now() + CARD_LIFETIME
        connection.connect_card_redirect_uri = config.redirect_uri
        fivetran.store.save(connection)
    return {"token": token, "uri": str(request.url_for("show_connect_card").include_query_params(auth=token))}
