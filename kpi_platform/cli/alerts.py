"""`kpi-platform alert …`: the alerts that were sent, and how a receiver knows that they are from us."""

from typing import Annotated

import typer

from kpi_platform.cli.arguments import CustomerKey
from kpi_platform.cli.dashboard import dashboard
from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.configuration import Configuration

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Show what alerts are open, and check the receiver.")
    app.add_typer(group, name="alert")
    for name, command in (("list", list_), ("key", key), ("test", test)):
        group.command(name=name)(command)


@cli_errors
def list_(customer: CustomerKey, as_json: Json = False) -> None:
    """List CUSTOMER's open alerts, the oldest first."""
    from kpi_platform.dashboard.alerts import open_alerts
    from kpi_platform.dashboard.database import reading

    with dashboard(Configuration.from_environment()) as engine, reading(engine) as connection:
        found = open_alerts(connection, customer)
    if as_json:
        print_json(found)
    elif not found:
        console.print("No alert is open.", highlight=False)
    else:
        heads = ("since", "what", "about", "text", "what to do", "sent")
        rows = [(one.since, one.kind, one.subject, one.text, one.next_step, one.told_at) for one in found]
        print_table(f"Open alerts of {customer}", heads, rows)


@cli_errors
def key(customer: CustomerKey) -> None:
    """Print the secret with which CUSTOMER's receiver checks signatures (standardwebhooks.com)."""
    from kpi_platform.adapters.alerts import signing_secret
    from kpi_platform.dashboard.customers import get_customer
    from kpi_platform.dashboard.database import reading

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine, reading(engine) as connection:
        get_customer(connection, customer)
    typer.echo(signing_secret(configuration, customer))


@cli_errors
def test(customer: CustomerKey) -> None:
    """Send a test alert to every receiver that CUSTOMER's settings name."""
    from kpi_platform.pipeline.alerts import send_test

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine:
        tested = send_test(configuration, engine, customer)
    for one in tested:
        sign = "[red]✗[/]" if one.error else "[green]✓[/]"
        console.print(f"{sign} {one.channel}: {one.error or 'has taken a test alert.'}", highlight=False)
    if any(one.error for one in tested):
        raise typer.Exit(1)
