"""`kpi-platform dagster-home` writes Dagster's settings to the place in which Dagster's own commands look for
them."""

import typer

from kpi_platform.cli.output import cli_errors
from kpi_platform.configuration import Configuration


def register(app: typer.Typer) -> None:
    app.command("dagster-home")(dagster_home)


@cli_errors
def dagster_home() -> None:
    """Write dagster.yaml and the limits of the pools, as the environment says, and print the folder.

    Set DAGSTER_HOME to it for Dagster's own commands. `up` and `run` do this by themselves.
    """
    from kpi_platform.defs.instance import prepare_dagster_home

    typer.echo(prepare_dagster_home(Configuration.from_environment()))
