"""Connections, under their present and their former path."""

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field

from kpi_platform.local.account import USER_ID, Fivetran, LocalFivetran
from kpi_platform.local.masking import holds_secret, masked
from kpi_platform.local.responses import Answer, ApiError, Cursor, FivetranBody, Limit, page, success
from kpi_platform.local.routes.connect_card import ConnectCardConfig, new_card
from kpi_platform.local.routes.details import details, summary
from kpi_platform.local.samples.profiles import Naming
from kpi_platform.local.setup_tests import run_setup_tests
from kpi_platform.local.sources import SERVICES
from kpi_platform.local.state import SYNC_FREQUENCIES, DelaySensitivity, StoredConnection

router = APIRouter()


def _frequency(minutes: int) -> int:
    if minutes not in SYNC_FREQUENCIES:
        raise ValueError(f"must be one of {', '.join(map(str, SYNC_FREQUENCIES))}")
    return minutes


class ConnectionSettings(FivetranBody):
    """The fields of creating and of changing a connection. `trust_*` and `run_setup_tests` are about the
    setup tests of the request alone."""

    config: dict[str, Any] | None = None
    auth: dict[str, Any] | None = None
    paused: bool | None = None
    pause_after_trial: bool | None = None
    sync_frequency: Annotated[int, AfterValidator(_frequency)] | None = None
    schedule_type: Literal["auto", "manual"] | None = None
    daily_sync_time: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):00$")] | None = None
    data_delay_sensitivity: DelaySensitivity | None = None
    data_delay_threshold: Annotated[int, Field(ge=0)] | None = None
    networking_method: Literal["Directly"] | None = None
    run_setup_tests: bool = True
    trust_certificates: bool | None = None
    trust_fingerprints: bool | None = None

    @property
    def authorizes(self) -> bool:
        """Whether the request brings what signs in at the source."""
        return bool(self.auth) or holds_secret(self.config or {})

    def persistent(self) -> dict[str, Any]:
        """Returns the given fields that are stored."""
        passing = {"run_setup_tests", "trust_certificates", "trust_fingerprints"}
        return {name: value for name, value in self.given().items() if name not in passing}


class NewConnection(ConnectionSettings):
    """`config.schema` names the raw schema; `config.sample` may choose and limit the sample source."""

    service: str
    group_id: str
    destination_schema_names: Naming = "FIVETRAN_NAMING"
    connect_card_config: ConnectCardConfig | None = None


class ConnectionChange(ConnectionSettings):
    is_historical_sync: bool | None = None


class TestRequest(FivetranBody):
    trust_certificates: bool | None = None
    trust_fingerprints: bool | None = None


