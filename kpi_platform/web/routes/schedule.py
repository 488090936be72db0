"""The schedule: a part of the settings that has an address of its own."""

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.settings_versions import current_settings
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.applied_change import AppliedChange
from kpi_platform.pipeline.change_settings import change_settings
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.sync_times import sync_times
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.schemas.answers import errors
from kpi_platform.web.schemas.settings import ScheduleAnswer, ScheduleBody

router = APIRouter(prefix="/fivetran/schedule", tags=["settings"])


@router.get("")
def get_schedule(
    configuration: ConfigurationDep, connection: ConnectionDep, customer: CustomerDep
) -> ScheduleAnswer:
    """Returns when the customer is synced, when it was last and when it is next."""
    return _answer(configuration, connection, customer)


@router.post("", dependencies=[Depends(require_scope("write"))], responses=errors(409, 502))
def set_schedule(
    body: ScheduleBody,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> ScheduleAnswer:
    """Change the schedule. It is a change of the settings: checked, applied to Fivetran, and a new
    version."""
    with engine.connect() as connection:
        stored = current_settings(connection, customer)
        document: dict[str, Any] = dict(stored.document) if stored else {}
    section = body.model_dump(exclude_none=True)
    window = document.get("fivetran", {}).get("sync_window", {}) | section.pop("sync_window", {})
    document["fivetran"] = {**document.get("fivetran", {}), **section}
    if window:
        document["fivetran"]["sync_window"] = window
    change = change_settings(
        configuration, engine, customer, document,
        by=principal.editor, expected_version=stored.version if stored else 0, note="Schedule.",
    )  # fmt: skip
    with engine.connect() as connection:
        return _answer(configuration, connection, customer, change.settings, change.applied)


def _answer(
    configuration: Configuration,
    connection: sa.Connection,
    customer: str,
    settings: CustomerSettings | None = None,
    applied: tuple[AppliedChange, ...] = (),
) -> ScheduleAnswer:
    stored = current_settings(connection, customer)
    settings = settings or effective_settings(configuration, connection, customer)
    times = sync_times(connection, customer, settings)
    return ScheduleAnswer.model_validate(
        settings.fivetran.model_dump()
        | {
            "version": stored.version if stored else 0,
            "frequencies": {source: settings.frequency(source) for source in SOURCES},
            "last_sync": times.last_sync,
            "next_sync": times.next_sync,
            "applied": applied,
        }
    )
