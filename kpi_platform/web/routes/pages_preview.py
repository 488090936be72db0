"""A preview that is computed in the background, as the part of the page that follows it."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.previews import end_preview, get_preview
from kpi_platform.web.dependencies import CustomerDep, EngineDep, require_scope
from kpi_platform.web.page import CustomerPageDep, Page

router = APIRouter(prefix="/settings/preview", include_in_schema=False)

PreviewId = Annotated[str, Path(min_length=1, max_length=64)]


@router.get("/{preview_id}")
def follow_preview(
    preview_id: PreviewId, page: CustomerPageDep, engine: EngineDep, customer: CustomerDep
) -> HTMLResponse:
    """Shows how far the preview is, or what it has found."""
    return show_preview(page, engine, customer, preview_id)


@router.post("/{preview_id}/cancel", dependencies=[Depends(require_scope("write"))])
def cancel_preview(
    preview_id: PreviewId, page: CustomerPageDep, engine: EngineDep, customer: CustomerDep
) -> HTMLResponse:
    """Cancels the preview; whoever computes it stops within a second. One that has ended stays as it is."""
    with engine.begin() as connection:
        get_preview(connection, customer, preview_id)
        end_preview(connection, preview_id, "cancelled")
    return show_preview(page, engine, customer, preview_id)


def show_preview(page: Page, engine: sa.Engine, customer: str, preview_id: str) -> HTMLResponse:
    """Returns the part of the page; while it is computed, the part asks again."""
    with reading(engine) as connection:
        return page.show("_preview.html", job=get_preview(connection, customer, preview_id))
