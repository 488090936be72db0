"""The control path of connections: how their syncs end, and what state they are in.

POST   /_local/connections                      {"id": "sheet", "service": "google_sheets"}: of any service
POST   /_local/connections/{id}/outcomes        how the next syncs end: see `state.PlannedOutcome`
POST   /_local/connections/{id}/trigger         start a sync as Fivetran's own schedule does
POST   /_local/connections/{id}/cancel          end the running sync: neither of its times moves
PATCH  /_local/connections/{id}                 its state and its locks: see `Condition`
POST   /_local/connections/{id}/deletes         {"table": "incident", "keys": […]}: rows vanish at the source
"""

from typing import Literal

from fastapi import APIRouter, Depends

from kpi_platform.local.account import DEFAULT_GROUP, Fivetran
from kpi_platform.local.responses import Answer, ApiError, success
from kpi_platform.local.routes.control import Order, loopback_only
from kpi_platform.local.routes.details import details
from kpi_platform.local.state import LockReason, PlannedOutcome, StoredConnection

router = APIRouter(prefix="/_local/connections", dependencies=[Depends(loopback_only)])


class ForeignConnection(Order):
    """A connection of a service that has no sample source here; its syncs fail."""

    id: str
    service: str
    group_id: str = DEFAULT_GROUP
    schedule_type: Literal["auto", "manual"] = "manual"


class Condition(Order):
    """`locked_tables`: tables whose switch is locked, and why ({"event": "DELETED"}).
    `ignored_tables`: tables whose changes are answered with success and not made.
    `setup_tests_fail`: what the setup tests complain of, "" for nothing."""

    setup_state: Literal["incomplete", "connected", "broken"] | None = None
    tasks: list[dict[str, str]] | None = None
    warnings: list[dict[str, str]] | None = None
    locked_tables: dict[str, LockReason] | None = None
    ignored_tables: list[str] | None = None
    setup_tests_fail: str | None = None


class Deletion(Order):
    table: str
    keys: list[str]


@router.post("", status_code=201)
def make_connection(fivetran: Fivetran, body: ForeignConnection) -> Answer:
    with fivetran.store.lock:
        fivetran.group(body.group_id)
        if fivetran.store.get(StoredConnection, body.id):
            raise ApiError(409, "Conflict", f"There is a connection '{body.id}' already.")
        connection = StoredConnection(schema_name=body.id, **body.model_dump())
        fivetran.store.save(connection)
    return success(details(connection))


@router.post("/{connection_id}/outcomes", status_code=201)
def plan_outcome(fivetran: Fivetran, connection_id: str, body: PlannedOutcome) -> Answer:
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        connection.planned.append(body)
        fivetran.store.save(connection)
    return success([planned.model_dump() for planned in connection.planned])


@router.post("/{connection_id}/trigger")
def trigger(fivetran: Fivetran, connection_id: str) -> Answer:
    fivetran.connection(connection_id)
    return success({"started": fivetran.syncs.start(connection_id, "schedule")})


@router.post("/{connection_id}/cancel")
def cancel(fivetran: Fivetran, connection_id: str) -> Answer:
    fivetran.connection(connection_id)
    return success({"cancelled": fivetran.syncs.cancel(connection_id)})


@router.patch("/{connection_id}")
def set_condition(fivetran: Fivetran, connection_id: str, body: Condition) -> Answer:
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        for name, value in body.model_dump(exclude_none=True).items():
            setattr(connection, name, value)
        connection.setup_tests_fail = connection.setup_tests_fail or None
        fivetran.store.save(connection)
    return success(details(connection))


@router.post("/{connection_id}/deletes", status_code=201)
def delete_rows(fivetran: Fivetran, connection_id: str, body: Deletion) -> Answer:
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        if body.table not in fivetran.syncs.source(connection).tables:
            raise ApiError(404, "NotFound", f"Table '{body.table}' doesn't exist at the source.")
        at = fivetran.syncs.source_time()
        connection.deleted.setdefault(body.table, {}).update(dict.fromkeys(body.keys, at))
        fivetran.store.save(connection)
    return success({"deleted": len(body.keys)})
