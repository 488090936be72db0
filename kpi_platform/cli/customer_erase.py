"""`kpi-platform customer erase`: a customer goes, with everything that is known of it."""

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from kpi_platform.cli.arguments import CustomerKey
from kpi_platform.cli.dashboard import dashboard, who
from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.configuration import Configuration


class Connections(StrEnum):
    PAUSE = "pause"
    DELETE = "delete"
    KEEP = "keep"


@cli_errors
def erase(
    key: CustomerKey,
    connections: Annotated[
        Connections, typer.Option(help="What becomes of its connections in Fivetran.")
    ] = Connections.PAUSE,
    raw_schemas: Annotated[
        bool, typer.Option("--raw-schemas", help="Drop the schemas that Fivetran lands its sources in, too.")
    ] = False,
    keep_audit: Annotated[
        bool, typer.Option("--keep-audit", help="Keep who did what to it, under its key.")
    ] = False,
    current_only: Annotated[
        bool,
        typer.Option("--current-destination", help="Leave out destinations that only old settings name."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the proof as JSON.")] = False,
) -> None:
    """Delete all data of a customer, everywhere, for good, and prove it: what was there and what is left.

    `customer remove` can be undone, this cannot. A customer that was removed before can be erased too. One
    event of the audit trail stays. Backups made before still hold the data. Exit code 1 if anything is left.
    """
    from kpi_platform.dashboard.offboarding import erase_dashboard, find_leaver, retire
    from kpi_platform.defs.erase import erase_in_dagster, require_idle
    from kpi_platform.pipeline.backtest.run import erase_computed_parts
    from kpi_platform.pipeline.erase import end_connections, erase_in_destinations

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine:
        with engine.connect() as connection:
            leaver = find_leaver(connection, key)
        question = f"Erase customer {key} ({leaver.customer.name}) and all its data, for good?"
        if not yes and not typer.confirm(question):
            raise typer.Exit(1)
        with engine.begin() as connection:
            retire(connection, leaver, who=who())
        # Nothing new begins from here on. The settings, which name all other places, go last: after an error
        # the same command goes on.
        require_idle(configuration, key)
        proof = list(end_connections(configuration, engine, leaver, connections.value))
        proof += erase_in_destinations(
            configuration, engine, leaver, raw_schemas=raw_schemas, former=not current_only
        )
        proof += erase_in_dagster(configuration, key)
        proof.append(erase_computed_parts(configuration, key))
        proof += erase_dashboard(engine, leaver, who=who(), keep_audit=keep_audit)
    proved = all(one.proved for one in proof)
    if as_json:
        print_json({"key": key, "erased": proved, "proof": [asdict(one) for one in proof]})
    else:
        rows = [(one.place, one.before, one.left, one.kept or None) for one in proof]
        print_table(f"What was known of {key}", ("where", "before", "left", "kept because"), rows)
        if proved:
            console.print(f"[green]✓[/] Erased customer {key}.", highlight=False)
    if not proved:
        raise typer.Exit(1)
