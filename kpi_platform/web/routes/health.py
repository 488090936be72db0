"""Whether the app lives, is ready, and how it does: for whoever runs it."""

from typing import Literal

from fastapi import APIRouter, Request, Response

from kpi_platform.dashboard.database import require_current_schema
from kpi_platform.web.dependencies import EngineDep
from kpi_platform.web.metrics import Metrics
from kpi_platform.web.schemas.answers import Answer, errors

router = APIRouter(tags=["operation"])


class HealthAnswer(Answer):
    status: Literal["ok"]


@router.get("/healthz")
def healthz() -> HealthAnswer:
    """The process answers."""
    return HealthAnswer(status="ok")


@router.get("/readyz", responses=errors(503))
def readyz(engine: EngineDep) -> HealthAnswer:
    """The dashboard database answers and has this program's schema."""
    require_current_schema(engine)
    return HealthAnswer(status="ok")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request, engine: EngineDep) -> Response:
    """For Prometheus."""
    figures: Metrics = request.app.state.metrics
    return Response(figures.text(engine), media_type="text/plain; version=0.0.4; charset=utf-8")
