"""The control path, for tests and demonstrations. Only callers on this machine are served, without a key.

GET    /_local/identity                         the id of the installation that it serves
GET    /_local/state                            installation day, source clock, syncs of every connection
GET    /_local/calls                            the last API calls: method, path, status
GET    /_local/faults                           faults that are switched on
POST   /_local/faults                           switch one on: see `faults.Fault`
DELETE /_local/faults                           switch all off
GET    /_local/behaviour                        plan, durations, passing of time: see `behaviour.Behaviour`
PATCH  /_local/behaviour                        {"plan": "trial", "setup_test_seconds": 20}
PUT    /_local/clock                            {"offset_seconds": 86400}: the sources are a day ahead
PUT    /_local/limit                            {"hourly_limit": 100}, whatever the plan says
POST   /_local/events                           {"event": "dbt_run_failed", "data": {…}}: send it to webhooks
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kpi_platform.local.account import DEFAULT_GROUP, Fivetran
from kpi_platform.local.behaviour import Behaviour
from kpi_platform.local.faults import Fault
from kpi_platform.local.responses import Answer, ApiError, success, timestamp
from kpi_platform.local.state import Installation, StoredConnection
from kpi_platform.local.webhooks import EVENTS

_LOOPBACK = ("127.0.0.1", "::1", "testclient")


def loopback_only(request: Request) -> None:
    if request.client is None or request.client.host not in _LOOPBACK:
        raise ApiError(403, "Forbidden", "The control path serves callers on this machine only.")


router = APIRouter(prefix="/_local", dependencies=[Depends(loopback_only)])


class Order(BaseModel):
    """The body of a control call; a field that is not known is an error."""

    model_config = ConfigDict(extra="forbid")


class Clock(Order):
    offset_seconds: float


class HourlyLimit(Order):
    hourly_limit: Annotated[int, Field(ge=0)]


class Event(Order):
    """`connection_id`: whom it is about; None if it is about no connection, but about a group."""

    event: str
    connection_id: str | None = None
    group_id: str = DEFAULT_GROUP
    data: dict[str, Any] = {}


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
        for connection in fivetran.store.all(StoredConnection)
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


@router.get("/behaviour")
def show_behaviour(fivetran: Fivetran) -> Answer:
    return success(fivetran.behaviour.model_dump())


@router.patch("/behaviour")
def change_behaviour(fivetran: Fivetran, body: dict[str, Any]) -> Answer:
    """Changes what is named. A new plan sets the hourly limits."""
    try:
        changed = Behaviour.model_validate(fivetran.behaviour.model_dump() | body)
    except ValidationError as cause:
        first = cause.errors()[0]
        message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ApiError(400, "InvalidInput", message) from cause
    for name, value in changed:
        setattr(fivetran.behaviour, name, value)
    if "plan" in body:
        fivetran.obey(changed.plan)
    return success(changed.model_dump())


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


@router.post("/events", status_code=201)
def send_event(fivetran: Fivetran, body: Event) -> Answer:
    """Sends it to the webhooks that ask for it, as though it had happened."""
    if body.event not in EVENTS:
        raise ApiError(400, "InvalidInput", f"The event '{body.event}' is not known.")
    if body.connection_id is None:
        fivetran.webhooks.emit_of_group(body.event, body.group_id, body.data)
    else:
        fivetran.webhooks.emit(body.event, fivetran.connection(body.connection_id), body.data)
    return success()
