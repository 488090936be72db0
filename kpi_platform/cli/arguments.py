"""Arguments that many commands have, with what a shell offers to complete them."""

from collections.abc import Iterator
from typing import Annotated

import typer


def customer_keys(incomplete: str) -> list[str]:
    """Returns the customers whose key begins so. Nothing if the dashboard cannot be read: a shell that
    completes has no place for an error, and must make no database."""
    from pathlib import Path

    import sqlalchemy as sa

    from kpi_platform.configuration import Configuration
    from kpi_platform.dashboard.customers import list_customers
    from kpi_platform.dashboard.database import open_dashboard, reading
    from kpi_platform.domain.errors import KpiPlatformError

    try:
        configuration = Configuration.from_environment()
        file = sa.make_url(configuration.dashboard_database_url).database
        if "sqlite" in configuration.dashboard_database_url and not Path(file or "").exists():
            return []
        engine = open_dashboard(configuration)
        with reading(engine) as connection:
            return [one.key for one in list_customers(connection) if one.key.startswith(incomplete)]
    except (KpiPlatformError, sa.exc.SQLAlchemyError):
        return []


def setting_paths(incomplete: str) -> Iterator[tuple[str, str]]:
    """Yields path and help of the settings whose path begins so."""
    from kpi_platform.domain.settings import settings_leaves

    for leaf in settings_leaves():
        if leaf.path.startswith(incomplete) and not leaf.read_only:
            yield leaf.path, leaf.help


CustomerKey = Annotated[
    str, typer.Argument(help="Key of the customer.", show_default=False, autocompletion=customer_keys)
]
OptionalCustomer = Annotated[
    str | None,
    typer.Argument(
        help="Key of a customer. Default: all of them.", show_default=False, autocompletion=customer_keys
    ),
]
