"""`kpi-platform history`: the weeks before a customer's first load, computed here and now."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kpi_platform.cli.arguments import customer_keys
from kpi_platform.cli.dashboard import dashboard
from kpi_platform.cli.output import cli_errors, console, print_json, print_line
from kpi_platform.configuration import Configuration

if TYPE_CHECKING:
    from sqlalchemy import Engine


def register(app: typer.Typer) -> None:
    @app.command()
    @cli_errors
    def history(
        customers: Annotated[
            list[str],
            typer.Argument(help="Keys of the customers.", show_default=False, autocompletion=customer_keys),
        ],
        weeks: Annotated[
            int | None,
            typer.Option(
                min=1,
                max=104,
                help="So many weeks before this one. Default: those that the first load has asked for.",
            ),
        ] = None,
        cancel: Annotated[
            bool, typer.Option("--cancel", help="Cancel what is still to be computed, and compute nothing.")
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    ) -> None:
        """Compute the past of CUSTOMERS week by week, from what was known then.

        The daemon does the same in the background after a first load. A week that has a load is left as it
        is. Ctrl-C ends it; the daemon, or the next call, goes on.
        """
        configuration = Configuration.from_environment()
        with dashboard(configuration) as engine:
            found = _cancel(engine, customers) if cancel else compute(configuration, engine, customers, weeks)
        if as_json:
            print_json(found)
        else:
            for customer, one in found.items():
                print_line(_sentence(customer, one))
        if any(one["weeks"].get("failed") for one in found.values()):
            raise typer.Exit(1)


def compute(
    configuration: Configuration, engine: "Engine", customers: list[str], weeks: int | None = None
) -> dict[str, dict[str, Any]]:
    """Computes the past of the customers, `weeks` more of it if given. Returns by customer the number of
    weeks by state, as JSON. Raises NotFound for an unknown customer, and Conflict for one without a load."""
    from kpi_platform.defs.past_runs import compute_past
    from kpi_platform.pipeline.past import ask_for_past

    if weeks is not None:
        with engine.begin() as connection:
            for customer in customers:
                ask_for_past(connection, customer, weeks, datetime.now(UTC))
    with console.status("Starting …") as status:
        compute_past(configuration, engine, customers, status.update)
    return _states(engine, customers)


def _cancel(engine: "Engine", customers: list[str]) -> dict[str, dict[str, Any]]:
    from kpi_platform.dashboard.past import cancel_past

    with engine.begin() as connection:
        for customer in customers:
            cancel_past(connection, customer)
    return _states(engine, customers)


def _states(engine: "Engine", customers: list[str]) -> dict[str, dict[str, Any]]:
    from kpi_platform.dashboard.past import get_past

    found = {}
    with engine.connect() as connection:
        for customer in customers:
            past = get_past(connection, customer)
            found[customer] = {
                "weeks": dict(past.weeks) if past else {},
                "begins": past.begins.isoformat() if past else None,
            }
    return found


def _sentence(customer: str, found: dict[str, Any]) -> str:
    weeks = found["weeks"]
    if not weeks:
        return f"{customer}: no week of the past was asked for. Ask for some: --weeks 12"
    states = ", ".join(f"{weeks[state]} {state}" for state in sorted(weeks))
    return f"{customer}: weeks since {found['begins'][:10]}: {states}"
