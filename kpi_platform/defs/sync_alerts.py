"""Alerts about syncs: one failed for good, or a source has not been synced for long."""

from collections.abc import Mapping
from datetime import UTC, datetime

from kpi_platform.dashboard.customers import list_customers
from kpi_platform.dashboard.source_states import source_states
from kpi_platform.defs.resources import Platform
from kpi_platform.domain.alerts import Alert
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import Source
from kpi_platform.pipeline.alerts import over, tell, tell_again


def tell_failed_sync(
    platform: Platform,
    customer: str,
    settings: CustomerSettings,
    source: Source,
    reason: str,
    run_id: str | None = None,
) -> None:
    """Alerts about a failed sync if the settings want that; customers that skip failures see stale values
    instead. A later success closes the alert (`record_sync_state`)."""
    if not settings.alerts.on_sync_failure or settings.error_handling.on_sync_failure == "skip":
        return
    with platform.engine.connect() as connection:
        state = source_states(connection, customer).get(source)
    tell(
        platform.configuration, platform.engine, settings,
        Alert(
            "sync_failed", customer, source, f"The sync of {source} has failed: {reason}",
            (state and state.failed_at) or datetime.now(UTC),
            "Look at its connection in Fivetran, mend what it names there, and sync again.",
            platform.configuration.page("status", customer), run_id,
        ),
    )  # fmt: skip


def tell_staleness(
    platform: Platform, source: Source, late: Mapping[str, datetime | None], run_id: str
) -> None:
    """Alerts about the customers that are `late` (since their last sync; None: never synced), and closes the
    alerts of the others. Alerts that no address has taken so far are sent again."""
    with platform.engine.connect() as connection:
        customers = [customer.key for customer in list_customers(connection)]
    for customer, settings in platform.settings(customers).items():
        if customer in late:
            since = late[customer]
            hours = settings.alerts.on_stale_hours
            when = f"since {since:%Y-%m-%d %H:%M} UTC" if since else "ever"
            tell(
                platform.configuration, platform.engine, settings,
                Alert(
                    "source_stale", customer, source,
                    f"{source} has not been synced successfully {when}, which is more than {hours} hours.",
                    since or datetime.now(UTC),
                    "Start a sync by hand; if it fails, look at the connection in Fivetran.",
                    platform.configuration.page("status", customer), run_id,
                ),
            )  # fmt: skip
        else:
            over(platform.engine, customer, "source_stale", source)
        tell_again(platform.configuration, platform.engine, customer, settings)
