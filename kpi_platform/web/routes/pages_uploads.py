"""Page 5: the versions of the load, what differs between them, and back to an older one."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BeforeValidator

from kpi_platform.dashboard.definitions import kpi_definitions
from kpi_platform.dashboard.load_holds import open_hold
from kpi_platform.dashboard.upload_diff import diff_uploads
from kpi_platform.dashboard.uploads import Upload, get_upload, list_uploads
from kpi_platform.domain.kpis import Band
from kpi_platform.web.csv_export import BYTE_ORDER_MARK, csv_lines
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    require_scope,
)
from kpi_platform.web.formats import BAND_WORDS, REASON_WORDS, words
from kpi_platform.web.page import CustomerPageDep
from kpi_platform.web.routes.uploads import release_held_load, take_back

router = APIRouter(prefix="/uploads", include_in_schema=False)

Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]
Against = Annotated[int | None, Query(ge=0, le=2**31 - 1)]
OfKpi = Annotated[str | None, Query(max_length=100), BeforeValidator(lambda text: text or None)]
_LIMIT = 50
_EXPORTED = 2_000_000
_HEADS = ("Account", "KPI", "Kind", "Before", "Band before", "After", "Band after")
_DIFF_LIMIT = 100


@router.get("")
def show_uploads(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    offset: Offset = 0,
    done: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> HTMLResponse:
    """Returns all uploads, newest first. `done` is a roll-back that was just made."""
    uploads = list_uploads(connection, customer, limit=_LIMIT + 1, offset=offset)
    made = next((one for one in uploads if one.version == done and one.kind == "rollback"), None)
    return page.show(
        "uploads.html",
        uploads=uploads[:_LIMIT],
        runs={one.version: configuration.run_url(one.run_id) for one in uploads},
        has_more=len(uploads) > _LIMIT,
        limit=_LIMIT,
        offset=offset,
        made=made,
        held=open_hold(connection, customer),
    )


@router.post("/held/release", dependencies=[Depends(require_scope("write"))])
def release(engine: EngineDep, customer: CustomerDep, principal: CurrentPrincipal) -> RedirectResponse:
    """Lets the held load through."""
    release_held_load(engine, customer, principal)
    return RedirectResponse("/uploads", 303)


@router.get("/{version}/diff")
def show_diff(
    version: Version,
    page: CustomerPageDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    against: Against = None,
    kpi: OfKpi = None,
    offset: Offset = 0,
) -> HTMLResponse:
    """Shows what the dashboard showed after the upload and not before it, or not after `against`."""
    uploads = list_uploads(connection, customer)
    first = _before(uploads, version) if against is None else against
    diff = diff_uploads(connection, customer, first, version, kpi=kpi, limit=_DIFF_LIMIT, offset=offset)
    return page.show(
        "upload_diff.html",
        version=version,
        against=first,
        versions=[one.version for one in uploads],
        diff=diff,
        kpi=kpi,
        query={"against": first, "kpi": kpi},
        limit=_DIFF_LIMIT,
        offset=offset,
        definitions=kpi_definitions(connection, customer),
        reason_words=REASON_WORDS,
        band_words=BAND_WORDS,
    )


@router.get("/{version}/diff.csv")
def export_diff(
    version: Version,
    connection: ConnectionDep,
    customer: CustomerDep,
    against: Against = None,
    kpi: OfKpi = None,
) -> Response:
    """Exports all that `show_diff` lists, page by page, as a table."""
    first = _before(list_uploads(connection, customer), version) if against is None else against
    diff = diff_uploads(connection, customer, first, version, kpi=kpi, limit=_EXPORTED)
    definitions = kpi_definitions(connection, customer)
    rows = (
        (
            one.account_name,
            definitions[one.kpi].display_name if one.kpi in definitions else one.kpi,
            words(one.kind),
            *_exported(one.before, one.before_status, one.before_band),
            *_exported(one.after, one.after_status, one.after_band),
        )
        for one in diff.values
    )
    name = f"{customer}_v{first}_to_v{version}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(BYTE_ORDER_MARK + csv_lines([_HEADS, *rows]), media_type="text/csv", headers=headers)


@router.get("/{version}/rollback", dependencies=[Depends(require_scope("write"))])
def confirm_rollback(
    version: Version, page: CustomerPageDep, connection: ConnectionDep, customer: CustomerDep
) -> HTMLResponse:
    """Shows what a roll-back would take back, before it does."""
    upload = get_upload(connection, customer, version)
    uploads = list_uploads(connection, customer)
    later = [one for one in uploads if one.version >= version and one.status == "applied"]
    before = _before(uploads, version)
    diff = diff_uploads(connection, customer, uploads[0].version, before, limit=1)
    return page.show("rollback.html", upload=upload, later=later, before=before, diff=diff)


@router.post("/{version}/rollback", dependencies=[Depends(require_scope("write"))])
def roll_back(
    version: Version,
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
) -> RedirectResponse:
    """Takes the upload back, with all later ones."""
    made = take_back(version, configuration, engine, customer, principal)
    return RedirectResponse(f"/uploads?done={made.version}", 303)


def _before(uploads: Sequence[Upload], version: int) -> int:
    """The upload before `version`, of all, newest first; 0 for the first."""
    return next((one.version for one in uploads if one.version < version), 0)


def _exported(value: float | None, status: str | None, band: Band | None) -> tuple[object, str]:
    """The value, or in words why there is none, and its band in words."""
    reason = REASON_WORDS.get(status, status) if status else ""
    return reason if value is None else value, BAND_WORDS[band] if band else ""
