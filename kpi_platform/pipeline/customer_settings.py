"""The settings that a run of one customer starts from."""

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import get_customer, list_customers
from kpi_platform.dashboard.settings_versions import current_settings
from kpi_platform.domain.settings import CustomerSettings, parse_settings


def settings_of(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> tuple[CustomerSettings, int | None]:
    """The customer's settings and their version (None: nothing was saved, the defaults hold)."""
    get_customer(connection, customer)
    stored = current_settings(connection, customer)
    settings = parse_settings(
        stored.document if stored else {},
        environment=configuration.environment,
        single_customer=len(list_customers(connection)) == 1,
    )
    return settings, stored.version if stored else None
