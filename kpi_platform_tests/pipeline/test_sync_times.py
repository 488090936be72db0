"""Last and next sync of a customer, from its settings and from what is recorded of its sources."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline.sync_times import SyncTimes, sync_times

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_customer_that_was_never_synced_is_due_now(sqlite_engine: sa.Engine) -> None:
    settings = parse_settings({"salesforce": {"connection_id": "sf"}})
    with sqlite_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        assert sync_times(connection, "acme", settings, now=NOW) == SyncTimes(None, NOW)


def test_the_next_sync_counts_from_the_last_start_and_the_last_one_is_the_newest_success(
    sqlite_engine: sa.Engine,
) -> None:
    settings = parse_settings({"salesforce": {"connection_id": "sf"}, "servicenow": {"connection_id": "sn"}})
    started, ended = NOW - timedelta(minutes=20), NOW - timedelta(minutes=5)
    with sqlite_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        record_sync_state(connection, "acme", "salesforce", last_attempt_at=started, last_succeeded_at=ended)
        record_sync_state(connection, "acme", "servicenow", last_attempt_at=started, last_failed_at=NOW)
        times = sync_times(connection, "acme", settings, now=NOW)
    assert times == SyncTimes(last_sync=ended, next_sync=started + timedelta(minutes=180))


def test_the_next_sync_of_a_source_that_fivetran_put_off_is_when_it_is_asked_for_again(
    sqlite_engine: sa.Engine,
) -> None:
    settings = parse_settings({"salesforce": {"connection_id": "sf"}})
    until = NOW + timedelta(hours=4)
    with sqlite_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        record_sync_state(
            connection, "acme", "salesforce", last_attempt_at=NOW - timedelta(days=1), put_off_until=until
        )
        assert sync_times(connection, "acme", settings, now=NOW).next_sync == until
        record_sync_state(connection, "acme", "salesforce", put_off_until=None, in_first_sync=True)
        assert sync_times(connection, "acme", settings, now=NOW).next_sync is None
