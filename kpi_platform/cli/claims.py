"""`kpi-platform claim …`: whose the connections and raw schemas are."""

from dataclasses import asdict
from typing import Annotated

import typer

from kpi_platform.cli.arguments import customer_keys
from kpi_platform.cli.dashboard import dashboard, who
from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.configuration import Configuration


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Show and end claims on connections and raw schemas.")
    app.add_typer(group, name="claim")
    group.command(name="list")(list_)
    group.command(name="end")(end)


@cli_errors
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """List the claimed connections and raw schemas, with owner and place."""
    from kpi_platform.dashboard.claims import all_claims
    from kpi_platform.domain.claims import ERASED

    with dashboard(Configuration.from_environment()) as engine, engine.connect() as connection:
        found = all_claims(connection)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    rows = [
        (
            one.customer or ERASED,
            one.kind,
            one.name,
            one.place or "Fivetran",
            "" if one.held else "came later",
        )
        for one in found
    ]
    print_table("Claims", ("customer", "kind", "name", "place", "note"), rows)


@cli_errors
def end(
    schema: Annotated[str, typer.Argument(help="Name of the raw schema.", show_default=False)],
    customer: Annotated[
        str,
        typer.Option(
            help="Whose destination it is in. Default: that of the environment.",
            autocompletion=customer_keys,
        ),
    ] = "",
) -> None:
    """End the claim on a raw schema that is not there any more, so that another customer can have it.

    A claim ends by itself when `customer erase --raw-schemas` drops the schema. This is for schemas that were
    dropped by hand, or never came to be. One that is still there is refused.
    """
    from kpi_platform.pipeline.places import end_claim

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine:
        end_claim(configuration, engine, schema, customer or None, who=who())
    console.print(f"[green]✓[/] Nobody has a claim on {schema} any more.", highlight=False)
