"""The web app: REST API and pages, over the dashboard database. It knows no Dagster."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_dashboard
from kpi_platform.web.backtest_keeper import BacktestKeeper
from kpi_platform.web.body import BoundBody
from kpi_platform.web.compression import Compression
from kpi_platform.web.edge import Edge
from kpi_platform.web.errors import answer_unhandled, register_error_handlers
from kpi_platform.web.explaining import Explainer, ExplainsHere
from kpi_platform.web.hosts import OwnHosts
from kpi_platform.web.metrics import MeasureRequests, Metrics
from kpi_platform.web.openapi import correct_openapi
from kpi_platform.web.readiness import Readiness
from kpi_platform.web.routes import api, docs, health, pages, sign_in, webhooks
from kpi_platform.web.sessions import Sessions
from kpi_platform.web.throttle import Throttle
from kpi_platform.web.turns import Turns

READERS_AT_ONCE = 10
"""Requests that hold a connection to the dashboard database; its pool has some more for those that look up a
token meanwhile."""


def create_app(
    configuration: Configuration, *, host: str = "127.0.0.1", explainer: Explainer | None = None
) -> FastAPI:
    """Returns the application of an installation, served on `host`. Opens no connection before the first
    request. Explains values by `explainer`, which it closes, and without one in its own process."""
    engine = open_dashboard(configuration)
    explainer = explainer or ExplainsHere(configuration, engine)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        app.state.backtest_keeper.watch()
        yield
        app.state.backtest_keeper.close()
        app.state.readiness.close()
        explainer.close()
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
    app.state.explainer = explainer
    app.state.readers = asyncio.Semaphore(READERS_AT_ONCE)
    app.state.sessions = Sessions.of(configuration)
    app.state.hosts = OwnHosts.of(configuration, host)
    app.state.sign_in_throttle = Throttle(of_address=5, of_account=20)
    app.state.bearer_throttle = Throttle(of_address=30, of_account=30)
    app.state.heavy_turns = Turns(
        each=2, all_=16, what="explanations, previews or tests", retry_after_seconds=5
    )
    app.state.watch_turns = Turns(each=20, all_=200, what="streams of progress", retry_after_seconds=30)
    app.state.backtest_keeper = BacktestKeeper(configuration, engine)
    app.state.readiness = Readiness(engine)
    app.state.metrics = Metrics()
    register_error_handlers(app)
    app.include_router(api.router)
    app.include_router(webhooks.router)
    app.include_router(health.router)
    app.include_router(docs.router)
    app.include_router(sign_in.router)
    pages.register(app)
    correct_openapi(app)
    app.add_middleware(Compression)
    app.add_middleware(BoundBody)
    app.add_middleware(MeasureRequests, metrics=app.state.metrics)
    app.add_middleware(Edge, hosts=app.state.hosts, on_error=answer_unhandled)
    return app
