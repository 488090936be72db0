"""Revenue retention of a customer's accounts, all together and by segment."""

from typing import Annotated

from fastapi import APIRouter, Query

from kpi_platform.domain.retention import SegmentKind
from kpi_platform.web.dependencies import ConnectionDep, CustomerDep
from kpi_platform.web.retention import retention_section
from kpi_platform.web.schemas.retention import RetentionAnswer

router = APIRouter(prefix="/retention", tags=["accounts"])


@router.get("")
def get_retention(
    connection: ConnectionDep,
    customer: CustomerDep,
    segment_kind: Annotated[SegmentKind | None, Query(description="Only segments of this kind.")] = None,
) -> RetentionAnswer:
    """Returns net and gross revenue retention, and what became of the recurring revenue, by segment."""
    shown = retention_section(connection, customer)
    return RetentionAnswer.model_validate(
        {
            "as_of": shown.as_of,
            "upload_version": shown.upload_version,
            "basis": shown.basis,
            "window_days": shown.window_days,
            "segments": [
                one for one in shown.segments if segment_kind is None or one.segment_kind == segment_kind
            ],
        }
    )
