"""`kpi-platform`: the command line. Each group of commands has a file of its own beside this one.

Start-up is part of the tool: the command files import typer and the standard library only; what a command
needs is imported when it runs.
"""

from importlib.metadata import version
from typing import Annotated

import typer

from kpi_platform.adapters.private_home import keep_private
from kpi_platform.cli import (
    alerts,
    backtest,
    backup,
    claims,
    customers,
    dagster_home,
    db,
    demo,
    doctor,
    explain,
    history,
    local,
    matching,
    run,
    secrets,
    settings,
    status,
    tokens,
    up,
    uploads,
    web,
    webhook,
)
from kpi_platform.cli.output import cli_errors
from kpi_platform.configuration import Configuration

app = typer.Typer(
    name="kpi-platform",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Fourteen customer-success KPIs from Salesforce and ServiceNow, for all accounts of all customers.",
    epilog="Start with `kpi-platform demo`, then `up`. `kpi-platform COMMAND --help` explains each.",
)

for group in (
    demo,
    up,
    web,
    run,
    status,
    explain,
    history,
    backtest,
    customers,
    claims,
    dagster_home,
    settings,
    secrets,
    matching,
    uploads,
    alerts,
    tokens,
    db,
    backup,
    webhook,
    local,
    doctor,
):
    group.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kpi-platform {version('kpi_platform')}")
        raise typer.Exit


@app.callback()
@cli_errors
def options(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Reads the options that every command has."""
    del show_version
    # Doctor says what is open, and changes nothing.
    if context.invoked_subcommand != "doctor":
        keep_private(Configuration.from_environment())
