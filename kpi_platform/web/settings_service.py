"""A customer's settings as the API and the pages show them."""

from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.settings_versions import current_settings
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.sync_times import sync_times


def settings_document(
    configuration: Configuration, connection: sa.Connection, customer: str
) -> tuple[int, dict[str, Any]]:
    """Returns the version (0: nothing was saved) and the whole document that holds, last and next sync
    included."""
    stored = current_settings(connection, customer)
    settings = effective_settings(configuration, connection, customer)
    times = sync_times(connection, customer, settings)
    document = settings.document()
    document["fivetran"] |= {
        "last_sync": times.last_sync and times.last_sync.isoformat(),
        "next_sync": times.next_sync and times.next_sync.isoformat(),
    }
    return stored.version if stored else 0, document
