"""Versions of the settings: who, when, what, and back to one of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.settings_versions import settings_history
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.pipeline.change_settings import restore_settings
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.page import CustomerPageDep

router = APIRouter(prefix="/settings", include_in_schema=False)


@router.get("/versions")
def show_versions(page: CustomerPageDep, connection: ConnectionDep, customer: CustomerDep) -> HTMLResponse:
    """Returns all versions, newest first, each with what it changed."""
    versions = settings_history(connection, customer)
    return page.show("versions.html", versions=versions, change=None, problem=None)


@router.post("/restore", dependencies=[Depends(require_scope("write"))])
def restore(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    version: Annotated[int, Form(ge=1, le=2**31 - 1)],
    expected_version: Annotated[int, Form(ge=0, le=2**31 - 1)],
) -> HTMLResponse:
    """Saves an older version again, as the newest one."""
    change, problem, status = None, None, 200
    try:
        change = restore_settings(
            configuration, engine, customer, version, by=principal.editor, expected_version=expected_version
        )
    except KpiPlatformError as error:
        problem, status = error, error.http_status
    with reading(engine) as connection:
        versions = settings_history(connection, customer)
    return page.show("versions.html", status, versions=versions, change=change, problem=problem)
