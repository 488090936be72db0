"""The page of revenue retention, of all accounts and by industry, region or success manager."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from kpi_platform.domain.retention import SegmentKind
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.web.dependencies import ConfigurationDep, ConnectionDep, CustomerDep
from kpi_platform.web.page import CustomerPageDep
from kpi_platform.web.retention import SEGMENT_KINDS, retention_section

router = APIRouter(include_in_schema=False)


@router.get("/retention")
def show_retention(
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    by: SegmentKind = "industry",
) -> HTMLResponse:
    """Shows the retention of all accounts, and of the segments of the kind `by`."""
    kinds = {kind: name for kind, name in SEGMENT_KINDS.items() if kind != "all"}
    chosen = by if by in kinds else "industry"
    settings = effective_settings(configuration, connection, customer)
    return page.show(
        "retention.html",
        retention=retention_section(connection, customer),
        kinds=kinds,
        by=chosen,
        dated=settings.revenue.fx == "dated",
    )
