"""The settings document: read, replace, its versions, and what a change would do."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Response

from kpi_platform.dashboard.settings_versions import settings_history, settings_version
from kpi_platform.pipeline.change_settings import SettingsChange, change_settings, restore_settings
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    HeavyTurnsDep,
    require_scope,
)
from kpi_platform.web.etags import IfMatch, etag, expected_version, precondition
from kpi_platform.web.schemas.answers import Limit, errors
from kpi_platform.web.schemas.preview import PreviewAnswer
from kpi_platform.web.schemas.settings import (
    DOCUMENT_EXAMPLE,
    SettingsDocumentAnswer,
    SettingsSavedAnswer,
    SettingsVersionAnswer,
)
from kpi_platform.web.settings_service import settings_document

router = APIRouter(prefix="/fivetran/config", tags=["settings"])

Document = Annotated[dict[str, Any], Body(examples=[DOCUMENT_EXAMPLE])]
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
_writing = Depends(require_scope("write"))


@router.get("")
def get_config(
    response: Response, configuration: ConfigurationDep, connection: ConnectionDep, customer: CustomerDep
) -> dict[str, Any]:
    """Returns the settings that hold, as one document; its version is the `ETag`."""
    version, document = settings_document(configuration, connection, customer)
    response.headers["ETag"] = etag(version)
    return document


@router.put("", dependencies=[_writing], responses=errors(409, 412, 502))
def put_config(
    document: Document,
    response: Response,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    if_match: IfMatch = None,
) -> SettingsSavedAnswer:
    """Replace the settings. They are checked, applied to Fivetran and stored: all of it or nothing. Settings
    that are left out have their default; a value that only repeats a default stays a default."""
    with precondition():
        change = change_settings(
            configuration, engine, customer, document,
            by=principal.editor, expected_version=expected_version(if_match),
        )  # fmt: skip
    return _saved(response, change)


@router.get("/history")
def get_history(connection: ConnectionDep, customer: CustomerDep) -> list[SettingsVersionAnswer]:
    """Returns all versions, newest first: who, when, and what changed."""
    return [SettingsVersionAnswer.model_validate(one) for one in settings_history(connection, customer)]


@router.get("/history/{version}", responses=errors(404))
def get_version(version: Version, connection: ConnectionDep, customer: CustomerDep) -> SettingsDocumentAnswer:
    """Returns one version with its document."""
    return SettingsDocumentAnswer.model_validate(settings_version(connection, customer, version))


@router.post("/restore/{version}", dependencies=[_writing], responses=errors(404, 409, 412, 502))
def restore(
    version: Version,
    response: Response,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    if_match: IfMatch = None,
) -> SettingsSavedAnswer:
    """Save an older version again, as the newest one."""
    with precondition():
        change = restore_settings(
            configuration, engine, customer, version,
            by=principal.editor, expected_version=expected_version(if_match),
        )  # fmt: skip
    return _saved(response, change)


@router.post("/preview", dependencies=[_writing], responses=errors(409))
def preview(
    document: Document,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    turns: HeavyTurnsDep,
    limit: Limit = 100,
) -> PreviewAnswer:
    """Previews what these settings would change if they were saved: accounts whose match, value or health
    would be different. Computed from the data that is there; nothing is saved, and Fivetran is not
    changed."""
    # dbt's adapters and the matching take a second to import, and few processes ever need them.
    from kpi_platform.pipeline.preview import preview_settings

    change = change_settings(configuration, engine, customer, document, by=principal.editor, dry_run=True)
    with turns.take(customer):
        found = preview_settings(configuration, engine, customer, change.settings)
    return PreviewAnswer.of(found, limit)


def _saved(response: Response, change: SettingsChange) -> SettingsSavedAnswer:
    response.headers["ETag"] = etag(change.version)
    return SettingsSavedAnswer.model_validate(
        {
            "version": change.version,
            "changes": change.changes,
            "applied": change.applied,
            "warnings": change.warnings,
            "settings": change.settings.document(),
        }
    )
