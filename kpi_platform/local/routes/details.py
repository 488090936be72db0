"""A connection as the API shows it."""

from kpi_platform.local.account import USER_ID
from kpi_platform.local.responses import Answer, timestamp
from kpi_platform.local.state import StoredConnection


def summary(connection: StoredConnection) -> Answer:
    """Returns a connection as lists have it: without its configuration."""
    return {
        "id": connection.id,
        "group_id": connection.group_id,
        "service": connection.service,
        "service_version": 1,
        "schema": connection.schema_name,
        "connected_by": USER_ID,
        "created_at": timestamp(connection.created_at),
        "succeeded_at": timestamp(connection.succeeded_at),
        "failed_at": timestamp(connection.failed_at),
        "paused": connection.paused,
        "pause_after_trial": connection.pause_after_trial,
        "sync_frequency": connection.sync_frequency,
        "schedule_type": connection.schedule_type,
        "daily_sync_time": connection.daily_sync_time if connection.sync_frequency == 1440 else None,
        "destination_schema_names": connection.naming,
        "data_delay_sensitivity": connection.data_delay_sensitivity,
        "data_delay_threshold": connection.data_delay_threshold,
        "networking_method": "Directly",
        "status": {
            "setup_state": connection.setup_state,
            "sync_state": connection.sync_state,
            "update_state": connection.update_state,
            "is_historical_sync": connection.is_historical_sync,
            "rescheduled_for": timestamp(connection.rescheduled_for),
            "tasks": connection.tasks,
            "warnings": connection.warnings,
        },
    }


def details(connection: StoredConnection, setup_tests: list[Answer] | None = None) -> Answer:
    """Returns a connection by itself: with its configuration, and the results of setup tests that were run
    just now."""
    shown = summary(connection) | {"config": {"schema": connection.schema_name} | connection.config}
    return shown if setup_tests is None else shown | {"setup_tests": setup_tests}
