"""`kpi-platform db …`: the schema of the dashboard database."""

from typing import Annotated

import typer

from kpi_platform.cli.output import cli_errors, console, print_json
from kpi_platform.configuration import Configuration

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Bring the dashboard database to this version, or look.")
    app.add_typer(group, name="db")
    group.command()(upgrade)
    group.command()(current)


@cli_errors
def upgrade(as_json: Json = False) -> None:
    """Create the dashboard database's tables, or bring them to the version of this program."""
    from kpi_platform.dashboard import database

    engine = database.open_dashboard(Configuration.from_environment())
    before = database.current_revision(engine)
    database.upgrade(engine)
    _print(as_json, before, database.newest_revision())


@cli_errors
def current(as_json: Json = False) -> None:
    """Show the schema version of the dashboard database. Exit code 1 if it is not this program's."""
    from kpi_platform.dashboard import database

    engine = database.open_dashboard(Configuration.from_environment())
    found = database.current_revision(engine)
    database.require_current_schema(engine)
    _print(as_json, found, database.newest_revision())


def _print(as_json: bool, before: str | None, now: str) -> None:
    if as_json:
        print_json({"before": before, "current": now})
    elif before == now:
        console.print(f"The dashboard database has schema version {now}, as it should.")
    else:
        console.print(f"The dashboard database went from schema version {before or 'none'} to {now}.")
