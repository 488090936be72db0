"""Groups, and the destination that each has."""

import uuid
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.local.account import Fivetran
from kpi_platform.local.landing import open_lander
from kpi_platform.local.responses import Answer, ApiError, Cursor, Limit, page, success, timestamp
from kpi_platform.local.routes.connections import list_connections
from kpi_platform.local.state import Connection, Destination, Group

router = APIRouter(prefix="/v1")


class NewGroup(BaseModel):
    name: str


class NewDestination(BaseModel):
    """`service`: duckdb or postgres; `config` as `local.landing.open_lander` takes it."""

    group_id: str
    service: str
    config: dict[str, Any] = {}
    region: str = "LOCAL"
    time_zone_offset: str = "0"
    run_setup_tests: bool = True


class DestinationChange(BaseModel):
    config: dict[str, Any] = {}


@router.get("/groups")
def list_groups(fivetran: Fivetran, limit: Limit = 100, cursor: Cursor = None) -> Answer:
    return page([_group(group) for group in fivetran.store.all(Group)], limit, cursor)


@router.post("/groups", status_code=201)
def create_group(fivetran: Fivetran, body: NewGroup) -> Answer:
    with fivetran.store.lock:
        if any(group.name == body.name for group in fivetran.store.all(Group)):
            raise ApiError(409, "Conflict", f"A group with the name '{body.name}' exists already.")
        group = Group(id=f"group_{uuid.uuid4().hex[:12]}", name=body.name)
        fivetran.store.save(group)
    return success(_group(group), "Group has been created")


@router.get("/groups/{group_id}")
def get_group(fivetran: Fivetran, group_id: str) -> Answer:
    return success(_group(fivetran.group(group_id)))


@router.delete("/groups/{group_id}")
def delete_group(fivetran: Fivetran, group_id: str) -> Answer:
    with fivetran.store.lock:
        fivetran.group(group_id)
        if any(connection.group_id == group_id for connection in fivetran.store.all(Connection)):
            raise ApiError(409, "Conflict", f"Group '{group_id}' still has connections.")
        fivetran.store.delete(Destination, group_id)
        fivetran.store.delete(Group, group_id)
    return success(message=f"Group with id '{group_id}' has been deleted")


@router.get("/groups/{group_id}/connections")
@router.get("/groups/{group_id}/connectors")
def list_connections_of_group(
    fivetran: Fivetran, group_id: str, schema: str | None = None, limit: Limit = 100, cursor: Cursor = None
) -> Answer:
    fivetran.group(group_id)
    return list_connections(fivetran, group_id, schema, limit, cursor)


@router.get("/destinations")
def list_destinations(fivetran: Fivetran, limit: Limit = 100, cursor: Cursor = None) -> Answer:
    return page([_destination(destination) for destination in fivetran.store.all(Destination)], limit, cursor)


@router.post("/destinations", status_code=201)
def create_destination(fivetran: Fivetran, body: NewDestination) -> Answer:
    with fivetran.store.lock:
        fivetran.group(body.group_id)
        if fivetran.store.get(Destination, body.group_id):
            raise ApiError(409, "Conflict", f"Group '{body.group_id}' has a destination already.")
        destination = Destination(id=body.group_id, service=body.service, config=body.config)
        _check(fivetran, destination)
        fivetran.store.save(destination)
    return success(_destination(destination), "Destination has been created")


@router.get("/destinations/{destination_id}")
def get_destination(fivetran: Fivetran, destination_id: str) -> Answer:
    return success(_destination(fivetran.destination(destination_id)))


@router.patch("/destinations/{destination_id}")
def change_destination(fivetran: Fivetran, destination_id: str, body: DestinationChange) -> Answer:
    with fivetran.store.lock:
        destination = fivetran.destination(destination_id)
        destination.config |= body.config
        _check(fivetran, destination)
        fivetran.store.save(destination)
    return success(_destination(destination), "Destination has been updated")


@router.post("/destinations/{destination_id}/test")
def test_destination(fivetran: Fivetran, destination_id: str) -> Answer:
    destination = fivetran.destination(destination_id)
    _check(fivetran, destination)
    tests = [{"title": "Destination configuration", "status": "PASSED", "message": ""}]
    return success(_destination(destination) | {"setup_tests": tests})


def _check(fivetran: Fivetran, destination: Destination) -> None:
    try:
        open_lander(fivetran.configuration, destination.service, destination.config)
    except KpiPlatformError as cause:
        raise ApiError(400, "InvalidInput", str(cause)) from cause


def _group(group: Group) -> Answer:
    return {"id": group.id, "name": group.name, "created_at": timestamp(group.created_at)}


def _destination(destination: Destination) -> Answer:
    config = dict(destination.config)
    if destination.service == "duckdb":
        config.setdefault("database", config.get("path"))
    return {
        "id": destination.id,
        "group_id": destination.id,
        "service": destination.service,
        "region": "LOCAL",
        "time_zone_offset": "0",
        "setup_status": "connected",
        "created_at": timestamp(destination.created_at),
        "config": config,
    }
