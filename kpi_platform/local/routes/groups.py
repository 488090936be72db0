"""Groups: what belongs together, with one destination each."""

import uuid
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from kpi_platform.local.account import Fivetran, LocalFivetran
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
from kpi_platform.local.routes.account import list_users
from kpi_platform.local.routes.connections import list_connections
from kpi_platform.local.state import Group, StoredConnection, StoredDestination

router = APIRouter(prefix="/v1/groups")


class GroupName(FivetranBody):
    name: Annotated[str, Field(min_length=1)]


@router.get("")
def list_groups(fivetran: Fivetran, limit: Limit = 100, cursor: Cursor = None) -> Answer:
    return page([_group(group) for group in fivetran.store.all(Group)], limit, cursor)


@router.post("", status_code=201)
def create_group(fivetran: Fivetran, body: GroupName) -> Answer:
    with fivetran.store.lock:
        _check_name(fivetran, body.name)
        group = Group(id=f"group_{uuid.uuid4().hex[:12]}", name=body.name)
        fivetran.store.save(group)
    return success(_group(group), "Group has been created")


@router.get("/{group_id}")
def get_group(fivetran: Fivetran, group_id: str) -> Answer:
    return success(_group(fivetran.group(group_id)))


@router.patch("/{group_id}")
def rename_group(fivetran: Fivetran, group_id: str, body: GroupName) -> Answer:
    with fivetran.store.lock:
        group = fivetran.group(group_id)
        if group.name != body.name:
            _check_name(fivetran, body.name)
        group.name = body.name
        fivetran.store.save(group)
    return success(_group(group), "Group has been updated")


@router.delete("/{group_id}")
def delete_group(fivetran: Fivetran, group_id: str) -> Answer:
    with fivetran.store.lock:
        fivetran.group(group_id)
        if any(connection.group_id == group_id for connection in fivetran.store.all(StoredConnection)):
            raise ApiError(409, "Conflict", f"Group '{group_id}' still has connections.")
        fivetran.store.delete(StoredDestination, group_id)
        fivetran.store.delete(Group, group_id)
    return success(message=f"Group with id '{group_id}' has been deleted")


@router.get("/{group_id}/connections")
@router.get("/{group_id}/connectors")
def list_connections_of_group(
    fivetran: Fivetran, group_id: str, schema: str | None = None, limit: Limit = 100, cursor: Cursor = None
) -> Answer:
    fivetran.group(group_id)
    return list_connections(fivetran, group_id, schema, limit, cursor)


@router.get("/{group_id}/users")
def list_users_of_group(
    fivetran: Fivetran,
    group_id: str,
    active: bool | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Answer:
    fivetran.group(group_id)
    return list_users(fivetran, active, limit, cursor)


def _check_name(fivetran: LocalFivetran, name: str) -> None:
    if any(group.name == name for group in fivetran.store.all(Group)):
        raise ApiError(409, "Conflict", f"A group with the name '{name}' exists already.")


def _group(group: Group) -> Answer:
    return {"id": group.id, "name": group.name, "created_at": timestamp(group.created_at)}
