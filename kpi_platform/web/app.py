"""The web app: REST API and pages, over the dashboard database. It knows no Dagster."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_dashboard
from kpi_platform.web.edge import MAX_BODY_BYTES, Edge
from kpi_platform.web.errors import answer_unhandled, register_error_handlers
from kpi_platform.web.metrics import MeasureRequests, Metrics
from kpi_platform.web.openapi import correct_openapi
from kpi_platform.web.routes import api, docs, health, pages, sign_in, webhooks
from kpi_platform.web.sessions import Sessions
from kpi_platform.web.throttle import Throttle


def create_app(configuration: Configuration) -> FastAPI:
    """The application of an installation. Opens no connection before the first request."""
    engine = open_dashboard(configuration)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(
        title="kpi_platform",
        summary="Customer-success KPIs from Salesforce and ServiceNow.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.configuration = configuration
    app.state.engine = engine
    app.state.sessions = Sessions.of(configuration)
    app.state.throttle = Throttle()
    app.state.metrics = Metrics()
    register_error_handlers(app)
    app.include_router(api.router)
    app.include_router(webhooks.router)
    app.include_router(health.router)
    app.include_router(docs.router)
    app.include_router(sign_in.router)
    pages.register(app)
    correct_openapi(app)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY_BYTES)
    app.add_middleware(MeasureRequests, metrics=app.state.metrics)
    app.add_middleware(Edge, on_error=answer_unhandled)
    return app
