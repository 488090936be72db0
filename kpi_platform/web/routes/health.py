"""Liveness, readiness and figures of the app, for its operator."""

from typing import Literal

from fastapi import APIRouter, Request, Response

from kpi_platform.web.dependencies import ConfigurationDep, EngineDep
from kpi_platform.web.metrics import Metrics
from kpi_platform.web.readiness import Readiness
from kpi_platform.web.schemas.answers import Answer, errors

router = APIRouter(tags=["operation"])


class HealthAnswer(Answer):
    status: Literal["ok"]


@router.get("/healthz")
async def healthz() -> HealthAnswer:
    """Returns the process answers. Waits for no thread and no database."""
    return HealthAnswer(status="ok")


@router.get("/readyz", responses=errors(503))
async def readyz(request: Request) -> HealthAnswer:
    """Says whether the dashboard database answers within three seconds, and has this program's schema."""
    readiness: Readiness = request.app.state.readiness
    await readiness.require()
    return HealthAnswer(status="ok")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request, engine: EngineDep, configuration: ConfigurationDep) -> Response:
    """Returns the figures for Prometheus."""
    figures: Metrics = request.app.state.metrics
    return Response(
        figures.text(engine, configuration.fivetran_calls_per_hour),
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )
