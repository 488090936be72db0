"""`kpi-platform secret …`: which secrets the settings of a customer may name."""

from typing import Annotated

import typer

from kpi_platform.cli.arguments import CustomerKey
from kpi_platform.cli.dashboard import dashboard, who
from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.configuration import Configuration

Name = Annotated[str, typer.Argument(help="Name of the environment variable.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Allow a customer's settings to name a secret, and see what they name."
    )
    app.add_typer(group, name="secret")
    for name, command in (("allow", allow), ("list", list_), ("forbid", forbid)):
        group.command(name=name)(command)


@cli_errors
def allow(customer: CustomerKey, name: Name, as_json: Json = False) -> None:
    """Let CUSTOMER's settings name the secret NAME, or confirm what an upgrade has listed.

    Names that begin with KPI_SECRET_ and the customer's key in capitals need no permission.
    WAREHOUSE_PASSWORD and WAREHOUSE_PRIVATE_KEY_PATH let the customer's warehouse use the installation's
    credentials wherever it is.
    """
    from kpi_platform.dashboard.allowed_secrets import allow_secret
    from kpi_platform.dashboard.audit import record_event
    from kpi_platform.domain.errors import InvalidInput
    from kpi_platform.domain.secret_names import is_name, is_own
    from kpi_platform.pipeline.customer_settings import customer_secrets

    if not is_name(name):
        # The argument may be the secret itself, so no message repeats it.
        raise InvalidInput(
            "That is no name of a secret.",
            next_step="Give the name of an environment variable: capital letters, digits and '_'.",
        )
    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine, engine.begin() as connection:
        if not is_own(name, customer, customer_secrets(configuration, connection, customer).longer_keys):
            allow_secret(connection, customer, name, who=who())
            record_event(connection, who=who(), action="secret.allow", target=name, customer=customer)
    if as_json:
        print_json({"customer": customer, "name": name, "allowed": True})
        return
    console.print(f"[green]✓[/] The settings of {customer} may name {name}.", highlight=False)
    if configuration.get(name) is None:
        console.print(f"    {name} is not set here. Set it where kpi_platform runs.", highlight=False)


@cli_errors
def list_(customer: CustomerKey, as_json: Json = False) -> None:
    """List the secrets that CUSTOMER's settings name or may name, and whether it gets them."""
    from kpi_platform.dashboard.customers import get_customer
    from kpi_platform.dashboard.database import reading
    from kpi_platform.pipeline.named_secrets import named_secrets

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine, reading(engine) as connection:
        get_customer(connection, customer)
        found = named_secrets(configuration, connection, [customer])
    if as_json:
        print_json(found)
    elif not found:
        console.print(f"The settings of {customer} name no secret.", highlight=False)
    else:
        rows = [(one.name, ", ".join(one.settings), one.right, one.problem or "usable") for one in found]
        print_table(f"Secrets of {customer}", ("name", "named by", "may be used", "state"), rows)


@cli_errors
def forbid(customer: CustomerKey, name: Name, as_json: Json = False) -> None:
    """Take the secret NAME from what CUSTOMER's settings may name. It holds from the next use on."""
    from kpi_platform.dashboard.allowed_secrets import forbid_secret
    from kpi_platform.dashboard.audit import record_event

    with dashboard(Configuration.from_environment()) as engine, engine.begin() as connection:
        forbid_secret(connection, customer, name)
        record_event(connection, who=who(), action="secret.forbid", target=name, customer=customer)
    if as_json:
        print_json({"customer": customer, "name": name, "allowed": False})
    else:
        console.print(f"[green]✓[/] The settings of {customer} may no longer name {name}.", highlight=False)