@router.get("")
def list_connections(
    fivetran: Fivetran,
    group_id: str | None = None,
    schema: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Answer:
    chosen = [
        summary(connection)
        for connection in fivetran.store.all(StoredConnection)
        if group_id in (None, connection.group_id) and schema in (None, connection.schema_name)
    ]
    return page(chosen, limit, cursor)


@router.post("", status_code=201)
def create_connection(fivetran: Fivetran, request: Request, body: NewConnection) -> Answer:
    if body.service not in SERVICES:
        raise ApiError(400, "InvalidInput", f"Unsupported service '{body.service}'")
    config = dict(body.config or {})
    schema = config.pop("schema", None)
    if not isinstance(schema, str) or not schema:
        raise ApiError(400, "InvalidInput", "Field 'config.schema' is required")
    with fivetran.store.lock:
        fivetran.group(body.group_id)
        if any(
            c.schema_name == schema and c.group_id == body.group_id
            for c in fivetran.store.all(StoredConnection)
        ):
            message = f"Schema '{schema}' is used by another connection of the group."
            raise ApiError(409, "Conflict", message)
        connection = StoredConnection(
            id=f"conn_{uuid.uuid4().hex[:12]}",
            group_id=body.group_id,
            service=body.service,
            schema_name=schema,
            naming=body.destination_schema_names,
            setup_state="incomplete",
        )
        _change(connection, body, config)
        fivetran.store.save(connection)
    fivetran.webhooks.emit("create_connector", connection, {"actor": USER_ID})
    # A sample source has no password: the tests let every caller in.
    tests = run_setup_tests(fivetran, connection.id, authorized=True) if body.run_setup_tests else None
    answer = details(fivetran.connection(connection.id), tests)
    if body.connect_card_config is not None:
        answer["connect_card"] = new_card(fivetran, request, connection.id, body.connect_card_config)
        answer["connect_card_config"] = body.connect_card_config.given()
    return success(answer, "Connection has been created")


@router.get("/{connection_id}")
def get_connection(fivetran: Fivetran, connection_id: str) -> Answer:
    return success(details(fivetran.connection(connection_id)))


@router.patch("/{connection_id}")
def change_connection(fivetran: Fivetran, connection_id: str, body: ConnectionChange) -> Answer:
    """Changes the connection before the setup tests begin: the change holds also for a caller that does not
    wait for them."""
    changes = body.persistent()
    if not changes:
        raise ApiError(400, "InvalidInput", "At least one parameter that is kept must be specified.")
    config = dict(body.config or {})
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        if config.pop("schema", connection.schema_name) != connection.schema_name:
            raise ApiError(400, "InvalidInput", "Field 'config.schema' can't be changed")
        was_paused = connection.paused
        _change(connection, body, config)
        fivetran.store.save(connection)
    if was_paused != connection.paused:
        event = "pause_connector" if connection.paused else "resume_connector"
        fivetran.webhooks.emit(event, connection, {"actor": USER_ID})
    if set(changes) - {"paused"}:
        fivetran.webhooks.emit("edit_connector", connection, {"actor": USER_ID, "fields": sorted(changes)})
    if body.is_historical_sync:
        _sync_anew(fivetran, connection)
    tests = (
        run_setup_tests(fivetran, connection_id, authorized=body.authorizes) if body.run_setup_tests else None
    )
    return success(details(fivetran.connection(connection_id), tests), "Connection has been updated")


@router.delete("/{connection_id}")
def delete_connection(fivetran: Fivetran, connection_id: str) -> Answer:
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        fivetran.store.delete(StoredConnection, connection_id)
    fivetran.webhooks.emit("delete_connector", connection, {"actor": USER_ID})
    return success(message=f"Connection with id '{connection_id}' has been deleted")


@router.post("/{connection_id}/test")
def test_connection(fivetran: Fivetran, connection_id: str, _body: TestRequest) -> Answer:
    fivetran.connection(connection_id)
    tests = run_setup_tests(fivetran, connection_id, authorized=False)
    return success(details(fivetran.connection(connection_id), tests), "Setup tests have been completed")


@router.get("/{connection_id}/state")
@router.patch("/{connection_id}/state")
def connection_state(fivetran: Fivetran, connection_id: str) -> Answer:
    service = fivetran.connection(connection_id).service
    raise ApiError(400, "InvalidInput", f"State management is not supported for the service '{service}'.")


def _change(connection: StoredConnection, body: ConnectionSettings, config: dict[str, Any]) -> None:
    """Writes what stays; secrets do not."""
    frequency = body.sync_frequency or connection.sync_frequency
    if body.daily_sync_time is not None and frequency != 1440:
        raise ApiError(400, "InvalidInput", "Field 'daily_sync_time' needs a 'sync_frequency' of 1440")
    apart = {"config", "auth", "networking_method", "is_historical_sync"}
    for name, value in body.persistent().items():
        if name in StoredConnection.model_fields and name not in apart:
            setattr(connection, name, value)
    connection.config |= masked(config)


def _sync_anew(fivetran: LocalFivetran, connection: StoredConnection) -> None:
    """A historical sync: at once, or as soon as the connection is resumed."""
    if connection.paused or connection.setup_state == "incomplete":
        fivetran.anew_when_resumed(connection.id, list(connection.tables or {}))
    else:
        fivetran.syncs.start(connection.id, "resync", force=True, anew=list(connection.tables or {}))
