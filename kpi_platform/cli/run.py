"""`kpi-platform run`: the whole job for some customers, in this process."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kpi_platform.cli.arguments import customer_keys
from kpi_platform.cli.dashboard import dashboard
from kpi_platform.cli.output import cli_errors, console, print_json, print_line
from kpi_platform.configuration import Configuration
from kpi_platform.domain.as_of_range import as_of_range as instants_between
from kpi_platform.domain.as_of_range import parse_as_of
from kpi_platform.domain.errors import InvalidInput

if TYPE_CHECKING:
    from sqlalchemy import Engine


def register(app: typer.Typer) -> None:
    @app.command()
    @cli_errors
    def run(
        customers: Annotated[
            list[str],
            typer.Argument(help="Keys of the customers.", show_default=False, autocompletion=customer_keys),
        ],
        as_of: Annotated[
            str | None,
            typer.Option(help="Compute for this instant (ISO 8601, UTC if no zone is given). Default: now."),
        ] = None,
        as_of_range: Annotated[
            tuple[str, str] | None,
            typer.Option(
                "--as-of-range", metavar="FROM TO", help="Compute for every instant from FROM to TO."
            ),
        ] = None,
        every: Annotated[str, typer.Option(help="Step of --as-of-range: 12h, 1d, 1w.")] = "1d",
        skip_sync: Annotated[
            bool, typer.Option("--skip-sync", help="Compute from what the destination already holds.")
        ] = False,
        strict: Annotated[
            bool,
            typer.Option(
                "--strict",
                help="Compute only from what was known at the instant. What fields of the account hold today "
                "is not used for the past, unless history mode or an earlier run tells what they held then.",
            ),
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    ) -> None:
        """Sync, compute, match and load CUSTOMERS here and now, without daemon or server.

        Many customers are done in batches, two at once, each in a process of its own.

        The runs appear in Dagster's web UI. Exit code 1 when any customer failed; the others are loaded all
        the same.
        """
        instants = _instants(as_of, as_of_range, every)
        configuration = Configuration.from_environment()
        with dashboard(configuration) as engine:
            outcomes = run_all(configuration, engine, customers, instants, skip_sync=skip_sync, strict=strict)
        if as_json:
            print_json(outcomes)
        else:
            print_outcomes(outcomes)
        if any(outcome["failed"] for outcome in outcomes):
            raise typer.Exit(1)


def run_all(
    configuration: Configuration,
    engine: "Engine",
    customers: list[str],
    instants: Iterable[datetime],
    *,
    skip_sync: bool,
    strict: bool = False,
) -> list[dict[str, Any]]:
    """Runs the job once for each instant, oldest first, and syncs at most once. The outcomes are JSON.
    `strict`: only from what was known at each instant.

    Before anything starts, raises Damaged if a database of the home cannot be read, and
    MissingConfiguration if Fivetran's key is missing. If Fivetran takes no calls, each customer's
    `error_handling` says what follows.
    """
    from kpi_platform.adapters.fivetran import open_fivetran
    from kpi_platform.dashboard.customers import get_customer
    from kpi_platform.defs.run_batches import run_batches
    from kpi_platform.pipeline.state_files import damaged_files

    with engine.connect() as connection:
        keys = [get_customer(connection, key).key for key in dict.fromkeys(customers)]
    # Whoever waits at a terminal hears it now, and not when every retry of every sync has failed.
    for damage in damaged_files(configuration, thorough=False):
        raise damage
    if not skip_sync:
        # Names a key that is missing; what Fivetran answers is for each customer's policy.
        open_fivetran(configuration).close()
    outcomes = []
    with console.status("Starting …") as status:
        for number, instant in enumerate(instants):
            outcome = run_batches(
                configuration,
                engine,
                keys,
                as_of=instant,
                skip_sync=skip_sync or number > 0,
                on_progress=lambda line: _progress(status, line),
                strict=strict,
            )
            outcomes.append(
                {
                    "as_of": instant.isoformat(),
                    "run_ids": list(outcome.run_ids),
                    "loaded": dict(outcome.loaded),
                    "failed": dict(outcome.failed),
                    "left_out": _left_out(engine, keys, instant),
                    "findings": {customer: list(found) for customer, found in outcome.findings.items()},
                }
            )
    return outcomes


def print_outcomes(outcomes: list[dict[str, Any]]) -> None:
    """Prints for each instant and customer the upload, or why there is none, what its checks found, and who
    does not count."""
    for outcome in outcomes:
        console.print(f"as of {outcome['as_of']}", highlight=False)
        for customer, version in outcome["loaded"].items():
            console.print(f"  [green]✓[/] {customer}  upload {version}", highlight=False)
            _print_findings(outcome["findings"].get(customer, ()))
        for customer, reason in outcome["failed"].items():
            print_line(f"{customer}  {reason}", "  [red]✗[/] ")
            # What failed it was said.
            _print_findings(one for one in outcome["findings"].get(customer, ()) if one not in reason)
        for customer, sentence in outcome["left_out"].items():
            if sentence not in outcome["failed"].get(customer, ""):
                print_line(f"  {customer}: {sentence}")


def _print_findings(found: Iterable[str]) -> None:
    for text in found:
        print_line(text, "    [yellow]![/] ")


def _left_out(engine: "Engine", customers: list[str], instant: datetime) -> dict[str, str]:
    """Customer → which of its accounts do not count, in words, of those that the run at `instant` built."""
    from kpi_platform.dashboard.account_counts import account_counts

    with engine.connect() as connection:
        built = account_counts(connection, customers)
    return {
        customer: one.counts.sentence()
        for customer, one in built.items()
        if one.as_of == instant and one.counts.left_out
    }


def _instants(as_of: str | None, as_of_range: tuple[str, str] | None, every: str) -> list[datetime]:
    if as_of is not None and as_of_range is not None:
        raise InvalidInput("--as-of and --as-of-range exclude each other.", next_step="Give one of them.")
    if as_of_range is not None:
        first, last = map(parse_as_of, as_of_range)
        return list(instants_between(first, last, every))
    return [parse_as_of(as_of) if as_of else datetime.now(UTC)]


def _progress(status: Any, line: str) -> None:
    """On a terminal the line changes in place; elsewhere it goes to standard error, beside the result."""
    status.update(line)
    if not console.is_terminal:
        typer.echo(line, err=True)
