"""The web app: REST API and pages, over the dashboard database. It knows no Dagster."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine
from kpi_platform.web.errors import register_error_handlers
from kpi_platform.web.openapi import correct_openapi
from kpi_platform.web.request_ids import RequestIds
from kpi_platform.web.routes import api, pages, sign_in
from kpi_platform.web.sessions import Sessions
from kpi_platform.web.throttle import Throttle

_MAX_BODY_BYTES = 1_000_000


def create_app(configuration: Configuration) -> FastAPI:
    """The application of an installation. Opens no connection before the first request."""
    engine = open_engine(configuration.dashboard_database_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(
        title="kpi_platform",
        summary="Customer-success KPIs from Salesforce and ServiceNow.",
        lifespan=lifespan,
        max_body_size=_MAX_BODY_BYTES,
    )
    app.state.configuration = configuration
    app.state.engine = engine
    app.state.sessions = Sessions.of(configuration)
    app.state.throttle = Throttle()
    register_error_handlers(app)
    app.include_router(api.router)
    app.include_router(sign_in.router)
    pages.register(app)
    correct_openapi(app)
    app.add_middleware(RequestIds)
    return app
