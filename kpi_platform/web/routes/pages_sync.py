"""Syncing now, from the settings page, and how far the sync is."""

from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import RedirectResponse, Response

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.sync_requests import ENDED, sync_requests
from kpi_platform.domain.sources import DataSource
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.page import CustomerPageDep
from kpi_platform.web.routes.sync import request_sync, sync_answer
from kpi_platform.web.schemas.sync import SyncAnswer, SyncBody
from kpi_platform.web.setting_labels import SECTIONS

router = APIRouter(prefix="/settings/sync", include_in_schema=False)


@router.post("", dependencies=[Depends(require_scope("write"))])
def start_sync(
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    data_source: Annotated[DataSource, Form()] = "combined",
    dry_run: Annotated[bool, Form()] = False,
    section: Annotated[str, Query(max_length=40)] = "fivetran",
) -> RedirectResponse:
    """Queues a sync; the page then follows it."""
    body = SyncBody(data_source=data_source, dry_run=dry_run)
    request_sync(body, configuration, engine, customer, principal)
    return RedirectResponse(f"/settings?section={section if section in SECTIONS else 'fivetran'}#sync", 303)


@router.get("")
def show_sync(
    page: CustomerPageDep, configuration: ConfigurationDep, connection: ConnectionDep, customer: CustomerDep
) -> Response:
    """Returns the newest sync request, as the part of the page that shows it."""
    return page.show("_sync.html", sync=newest_sync(configuration, connection, customer))


@dataclass(frozen=True, slots=True)
class ShownSync:
    """A sync request with its way in steps: name, and done, running or to come. One that failed or was
    cancelled has none."""

    answer: SyncAnswer
    steps: list[tuple[str, str]]

    @property
    def runs(self) -> bool:
        return self.answer.state not in ENDED


_STEPS = ("queued", "syncing", "transforming", "matching", "loading", "done")


def newest_sync(configuration: Configuration, connection: sa.Connection, customer: str) -> ShownSync | None:
    """Returns the sync request that was made last; None if nobody made one."""
    newest = sync_requests(connection, customer, limit=1)
    if not newest:
        return None
    answer = sync_answer(configuration, newest[0])
    if answer.state in ("failed", "cancelled"):
        return ShownSync(answer, [])
    reached = _STEPS.index(answer.state)
    words = ["done"] * reached + ["running"] + ["to come"] * len(_STEPS)
    return ShownSync(answer, list(zip(_STEPS[:-1], words, strict=False)))
