"""Connections and runs: how fresh the sources are, what is under way and what waits, and what was done."""

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.past import get_past
from kpi_platform.dashboard.runs import (
    SILENT_AFTER,
    count_runs,
    get_run,
    list_runs,
    orchestrator_seen_at,
    unfinished_runs,
)
from kpi_platform.dashboard.source_states import source_states
from kpi_platform.dashboard.sync_requests import sync_requests
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.domain.errors import InvalidSettings, KpiPlatformError
from kpi_platform.domain.sources import SOURCES, DataSource, Source
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.sync_times import SyncTimes, sync_times
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    Principal,
    require_operator,
    require_scope,
)
from kpi_platform.web.page import CustomerPageDep, Page
from kpi_platform.web.routes.customers import new_set_up_link
from kpi_platform.web.routes.past import cancel_whole_past
from kpi_platform.web.routes.runs import RunId, cancel_one_run, run_answer
from kpi_platform.web.routes.sync import RequestId, cancel_request, request_sync
from kpi_platform.web.schemas.sync import SyncBody
from kpi_platform.web.set_up import SetUpStep, set_up_steps
from kpi_platform.web.shown_checks import shown_checks
from kpi_platform.web.source_status import source_status

router = APIRouter(prefix="/runs", include_in_schema=False)

_LIMIT = 25
_QUEUED = 20


@router.get("")
def show_runs(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HTMLResponse:
    """Shows the sources, the queue and the history."""
    return _show(page, configuration, connection, customer, principal, offset)


@router.post("/set-up-link", dependencies=[Depends(require_operator), Depends(require_scope("admin"))])
def show_set_up_link(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    source: Annotated[Source, Form()],
) -> HTMLResponse:
    """Makes a new link for the owner of a source, in place of the one before, and shows it."""
    link, problem, status = None, None, 201
    try:
        link = new_set_up_link(customer, source, configuration, engine, principal).connect_card_url
    except KpiPlatformError as error:
        problem, status = error, error.http_status
    with reading(engine) as connection:
        return _show(
            page, configuration, connection, customer, principal, 0, status,
            link=link, link_source=source, refused=problem,
        )  # fmt: skip


def _show(
    page: Page,
    configuration: Configuration,
    connection: sa.Connection,
    customer: str,
    principal: Principal,
    offset: int,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    states = source_states(connection, customer)
    times, sources, problem = SyncTimes(None, None), [], None
    try:
        settings = effective_settings(configuration, connection, customer)
    except InvalidSettings as error:
        problem = error
    else:
        times = sync_times(connection, customer, settings)
        sources = [source_status(settings, source, states) for source in SOURCES]
    runs = list_runs(connection, customer, ended=True, limit=_LIMIT, offset=offset)
    now = _now(configuration, connection, customer, principal)
    set_up: list[SetUpStep] = []
    if not problem and not list_uploads(connection, customer, limit=1):
        failed = next((run.id for run in runs[:1] if run.state == "failed" and not offset), None)
        under_way = bool(now["unfinished"] or now["asked"])
        set_up = set_up_steps(sources, under_way=under_way, failed_run=failed)
    return page.show(
        "runs.html",
        status,
        sources=sources,
        problem=problem,
        times=times,
        runs=[run_answer(configuration, principal, run) for run in runs],
        total=count_runs(connection, customer, ended=True),
        limit=_LIMIT,
        offset=offset,
        set_up=set_up,
        checks=shown_checks(configuration, connection, customer),
        past=get_past(connection, customer),
        **now,
        **{"link": None, "link_source": None, "refused": None, **values},
    )


@router.get("/now")
def show_now(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> HTMLResponse:
    """Shows what is under way and what waits, as the part of the page that asks for it again."""
    now = _now(configuration, connection, customer, principal)
    return page.show("_runs_now.html", **{**now, "page_is_old": True})


@router.post("/sync", dependencies=[Depends(require_scope("write"))])
def start_sync(
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    data_source: Annotated[DataSource, Form()] = "combined",
) -> RedirectResponse:
    """Queues a sync."""
    request_sync(SyncBody(data_source=data_source, dry_run=False), configuration, engine, customer, principal)
    return RedirectResponse("/runs", 303)


@router.post("/requests/{request_id}/cancel", dependencies=[Depends(require_scope("write"))])
def cancel_waiting(
    request_id: RequestId,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> RedirectResponse:
    """Cancels a sync that was asked for."""
    cancel_request(request_id, configuration, engine, customer, principal)
    return RedirectResponse("/runs", 303)


@router.post("/past/cancel", dependencies=[Depends(require_scope("write"))])
def cancel_weeks(engine: EngineDep, customer: CustomerDep) -> RedirectResponse:
    """Cancels the weeks before the first load that wait."""
    cancel_whole_past(engine, customer)
    return RedirectResponse("/runs", 303)


@router.get("/{run_id}")
def show_run(
    run_id: RunId,
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> HTMLResponse:
    """Shows one run: its steps with their times, what it changed, and what went wrong."""
    run = get_run(connection, customer, run_id)
    checks = shown_checks(configuration, connection, customer, run_id=run_id)
    return page.show("run.html", run=run_answer(configuration, principal, run), checks=checks)


@router.post("/{run_id}/cancel", dependencies=[Depends(require_scope("write"))])
def cancel(
    run_id: RunId,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> RedirectResponse:
    """Cancels a run."""
    cancel_one_run(run_id, configuration, engine, customer, principal)
    return RedirectResponse("/runs", 303)


def _now(
    configuration: Configuration, connection: sa.Connection, customer: str, principal: Principal
) -> dict[str, Any]:
    runs = [run_answer(configuration, principal, one) for one in unfinished_runs(connection, customer)]
    taken = {run.request_id for run in runs}
    asked = sync_requests(connection, customer, limit=_QUEUED)
    seen = orchestrator_seen_at(connection)
    return {
        "unfinished": runs,
        "asked": [one for one in asked if one.state == "queued" and one.id not in taken],
        "seen_at": seen,
        "silent_after": SILENT_AFTER,
        "page_is_old": False,
    }
