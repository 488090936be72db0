"""`kpi-platform customer …`: the tenants of the dashboard."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kpi_platform.cli.arguments import CustomerKey
from kpi_platform.cli.customer_add import add, connect
from kpi_platform.cli.customer_erase import erase
from kpi_platform.cli.dashboard import dashboard, who
from kpi_platform.cli.output import cli_errors, console, print_json, print_table
from kpi_platform.configuration import Configuration
from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCES

if TYPE_CHECKING:
    pass

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Add, list, show and remove customers.")
    app.add_typer(group, name="customer")
    for name, command in (
        ("add", add),
        ("connect", connect),
        ("list", list_),
        ("show", show),
        ("remove", remove),
        ("erase", erase),
    ):
        group.command(name=name)(command)


@cli_errors
def list_(as_json: Json = False) -> None:
    """List the customers: their sources, and when each was synced last and is next."""
    rows = _customers(Configuration.from_environment())
    if as_json:
        print_json(rows)
        return
    if not rows:
        console.print("There are no customers yet. Next: kpi-platform customer add KEY", highlight=False)
        return
    columns = ("key", "name", *SOURCES, "last_sync", "next_sync")
    titles = (system.title for system in SOURCE_SYSTEMS.values())
    heads = ("key", "name", *titles, "last sync", "next sync")
    print_table("Customers", heads, [tuple(row[column] for column in columns) for row in rows])
    for row in rows:
        if row["problem"]:
            console.print(f"{row['key']}: {row['problem']}", markup=False, highlight=False, soft_wrap=True)


@cli_errors
def show(key: CustomerKey, as_json: Json = False) -> None:
    """Show one customer: its sources with connection, schema, frequency and last syncs."""
    from kpi_platform.dashboard.customers import get_customer
    from kpi_platform.dashboard.settings_versions import current_settings
    from kpi_platform.dashboard.source_states import source_states
    from kpi_platform.pipeline.customer_settings import effective_settings
    from kpi_platform.pipeline.sync_times import sync_times

    configuration = Configuration.from_environment()
    with dashboard(configuration) as engine, engine.connect() as connection:
        customer = get_customer(connection, key)
        stored = current_settings(connection, key)
        settings = effective_settings(configuration, connection, key)
        states = source_states(connection, key)
        times = sync_times(connection, key, settings)
    sources = [
        {
            "source": source,
            "enabled": settings.source(source).enabled,
            "connection_id": settings.source(source).connection_id,
            "schema": settings.source(source).schema_,
            "sync_frequency_minutes": settings.frequency(source),
            "last_succeeded_at": states[source].last_succeeded_at if source in states else None,
            "last_failed_at": states[source].last_failed_at if source in states else None,
        }
        for source in SOURCES
    ]
    facts: dict[str, Any] = {
        "key": customer.key,
        "name": customer.name,
        "created_at": customer.created_at,
        "settings_version": stored.version if stored else None,
        "destination": settings.warehouse.type,
        "last_sync": times.last_sync,
        "next_sync": times.next_sync,
    }
    if as_json:
        print_json({**facts, "sources": sources})
        return
    print_table(customer.name, ("", ""), [(name.replace("_", " "), value) for name, value in facts.items()])
    print_table("Sources", tuple(sources[0]), [tuple(source.values()) for source in sources])


@cli_errors
def remove(
    key: CustomerKey,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove a customer from every list, schedule and page, and free its connections and schemas.

    Its data stays in the database; `customer add` with the same key brings it back, `customer erase` ends it.
    """
    from kpi_platform.dashboard.audit import record_event
    from kpi_platform.dashboard.customers import get_customer, remove_customer

    with dashboard(Configuration.from_environment()) as engine:
        with engine.connect() as connection:
            customer = get_customer(connection, key)
        if not yes and not typer.confirm(f"Remove customer {key} ({customer.name})?"):
            raise typer.Exit(1)
        with engine.begin() as connection:
            record_event(connection, who=who(), action="customer.remove", target=key, customer=key)
            remove_customer(connection, key)
    if as_json:
        print_json({"key": key, "removed": True})
    else:
        console.print(f"[green]✓[/] Removed customer {key}.", highlight=False)


def _customers(configuration: Configuration) -> list[dict[str, Any]]:
    from kpi_platform.dashboard.customers import list_customers
    from kpi_platform.domain.errors import InvalidSettings
    from kpi_platform.pipeline.customer_settings import effective_settings
    from kpi_platform.pipeline.sync_times import sync_times

    rows: list[dict[str, Any]] = []
    with dashboard(configuration) as engine, engine.connect() as connection:
        for customer in list_customers(connection):
            row: dict[str, Any] = {"key": customer.key, "name": customer.name, "problem": None}
            try:
                settings = effective_settings(configuration, connection, customer.key)
            except InvalidSettings as invalid:
                rows.append(row | dict.fromkeys((*SOURCES, "last_sync", "next_sync")))
                rows[-1]["problem"] = invalid.message
                continue
            times = sync_times(connection, customer.key, settings)
            connections = {str(source): settings.source(source).connection_id for source in SOURCES}
            rows.append(row | connections | {"last_sync": times.last_sync, "next_sync": times.next_sync})
    return rows
