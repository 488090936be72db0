"""`kpi-platform token …`: who may use the REST API and the web app."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from kpi_platform.cli.arguments import customer_keys
from kpi_platform.cli.dashboard import dashboard, who
from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.configuration import Configuration

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
_FIELDS = (
    "id", "name", "customer", "scope", "created_by", "created_at", "expires_at", "last_used_at", "revoked_at",
)  # fmt: skip


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Create, list and revoke tokens of the API and the web app."
    )
    app.add_typer(group, name="token")
    for name, command in (("create", create), ("list", list_), ("revoke", revoke)):
        group.command(name=name)(command)
    app.command("sign-in")(sign_in)


@cli_errors
def create(
    name: Annotated[
        str, typer.Argument(help="Whose it is or what for; versions name it.", show_default=False)
    ],
    customer: Annotated[
        str, typer.Option(help="Key of the customer that it is bound to.", autocompletion=customer_keys)
    ] = "",
    operator: Annotated[bool, typer.Option("--operator", help="For an operator: all customers.")] = False,
    scope: Annotated[Scope, typer.Option(help="admin also adds customers, for operators.")] = Scope.READ,
    days: Annotated[
        int, typer.Option(min=0, max=3650, help="Valid for so many days; 0: until revoked.")
    ] = 90,
    as_json: Json = False,
) -> None:
    """Create a token, bound to one customer or to the operator role. It is shown once."""
    from kpi_platform.dashboard.audit import record_event
    from kpi_platform.dashboard.tokens import create_token
    from kpi_platform.domain.errors import InvalidInput

    if bool(customer) == operator:
        raise InvalidInput("Whose token is it?", next_step="Give either --customer KEY or --operator.")
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    with dashboard(Configuration.from_environment()) as engine, engine.begin() as connection:
        text, token = create_token(
            connection,
            name=name,
            customer=customer or None,
            scope=scope.value,
            who=who(),
            expires_at=expires_at,
        )
        record_event(
            connection, who=who(), action="token.create", target=f"token {token.id}",
            customer=token.customer, detail={"name": name, "scope": token.scope},
        )  # fmt: skip
    if as_json:
        print_json({"token": text, **{field: getattr(token, field) for field in _FIELDS}})
        return
    console.print(
        f"[green]✓[/] Token {token.id} for {customer or 'operators'}, scope {scope}.", highlight=False
    )
    console.print("It is shown only now:", highlight=False)
    typer.echo(text)


@cli_errors
def sign_in(
    customer: Annotated[
        str,
        typer.Option(
            help="Key of the customer whose people it is for; default: an operator's.",
            autocompletion=customer_keys,
        ),
    ] = "",
    scope: Annotated[
        Scope | None, typer.Option(help="Default: admin for operators, write for a customer's people.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a link that signs its first visitor in to the web app. It works once, within 15 minutes."""
    from kpi_platform.web.sign_in import LINK_LIFETIME, sign_in_link

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine:
        scope = scope or (Scope.WRITE if customer else Scope.ADMIN)
        link = sign_in_link(configuration, engine, who=who(), customer=customer or None, scope=scope.value)
    if as_json:
        print_json({"link": link, "expires_at": datetime.now(UTC) + LINK_LIFETIME})
    else:
        # Alone, so that a script can take it.
        typer.echo(link)


@cli_errors
def list_(as_json: Json = False) -> None:
    """List all tokens, revoked ones too. Their texts are not kept."""
    from kpi_platform.dashboard.database import reading
    from kpi_platform.dashboard.tokens import list_tokens

    with dashboard(Configuration.from_environment()) as engine, reading(engine) as connection:
        tokens = list_tokens(connection)
    if as_json:
        print_json(tokens)
        return
    rows = [tuple(getattr(token, field) for field in _FIELDS) for token in tokens]
    print_table("Tokens", _FIELDS, rows)


@cli_errors
def revoke(
    token_id: Annotated[
        int, typer.Argument(metavar="ID", help="As `token list` shows it.", show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """End a token and the sessions that it started, at once."""
    from kpi_platform.dashboard.audit import record_event
    from kpi_platform.dashboard.tokens import revoke_token

    with dashboard(Configuration.from_environment()) as engine, engine.begin() as connection:
        token = revoke_token(connection, token_id)
        record_event(
            connection, who=who(), action="token.revoke", target=f"token {token.id}", customer=token.customer
        )
    if as_json:
        print_json({field: getattr(token, field) for field in _FIELDS})
    else:
        console.print(f"[green]✓[/] Revoked token {token.id} ({token.name}).", highlight=False)
