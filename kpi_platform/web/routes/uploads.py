"""Versions of the load: list, compare, take back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.load_holds import open_hold, release_hold
from kpi_platform.dashboard.rollback import rollback
from kpi_platform.dashboard.upload_diff import diff_uploads
from kpi_platform.dashboard.uploads import Upload, get_upload, list_uploads
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.schemas.answers import Limit, Offset, errors
from kpi_platform.web.schemas.uploads import HeldLoadAnswer, UploadAnswer, UploadDiffAnswer

router = APIRouter(prefix="/uploads", tags=["uploads"])

Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
OrNone = Annotated[int, Path(ge=0, le=2**31 - 1, description="0 is before the first.")]


@router.get("")
def get_uploads(
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    limit: Limit = 50,
    offset: Offset = 0,
) -> list[UploadAnswer]:
    """Returns the uploads, newest first, with what each changed."""
    uploads = list_uploads(connection, customer, limit=limit, offset=offset)
    return [_upload(configuration, upload) for upload in uploads]


@router.get("/held")
def get_held_load(connection: ConnectionDep, customer: CustomerDep) -> HeldLoadAnswer | None:
    """Returns the load that is held because it would do harm, or was released and is not loaded yet; else
    null."""
    held = open_hold(connection, customer)
    return HeldLoadAnswer.model_validate(held) if held else None


@router.post("/held/release", dependencies=[Depends(require_scope("write"))], responses=errors(404))
def release_held_load(
    engine: EngineDep, customer: CustomerDep, principal: CurrentPrincipal
) -> HeldLoadAnswer:
    """Let the held load through: the next run of the customer brings it, and starts by itself."""
    with engine.begin() as connection:
        return HeldLoadAnswer.model_validate(release_hold(connection, customer, who=principal.name))


@router.get("/{version}", responses=errors(404))
def get_one_upload(
    version: Version, configuration: ConfigurationDep, connection: ConnectionDep, customer: CustomerDep
) -> UploadAnswer:
    """Returns one upload."""
    return _upload(configuration, get_upload(connection, customer, version))


@router.post(
    "/{version}/rollback", dependencies=[Depends(require_scope("write"))], responses=errors(404, 409)
)
def take_back(
    version: Version,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> UploadAnswer:
    """Take an upload back, with all later ones: the dashboard shows again what it showed before. That is a
    new upload, which can be taken back in turn."""
    with engine.begin() as connection:
        upload = rollback(connection, customer, version, who=principal.name)
        target = f"upload {version}"
        record_event(
            connection, who=principal.name, action="upload.rollback", target=target, customer=customer
        )
    return _upload(configuration, upload)


@router.get("/{first}/diff/{second}", responses=errors(404))
def get_diff(
    first: OrNone,
    second: OrNone,
    connection: ConnectionDep,
    customer: CustomerDep,
    kpi: Annotated[str | None, Query(max_length=100, description="Only values of this KPI.")] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    offset: Offset = 0,
) -> UploadDiffAnswer:
    """Returns what the dashboard showed after the second upload and not after the first. Values whose band
    changed come first, then those that came or went, then the others by how far they moved."""
    diff = diff_uploads(connection, customer, first, second, kpi=kpi, limit=limit, offset=offset)
    return UploadDiffAnswer.model_validate(diff)


def _upload(configuration: Configuration, upload: Upload) -> UploadAnswer:
    answer = UploadAnswer.model_validate(upload)
    return answer.model_copy(update={"run_url": configuration.run_url(upload.run_id)})
