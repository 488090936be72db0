"""The page of changes: whose health got worse or better and why, which accounts came, left or lost values."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from kpi_platform.dashboard.definitions import kpi_definitions
from kpi_platform.pipeline.changes import changes_since
from kpi_platform.web.dependencies import ConnectionDep, CustomerDep
from kpi_platform.web.formats import REASON_WORDS
from kpi_platform.web.moved_score import reason_name
from kpi_platform.web.page import CustomerPageDep

router = APIRouter(include_in_schema=False)

Period = Literal["day", "week", "month", "quarter"]

_PERIODS: dict[Period, tuple[str, int]] = {
    "day": ("Since yesterday", 1),
    "week": ("7 days", 7),
    "month": ("30 days", 30),
    "quarter": ("90 days", 90),
}
_SHOWN = 50
REASONS = 2
"""How many reasons a row has; the account's page has all."""


@router.get("/changes")
def show_changes(
    page: CustomerPageDep, connection: ConnectionDep, customer: CustomerDep, period: Period = "week"
) -> HTMLResponse:
    """Shows what changed in the `period` that ends now."""
    since = datetime.now(UTC) - timedelta(days=_PERIODS[period][1])
    return page.show(
        "changes.html",
        changes=changes_since(connection, customer, since, _SHOWN),
        periods=_PERIODS,
        period=period,
        definitions=kpi_definitions(connection, customer),
        reason_name=reason_name,
        reasons_shown=REASONS,
        reason_words=REASON_WORDS,
    )
