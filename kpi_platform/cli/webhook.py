"""`kpi-platform webhook …`: Fivetran notifies the web app of finished syncs."""

from dataclasses import asdict
from typing import Annotated

import typer

from kpi_platform.cli.dashboard import dashboard, who
from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.configuration import Configuration

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Id = Annotated[str, typer.Argument(help="Id of the webhook, as `webhook list` shows it.", show_default=False)]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Make, list, test and remove the webhook by which Fivetran tells of syncs."
    )
    app.add_typer(group, name="webhook")
    for name, command in (("create", create), ("list", list_), ("test", test), ("remove", remove)):
        group.command(name=name)(command)


@cli_errors
def create(
    url: Annotated[
        str,
        typer.Option(help="Address. Default: KPI_WEB_URL and /api/webhooks/fivetran.", show_default=False),
    ] = "",
    fivetran_group: Annotated[
        str, typer.Option("--group", help="Only syncs of this Fivetran group.", show_default=False)
    ] = "",
    as_json: Json = False,
) -> None:
    """Have Fivetran notify the web app of every finished sync. The web app must be running at that address.

    Without FIVETRAN_WEBHOOK_SECRET the installation makes a secret for itself and keeps it in its home.
    """
    from kpi_platform.pipeline.fivetran_webhook import create_webhook

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine:
        made = create_webhook(
            configuration, engine, who=who(), url=url or None, group_id=fivetran_group or None
        )
    if as_json:
        print_json(asdict(made))
    else:
        console.print(f"[green]✓[/] Webhook {made.id} posts to {made.url}.", highlight=False, soft_wrap=True)


@cli_errors
def list_(as_json: Json = False) -> None:
    """List the account's webhooks, and whether Fivetran delivers to them."""
    from kpi_platform.pipeline.fivetran_webhook import list_webhooks

    found = list_webhooks(Configuration.from_environment())
    if as_json:
        print_json([asdict(one) for one in found])
    elif not found:
        console.print("There is no webhook. Next: kpi-platform webhook create", highlight=False)
    else:
        rows = [
            (one.id, one.url, ", ".join(one.events), one.group_id or "account", "yes" if one.active else "no")
            for one in found
        ]
        print_table("Webhooks", ("id", "address", "events", "of", "active"), rows)


@cli_errors
def test(
    webhook_id: Annotated[
        str | None,
        typer.Argument(help="Id of the webhook. Default: that of this installation.", show_default=False),
    ] = None,
) -> None:
    """Have Fivetran post a made-up message to a webhook. Exit code 1 if it is not taken."""
    from kpi_platform.pipeline.fivetran_webhook import test_webhook

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine:
        taken, words = test_webhook(configuration, engine, webhook_id)
    mark = "[green]✓[/] Taken" if taken else "[red]✗[/] Not taken"
    console.print(f"{mark}: {words}", highlight=False, soft_wrap=True)
    if not taken:
        raise typer.Exit(1)


@cli_errors
def remove(webhook_id: Id) -> None:
    """Remove a webhook from Fivetran. Finished syncs are then found by looking alone."""
    from kpi_platform.pipeline.fivetran_webhook import remove_webhook

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine:
        remove_webhook(configuration, engine, webhook_id, who=who())
    console.print(f"[green]✓[/] Removed webhook {webhook_id}.", highlight=False)
