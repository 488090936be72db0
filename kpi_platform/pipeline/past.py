"""The past that a first load, or somebody after it, asks for."""

from datetime import UTC, datetime

import sqlalchemy as sa

from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.past import add_past
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.domain.errors import Conflict
from kpi_platform.domain.past import PRESENT, weeks_before
from kpi_platform.domain.settings import CustomerSettings


def note_first_load(
    connection: sa.Connection, customer_id: int, settings: CustomerSettings, as_of: datetime
) -> None:
    """Notes the weeks before a first load of the present to be computed, as many as the settings say."""
    if datetime.now(UTC) - as_of < PRESENT:
        add_past(connection, customer_id, weeks_before(as_of, settings.update.history_weeks))


def ask_for_past(connection: sa.Connection, customer: str, weeks: int, now: datetime) -> int:
    """Notes the customer's last `weeks` weeks before `now` to be computed, except those with a load. Returns
    how many they are. Raises NotFound for an unknown customer, and Conflict before the first load."""
    loaded = [upload.as_of for upload in list_uploads(connection, customer) if upload.kind == "load"]
    if not loaded:
        raise Conflict(
            f"Nothing was loaded of '{customer}' yet.",
            next_step=f"Load the present first: kpi-platform run {customer}",
        )
    instants = weeks_before(now, weeks, loaded)
    add_past(connection, get_customer(connection, customer).id, instants)
    return len(instants)
