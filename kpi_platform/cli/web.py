"""`kpi-platform web`: the web app and the REST API."""

from typing import Annotated

import typer

from kpi_platform.cli.output import cli_errors
from kpi_platform.cli.ports import HOST_OPTION, WEB_PORT, port_option, require_own_address
from kpi_platform.configuration import Configuration


def register(app: typer.Typer) -> None:
    app.command()(web)


@cli_errors
def web(
    host: Annotated[str, HOST_OPTION] = "127.0.0.1",
    port: Annotated[int, port_option("Port to listen on.")] = WEB_PORT,
) -> None:
    """Serve the web app and the REST API (OpenAPI at /docs). Ctrl-C ends it."""
    import uvicorn

    from kpi_platform.adapters.key_file import require_keys
    from kpi_platform.dashboard.database import create_or_require
    from kpi_platform.logs import configure_logs
    from kpi_platform.tracing import configure_traces, trace_requests
    from kpi_platform.web.app import create_app
    from kpi_platform.web.explaining import ExplainsElsewhere
    from kpi_platform.web.server import server_options

    require_own_address(host)
    configuration = Configuration.from_environment()
    require_keys(configuration)
    configure_logs(configuration)
    configure_traces(configuration)
    app = create_app(configuration, host=host, explainer=ExplainsElsewhere(configuration))
    trace_requests(app, app.state.engine)
    create_or_require(app.state.engine)
    uvicorn.run(app, host=host, port=port, **server_options(configuration))
