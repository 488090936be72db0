"""`kpi-platform web`: the web app and the REST API."""

from typing import Annotated

import typer

from kpi_platform.cli.output import cli_errors
from kpi_platform.cli.ports import WEB_PORT
from kpi_platform.configuration import Configuration


def register(app: typer.Typer) -> None:
    app.command()(web)


@cli_errors
def web(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = WEB_PORT,
) -> None:
    """Serve the web app and the REST API (OpenAPI at /docs). Ctrl-C ends it."""
    import uvicorn

    from kpi_platform.dashboard.database import create_or_require
    from kpi_platform.web.app import create_app

    app = create_app(Configuration.from_environment())
    create_or_require(app.state.engine)
    # The request log would hold the keys of sign-in links; /metrics counts the requests.
    # Streams of progress that are still open must not hold up the end.
    uvicorn.run(
        app, host=host, port=port, log_level="info", access_log=False, server_header=False,
        timeout_graceful_shutdown=3,
    )  # fmt: skip
