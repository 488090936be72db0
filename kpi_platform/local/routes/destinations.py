"""Destinations, in which the connections of a group land."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.local.account import Fivetran, LocalFivetran
from kpi_platform.local.landing import open_lander
from kpi_platform.local.masking import masked
from kpi_platform.local.responses import (
    Answer,
    ApiError,
    Cursor,
    FivetranBody,
    Limit,
    page,
    success,
    timestamp,
)
from kpi_platform.local.state import DEFAULT_REGION, StoredConnection, StoredDestination

router = APIRouter(prefix="/v1/destinations")

Region = Annotated[str, Field(pattern="^(GCP|AWS|AZURE)_[A-Z0-9_]+$")]
TimeZoneOffset = Annotated[str, Field(pattern=r"^([+-]([1-9]|1[01])|[+]12|0)$")]


class DestinationSettings(FivetranBody):
    """The fields of creating and of changing a destination. Fivetran checks its configuration at once, so
    that `run_setup_tests` and `trust_*` have nothing to do."""

    config: dict[str, Any] = Field(default_factory=dict)
    region: Region | None = None
    time_zone_offset: TimeZoneOffset | None = None
    networking_method: Literal["Directly"] | None = None
    run_setup_tests: bool = True
    trust_certificates: bool | None = None
    trust_fingerprints: bool | None = None


class NewDestination(DestinationSettings):
    """`service`: one that `local.landing.open_lander` knows, with the `config` that it takes."""

    group_id: str
    service: str
    time_zone_offset: TimeZoneOffset


class DestinationTest(FivetranBody):
    trust_certificates: bool | None = None
    trust_fingerprints: bool | None = None


@router.get("")
def list_destinations(fivetran: Fivetran, limit: Limit = 100, cursor: Cursor = None) -> Answer:
    return page([_shown(destination) for destination in fivetran.store.all(StoredDestination)], limit, cursor)


@router.post("", status_code=201)
def create_destination(fivetran: Fivetran, body: NewDestination) -> Answer:
    with fivetran.store.lock:
        fivetran.group(body.group_id)
        if fivetran.store.get(StoredDestination, body.group_id):
            raise ApiError(409, "Conflict", f"Group '{body.group_id}' has a destination already.")
        destination = StoredDestination(
            id=body.group_id,
            service=body.service,
            config=masked(body.config),
            region=body.region or DEFAULT_REGION,
            time_zone_offset=body.time_zone_offset,
        )
        _check(fivetran, destination)
        fivetran.store.save(destination)
    return success(_shown(destination) | _tests(body), "Destination has been created")


@router.get("/{destination_id}")
def get_destination(fivetran: Fivetran, destination_id: str) -> Answer:
    return success(_shown(fivetran.destination(destination_id)))


@router.patch("/{destination_id}")
def change_destination(fivetran: Fivetran, destination_id: str, body: DestinationSettings) -> Answer:
    if not {"config", "region", "time_zone_offset", "networking_method"} & body.given().keys():
        raise ApiError(400, "InvalidInput", "At least one parameter that is kept must be specified.")
    with fivetran.store.lock:
        destination = fivetran.destination(destination_id)
        destination.config |= masked(body.config)
        destination.region = body.region or destination.region
        destination.time_zone_offset = body.time_zone_offset or destination.time_zone_offset
        _check(fivetran, destination)
        fivetran.store.save(destination)
    return success(_shown(destination) | _tests(body), "Destination has been updated")


@router.delete("/{destination_id}")
def delete_destination(fivetran: Fivetran, destination_id: str) -> Answer:
    with fivetran.store.lock:
        fivetran.destination(destination_id)
        if any(connection.group_id == destination_id for connection in fivetran.store.all(StoredConnection)):
            raise ApiError(409, "Conflict", f"Destination '{destination_id}' still has connections.")
        fivetran.store.delete(StoredDestination, destination_id)
    return success(message=f"Destination with id '{destination_id}' has been deleted")


@router.post("/{destination_id}/test")
def test_destination(fivetran: Fivetran, destination_id: str, _body: DestinationTest) -> Answer:
    destination = fivetran.destination(destination_id)
    _check(fivetran, destination)
    return success(_shown(destination) | _tests(DestinationSettings()), "Setup tests have been completed")


def _check(fivetran: LocalFivetran, destination: StoredDestination) -> None:
    try:
        open_lander(fivetran.configuration, destination.service, destination.config)
    except KpiPlatformError as cause:
        raise ApiError(400, "InvalidInput", str(cause)) from cause


def _tests(body: DestinationSettings) -> Answer:
    if not body.run_setup_tests:
        return {}
    return {"setup_tests": [{"title": "Destination configuration", "status": "PASSED", "message": ""}]}


def _shown(destination: StoredDestination) -> Answer:
    config = dict(destination.config)
    if destination.service == "duckdb":
        config.setdefault("database", config.get("path"))
    return {
        "id": destination.id,
        "group_id": destination.id,
        "service": destination.service,
        "region": destination.region,
        "time_zone_offset": destination.time_zone_offset,
        "setup_status": "CONNECTED",
        "networking_method": "Directly",
        "created_at": timestamp(destination.created_at),
        "config": config,
    }
