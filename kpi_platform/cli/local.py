"""`kpi-platform local-fivetran`: the local Fivetran on its own."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kpi_platform.cli.output import cli_errors
from kpi_platform.configuration import LOCAL_FIVETRAN_KEY, Configuration

_PORT = typer.Option(
    help="The port to listen on, on the loopback address; the default is that of FIVETRAN_API_URL."
)
_BEHAVIOUR = typer.Option(
    metavar="NAME=VALUE",
    help="How the account behaves, as often as needed: plan=trial, setup_test_seconds=20, reload_seconds=120,"
    " historical_sync_seconds=7200, time_lapse=60, loopback_webhooks=true, webhook_prefix=connection.",
)
_HOME = typer.Option(help="Where all local state lives; the default is KPI_PLATFORM_HOME.")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("local-fivetran")(local_fivetran)


@cli_errors
def local_fivetran(
    port: Annotated[int | None, _PORT] = None,
    home: Annotated[Path | None, _HOME] = None,
    behaviour: Annotated[list[str] | None, _BEHAVIOUR] = None,
) -> None:
    """Serve Fivetran's REST API on this machine, with sample sources. Ctrl-C ends it.

    Its connections really land rows: in the embedded DuckDB warehouse, or in PostgreSQL. Point
    FIVETRAN_API_URL at the address that it prints to use it from elsewhere.
    """
    from kpi_platform.local.behaviour import parse_behaviour
    from kpi_platform.local.samples import SAMPLE_CUSTOMERS
    from kpi_platform.local.samples.profiles import SAMPLED
    from kpi_platform.local.server import HOST, serve

    behaves = parse_behaviour(behaviour or [])
    configuration = Configuration.from_environment()
    changes = {} if configuration.uses_local_fivetran else {"FIVETRAN_API_URL": ""}
    changes |= {} if home is None else {"KPI_PLATFORM_HOME": str(home)}
    configuration = Configuration.from_environment({**configuration.environment, **changes})
    port = configuration.local_fivetran_port if port is None else port
    console = Console()
    console.print(f"Local Fivetran on [bold]http://{HOST}:{port}[/bold] (Ctrl-C ends it)")
    key = configuration.get("FIVETRAN_API_KEY")
    if key is None:
        console.print(f"  key {LOCAL_FIVETRAN_KEY}, secret {LOCAL_FIVETRAN_KEY}")
    else:
        console.print("  key and secret as in FIVETRAN_API_KEY and FIVETRAN_API_SECRET")
    console.print(f"  state in {configuration.local_fivetran_home}, rows in {configuration.warehouse_file}")
    for customer in SAMPLE_CUSTOMERS:
        ids = ", ".join(customer.settings[source]["connection_id"] for source in SAMPLED)
        console.print(f"  {customer.name} ({customer.key}): {ids}")
    serve(configuration, port, behaves)
