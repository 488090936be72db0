"""The local Fivetran as an HTTP server.

    with running(configuration) as base_url: …      # in a thread, for tests and the demonstration
    serve(configuration, port=8799)                 # until Ctrl-C

Its API is Fivetran's (under `/v1`); `routes/control.py` describes the control path (`/_local`).
"""

import asyncio
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBasic
from starlette.exceptions import HTTPException

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import Conflict, KpiPlatformError
from kpi_platform.installation import HEADER
from kpi_platform.local.account import LocalFivetran
from kpi_platform.local.behaviour import Behaviour
from kpi_platform.local.responses import ApiError, check_media_types, invalid_input
from kpi_platform.local.routes import (
    account,
    connect_card,
    connections,
    control,
    control_connections,
    destinations,
    groups,
    schemas,
    syncing,
    webhooks,
)

HOST = "127.0.0.1"
_basic = HTTPBasic(auto_error=False)


def create_app(
    state_home: Path,
    configuration: Configuration,
    *,
    tick_seconds: float = 0.5,
    behaviour: Behaviour | None = None,
    sample: Mapping[str, Any] | None = None,
) -> FastAPI:
    """Returns the server's application. The first start makes the default group and the sample connections;
    `sample` limits those (`{"accounts": 6, "history_days": 60}`). Raises Conflict if `state_home` is in
    use."""
    fivetran = LocalFivetran.open(
        state_home, configuration, tick_seconds=tick_seconds, behaviour=behaviour, sample=sample
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        fivetran.syncs.open()
        yield
        await asyncio.to_thread(fivetran.close)

    app = FastAPI(title="Local Fivetran", lifespan=lifespan, openapi_url=None)
    app.state.fivetran = fivetran
    app.middleware("http")(_gate)
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(KpiPlatformError, _platform_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    for prefix in ("/v1/connections", "/v1/connectors"):
        for router in (connections.router, syncing.router, connect_card.cards, schemas.router):
            app.include_router(router, prefix=prefix)
    app.include_router(syncing.former, prefix="/v1/connectors")
    for module in (account, groups, destinations, webhooks, connect_card, control, control_connections):
        app.include_router(module.router)
    return app


def serve(configuration: Configuration, port: int, behaviour: Behaviour | None = None) -> None:
    """Serves until Ctrl-C. Raises Conflict if the port or the state is in use."""
    with _listening(port) as listener:
        app = create_app(configuration.local_fivetran_home, configuration, behaviour=behaviour)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(_settings(app)).run(sockets=[listener])


@contextmanager
def running(
    configuration: Configuration,
    port: int = 0,
    *,
    tick_seconds: float = 0.5,
    behaviour: Behaviour | None = None,
    sample: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """Serves in a thread, on a free port unless one is given, and yields the base URL (without `/v1`)."""
    with _listening(port) as listener:
        app = create_app(
            configuration.local_fivetran_home,
            configuration,
            tick_seconds=tick_seconds,
            behaviour=behaviour,
            sample=sample,
        )
        server = uvicorn.Server(_settings(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="local-fivetran")
        thread.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """A socket that callers can connect to at once; they wait until the server answers."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with listener:
        try:
            listener.bind((HOST, port))
        except OSError as cause:
            raise Conflict(
                f"The port {port} is in use.", next_step="Stop what listens there, or choose another port."
            ) from cause
        listener.listen(128)
        yield listener


def _settings(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5)


async def _gate(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """The checks that every call of the API passes: faults, the key and secret, the hourly limit."""
    fivetran: LocalFivetran = request.app.state.fivetran
    path = request.url.path
    if not path.startswith("/v1"):
        return await call_next(request)
    path = request.scope["path"] = path.rstrip("/")
    try:
        _require_own(request, fivetran)
        fault = fivetran.faults.take(request.method, path)
        if fault is not None:
            await asyncio.sleep(fault.delay_seconds)
            if fault.error is not None:
                raise fault.error
        await _authorize(request, fivetran.configuration)
        fivetran.limit.take()
        check_media_types(request)
        response = await call_next(request)
    except ApiError as error:
        response = error.response()
    response.headers.update(fivetran.limit.headers())
    fivetran.calls.append((request.method, path, response.status_code))
    return response


def _require_own(request: Request, fivetran: LocalFivetran) -> None:
    """Refuses the calls of another home's installation: their syncs would land in this one's warehouse.
    Callers that do not say whose they are are served, as the real Fivetran does."""
    caller = request.headers.get(HEADER)
    if caller is not None and caller != fivetran.installation:
        message = f"The local Fivetran on this port serves another home: {fivetran.configuration.home}."
        raise ApiError(421, "WrongInstallation", message)


async def _authorize(request: Request, configuration: Configuration) -> None:
    try:
        given = await _basic(request)
    except HTTPException:
        given = None
    expected = configuration.fivetran_api_key, configuration.fivetran_api_secret
    if given is None or not all(
        secrets.compare_digest(ours.encode(), theirs.encode())
        for ours, theirs in zip(expected, (given.username, given.password), strict=True)
    ):
        raise ApiError(401, "Unauthorized", "Invalid authorization credentials")


def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


def _platform_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, KpiPlatformError)
    return ApiError(error.http_status, error.code, str(error)).response()


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return invalid_input(error.errors()[0]).response()


def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.status_code, "InvalidInput")
    return ApiError(error.status_code, code, str(error.detail)).response()
