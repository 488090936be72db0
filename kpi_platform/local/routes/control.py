"""The control path, for tests and demonstrations. Only callers on this machine are served, without a key.

GET    /_local/identity                         the id of the installation that it serves
GET    /_local/state                            installation day, source clock, syncs of every connection
GET    /_local/calls                            the last API calls: method, path, status
GET    /_local/faults                           faults that are switched on
POST   /_local/faults                           switch one on: see `faults.Fault`
DELETE /_local/faults                           switch all off
PUT    /_local/clock                            {"offset_seconds": 86400}: the sources are a day ahead
PUT    /_local/limit                            {"hourly_limit": 100}
POST   /_local/connections/{id}/outcomes        how the next syncs end: see `state.PlannedOutcome`
POST   /_local/connections/{id}/trigger         start a sync as Fivetran's own schedule does
PATCH  /_local/connections/{id}                 {"setup_state": "broken", "tasks": […], "warnings": […]}
POST   /_local/connections/{id}/deletes         {"table": "incident", "keys": […]}: rows vanish at the source
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from kpi_platform.local.account import Fivetran
from kpi_platform.local.faults import Fault
from kpi_platform.local.responses import Answer, ApiError, success, timestamp
from kpi_platform.local.routes.connections import details
from kpi_platform.local.state import Connection, Installation, PlannedOutcome

_LOOPBACK = ("127.0.0.1", "::1", "testclient")


def _loopback_only(request: Request) -> None:
    if request.client is None or request.client.host not in _LOOPBACK:
        raise ApiError(403, "Forbidden", "The control path serves callers on this machine only.")


router = APIRouter(prefix="/_local", dependencies=[Depends(_loopback_only)])


class Clock(BaseModel):
    offset_seconds: float


class HourlyLimit(BaseModel):
    hourly_limit: Annotated[int, Field(ge=0)]


class Condition(BaseModel):
    setup_state: Literal["incomplete", "connected", "broken"] | None = None
    tasks: list[dict[str, str]] | None = None
    warnings: list[dict[str, str]] | None = None


class Deletion(BaseModel):
    table: str
    keys: list[str]


@router.get("/identity")
def identity(fivetran: Fivetran) -> Answer:
    return success({"installation": fivetran.installation})


@router.get("/state")
def state(fivetran: Fivetran) -> Answer:
    installation = fivetran.store.get(Installation, "installation")
    connections: dict[str, Any] = {
        connection.id: {
            "running": connection.running and connection.running.model_dump(mode="json"),
            "syncs": [sync.model_dump(mode="json") for sync in connection.history],
        }
        for connection in fivetran.store.all(Connection)
    }
    return success(
        {
            "installed_on": timestamp(installation.day) if installation else None,
            "source_time": timestamp(fivetran.syncs.source_time()),
            "connections": connections,
        }
    )


@router.get("/calls")
def calls(fivetran: Fivetran) -> Answer:
    return success([{"method": m, "path": p, "status": s} for m, p, s in list(fivetran.calls)])


@router.get("/faults")
def list_faults(fivetran: Fivetran) -> Answer:
    return success([fault.model_dump() for fault in fivetran.faults.all()])


@router.post("/faults", status_code=201)
def add_fault(fivetran: Fivetran, body: Fault) -> Answer:
    fivetran.faults.add(body)
    return success(body.model_dump())


@router.delete("/faults")
def clear_faults(fivetran: Fivetran) -> Answer:
    fivetran.faults.clear()
    return success()


@router.put("/clock")
def set_clock(fivetran: Fivetran, body: Clock) -> Answer:
    with fivetran.store.lock:
        installation = fivetran.store.get(Installation, "installation")
        assert installation is not None
        installation.source_clock_offset_seconds = body.offset_seconds
        fivetran.store.save(installation)
    return success({"source_time": timestamp(fivetran.syncs.source_time())})


@router.put("/limit")
def set_limit(fivetran: Fivetran, body: HourlyLimit) -> Answer:
    fivetran.limit.limit = body.hourly_limit
    return success(body.model_dump())


@router.post("/connections/{connection_id}/outcomes", status_code=201)
def plan_outcome(fivetran: Fivetran, connection_id: str, body: PlannedOutcome) -> Answer:
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        connection.planned.append(body)
        fivetran.store.save(connection)
    return success([planned.model_dump() for planned in connection.planned])


@router.post("/connections/{connection_id}/trigger")
def trigger(fivetran: Fivetran, connection_id: str) -> Answer:
    fivetran.connection(connection_id)
    return success({"started": fivetran.syncs.start(connection_id, "schedule")})


@router.patch("/connections/{connection_id}")
def set_condition(fivetran: Fivetran, connection_id: str, body: Condition) -> Answer:
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        for name, value in body.model_dump(exclude_none=True).items():
            setattr(connection, name, value)
        fivetran.store.save(connection)
    return success(details(connection))


@router.post("/connections/{connection_id}/deletes", status_code=201)
def delete_rows(fivetran: Fivetran, connection_id: str, body: Deletion) -> Answer:
    with fivetran.store.lock:
        connection = fivetran.connection(connection_id)
        if body.table not in fivetran.syncs.source(connection).tables:
            raise ApiError(404, "NotFound", f"Table '{body.table}' doesn't exist at the source.")
        at = fivetran.syncs.source_time()
        connection.deleted.setdefault(body.table, {}).update(dict.fromkeys(body.keys, at))
        fivetran.store.save(connection)
    return success({"deleted": len(body.keys)})
