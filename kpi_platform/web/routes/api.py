"""The REST API, put together."""

from fastapi import APIRouter, Depends

from kpi_platform.web.dependencies import require_scope
from kpi_platform.web.routes import (
    accounts,
    alerts,
    backtests,
    changes,
    config,
    connection_test,
    customers,
    matches,
    past,
    people,
    retention,
    runs,
    schedule,
    sync,
    uploads,
)
from kpi_platform.web.schemas.answers import COMMON_ERRORS

router = APIRouter(prefix="/api", dependencies=[Depends(require_scope("read"))], responses=COMMON_ERRORS)
for topic in (
    sync,
    connection_test,
    alerts,
    schedule,
    config,
    accounts,
    changes,
    retention,
    backtests,
    uploads,
    matches,
    runs,
    past,
    customers,
    people,
):
    router.include_router(topic.router)
