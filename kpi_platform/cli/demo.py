"""`kpi-platform demo`: three sample customers, from their sources to the dashboard, in one go."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kpi_platform.cli import history
from kpi_platform.cli.dashboard import dashboard
from kpi_platform.cli.output import cli_errors, console
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import Conflict

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kpi_platform.local.samples import SampleCustomer

_ATTEMPTS = 5


def register(app: typer.Typer) -> None:
    @app.command()
    @cli_errors
    def demo(
        skip_sync: Annotated[
            bool, typer.Option("--skip-sync", help="Compute from what the last demo landed.")
        ] = False,
        with_history: Annotated[
            bool,
            typer.Option(
                "--history/--no-history",
                help="Compute the twelve weeks before as well, or leave them to `up`.",
            ),
        ] = True,
    ) -> None:
        """Run the main job end to end on sample data, and show the KPIs.

        Starts the local Fivetran, adds three sample customers and the accounts that their dashboards already
        know, syncs Salesforce and ServiceNow, computes the KPIs with dbt, matches the accounts and loads the
        dashboard database; the first time it computes the twelve weeks before as well, in a minute or two.
        Everything lands under KPI_PLATFORM_HOME; run it again at any time.
        """
        from kpi_platform.cli.kpi_table import print_customer
        from kpi_platform.cli.run import print_outcomes, run_all
        from kpi_platform.local.samples import SAMPLE_CUSTOMERS

        started = time.monotonic()
        with (
            local_fivetran(Configuration.from_environment()) as configuration,
            dashboard(configuration) as engine,
        ):
            for customer in SAMPLE_CUSTOMERS:
                add_sample_customer(configuration, engine, customer)
            keys = [customer.key for customer in SAMPLE_CUSTOMERS]
            outcomes = run_all(configuration, engine, keys, [datetime.now(UTC)], skip_sync=skip_sync)
            with engine.connect() as connection:
                for key in outcomes[0]["loaded"]:
                    print_customer(connection, key)
            if with_history:
                history.compute(configuration, engine, keys)
        print_outcomes(outcomes)
        console.print(f"\nDone in {time.monotonic() - started:.0f} s, all of it under {configuration.home}.")
        _say_what_next()
        if outcomes[0]["failed"]:
            raise typer.Exit(1)


@contextmanager
def local_fivetran(configuration: Configuration) -> Iterator[Configuration]:
    """Runs a local Fivetran for the block: the one that serves this home already, or else a new one, on
    another port if another program has the usual one.

    Gives the configuration that reaches it, also if FIVETRAN_API_URL names another."""
    from kpi_platform.local.port import serves, with_free_port
    from kpi_platform.local.server import running

    local = Configuration.from_environment(
        {
            **configuration.environment,
            "FIVETRAN_API_URL": "",
            "FIVETRAN_API_KEY": "",
            "FIVETRAN_API_SECRET": "",
        }
    )
    if serves(local):
        yield local
        return
    with ExitStack() as server:
        for attempt in reversed(range(_ATTEMPTS)):
            local = with_free_port(local)
            try:
                server.enter_context(running(local, local.local_fivetran_port))
                break
            except Conflict:
                # Another home has begun at the same moment, and was faster.
                if attempt == 0 or local.local_fivetran_port == with_free_port(local).local_fivetran_port:
                    raise
        yield local


def add_sample_customer(configuration: Configuration, engine: "Engine", customer: "SampleCustomer") -> None:
    """Adds the customer, its settings and the accounts its dashboard already knows; leaves what is there."""
    from kpi_platform.dashboard.accounts import add_account, list_accounts
    from kpi_platform.dashboard.customers import list_customers
    from kpi_platform.domain.settings import Editor
    from kpi_platform.local.samples import dashboard_accounts
    from kpi_platform.pipeline.change_settings import change_settings

    with engine.connect() as connection:
        there = customer.key in {known.key for known in list_customers(connection)}
    if not there:
        change_settings(
            configuration, engine, customer.key, customer.settings,
            by=Editor("kpi-platform demo", operator=True), note="Sample settings", add_as=customer.name,
        )  # fmt: skip
    with engine.begin() as connection:
        if list_accounts(connection, customer.key, retired=True):
            return
        for account in dashboard_accounts(customer.key):
            add_account(
                connection, customer.key, name=account.name, website=account.domain,
                industry=account.industry, region=account.region,
            )  # fmt: skip


def _say_what_next() -> None:
    command = sys.argv[0]
    console.print(
        "\nNext\n"
        f"  {command} up              Dagster's UI, the web app and the local Fivetran, until Ctrl-C\n"
        f"  {command} explain --help  how a number was computed, and from which rows\n"
        f"  {command} --help          everything else",
        highlight=False,
        soft_wrap=True,
    )
