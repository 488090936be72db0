"""Asking for a sync and following it. The run itself is Dagster's: its sensor picks the request up."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.sync_requests import (
    ENDED,
    SyncRequest,
    create_sync_request,
    sync_request,
    sync_requests,
)
from kpi_platform.domain.settings import paths_beyond, require_none
from kpi_platform.pipeline.cancel import cancel_sync
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.kpi_definitions import with_overrides
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.schemas.answers import Limit, errors
from kpi_platform.web.schemas.sync import SyncAnswer, SyncBody
from kpi_platform.web.turns import Turns

router = APIRouter(prefix="/fivetran/sync", tags=["sync"])

POLL_SECONDS = 0.5
LONGEST_WATCH_SECONDS = 3600

RequestId = Annotated[str, Path(min_length=1, max_length=64)]


@router.post("", status_code=202, dependencies=[Depends(require_scope("write"))], responses=errors(409))
def request_sync(
    body: SyncBody,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=200, description="The same key again answers the same request."),
    ] = None,
) -> SyncAnswer:
    """Queue a sync with everything that follows it: KPIs, matching, load. Answers at once. A request that is
    queued for the same customer and source already is returned instead."""
    config = body.sync_config.model_dump(exclude_none=True)
    with reading(engine) as connection:
        settings = effective_settings(configuration, connection, customer)
    # Overrides that a load would refuse are refused now.
    overridden = with_overrides(settings, config["kpi_mapping"])
    require_none(paths_beyond(principal.editor, settings.document(), overridden.document()))
    with engine.begin() as connection:
        request = create_sync_request(
            connection, customer, body.data_source,
            requested_by=principal.name, sync_config=config, dry_run=body.dry_run,
            idempotency_key=idempotency_key,
        )  # fmt: skip
    return sync_answer(configuration, request)


@router.get("")
def list_syncs(
    configuration: ConfigurationDep, connection: ConnectionDep, customer: CustomerDep, limit: Limit = 50
) -> list[SyncAnswer]:
    """Returns the customer's sync requests, newest first."""
    return [sync_answer(configuration, one) for one in sync_requests(connection, customer, limit=limit)]


@router.get("/{request_id}", responses=errors(404))
def get_sync(
    request_id: RequestId, configuration: ConfigurationDep, connection: ConnectionDep, customer: CustomerDep
) -> SyncAnswer:
    """Returns the progress of a sync request, and its result."""
    return sync_answer(configuration, sync_request(connection, request_id, customer=customer))


@router.post(
    "/{request_id}/cancel",
    dependencies=[Depends(require_scope("write"))],
    responses=errors(403, 404, 409),
)
def cancel_request(
    request_id: RequestId,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> SyncAnswer:
    """Cancel a sync request: at once if no run has taken it, else its run, which ends within seconds."""
    with engine.begin() as connection:
        request = cancel_sync(
            connection, customer, request_id, who=principal.name, is_operator=principal.operator
        )
    return sync_answer(configuration, request)


def existing_request(request_id: RequestId, engine: EngineDep, customer: CustomerDep) -> SyncRequest:
    """NotFound before the stream begins."""
    with reading(engine) as connection:
        return sync_request(connection, request_id, customer=customer)


def watching(http: Request, customer: CustomerDep) -> Iterator[None]:
    """Takes one of the streams that a customer may have open at once."""
    turns: Turns = http.app.state.watch_turns
    with turns.take(customer):
        yield


@router.get("/{request_id}/events", response_class=EventSourceResponse, responses=errors(404))
async def watch_sync(
    _turn: Annotated[None, Depends(watching)],
    request: Annotated[SyncRequest, Depends(existing_request)],
    configuration: ConfigurationDep,
    engine: EngineDep,
) -> AsyncIterator[ServerSentEvent]:
    """Sends the progress as server-sent events: one `sync` event now, and one at every change until it has
    ended."""
    shown = None
    for _ in range(int(LONGEST_WATCH_SECONDS / POLL_SECONDS)):
        current = await asyncio.to_thread(_read, engine, request)
        if current.updated_at != shown:
            shown = current.updated_at
            yield ServerSentEvent(
                event="sync", data=sync_answer(configuration, current).model_dump(mode="json")
            )
        if current.state in ENDED:
            return
        await asyncio.sleep(POLL_SECONDS)


def sync_answer(configuration: Configuration, request: SyncRequest) -> SyncAnswer:
    """Returns the request as the API and the pages show it."""
    run_id = request.run_ids[-1] if request.run_ids else None
    known = {name: getattr(request, name) for name in SyncAnswer.model_fields if hasattr(request, name)}
    return SyncAnswer(**known, run_id=run_id, run_url=configuration.run_url(run_id))


def _read(engine: sa.Engine, request: SyncRequest) -> SyncRequest:
    with reading(engine) as connection:
        return sync_request(connection, request.id)
