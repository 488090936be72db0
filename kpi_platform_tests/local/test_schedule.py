"""When the next sync starts by itself, and how names land."""

from datetime import UTC, datetime, timedelta

import pytest

from kpi_platform.local.faults import RateLimit
from kpi_platform.local.naming import name_in_destination
from kpi_platform.local.responses import ApiError
from kpi_platform.local.schedule import next_start
from kpi_platform.local.state import StoredConnection, Sync

STARTED = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


def _connection(**changes: object) -> StoredConnection:
    connection = StoredConnection(
        id="c", group_id="g", service="salesforce", schema_name="s", created_at=STARTED
    )
    connection.history = [Sync(id="1", trigger="api", started_at=STARTED)]
    return connection.model_copy(update=changes)


def test_the_next_sync_is_due_a_frequency_after_the_last_began() -> None:
    assert next_start(_connection(sync_frequency=180)) == STARTED + timedelta(hours=3)


def test_a_connection_that_never_synced_is_due_at_once() -> None:
    assert next_start(_connection(history=[])) == STARTED


def test_a_daily_sync_starts_at_its_time() -> None:
    daily = {"sync_frequency": 1440, "daily_sync_time": "10:00"}
    assert next_start(_connection(**daily)) == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert next_start(_connection(**daily | {"daily_sync_time": "11:00"})) == datetime(
        2026, 3, 1, 11, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"paused": True},
        {"schedule_type": "manual"},
        {"setup_state": "incomplete"},
        {"running": Sync(id="2", trigger="api", started_at=STARTED)},
    ],
)
def test_nothing_starts_by_itself_where_it_must_not(changes: dict[str, object]) -> None:
    assert next_start(_connection(**changes)) is None


def test_a_rescheduled_sync_starts_at_its_time_unless_the_schedule_is_manual() -> None:
    later = STARTED + timedelta(minutes=5)
    assert next_start(_connection(rescheduled_for=later)) == later
    assert next_start(_connection(schedule_type="manual", rescheduled_for=later)) is None


def test_a_broken_connection_goes_on_by_its_schedule() -> None:
    assert next_start(_connection(setup_state="broken", sync_frequency=60)) == STARTED + timedelta(hours=1)


@pytest.mark.parametrize(
    ("name", "landed"),
    [
        ("AnnualRevenue", "annual_revenue"),
        ("NPS_Score__c", "nps_score_c"),
        ("Product2", "product_2"),
        ("IsDeleted", "is_deleted"),
        ("BillingCountryCode", "billing_country_code"),
        ("sys_id", "sys_id"),
        ("u_first_responded_at", "u_first_responded_at"),
        ("_fivetran_deleted", "_fivetran_deleted"),
        ("Account", "account"),
    ],
)
def test_names_land_in_snake_case_or_as_they_are(name: str, landed: str) -> None:
    assert name_in_destination(name, "FIVETRAN_NAMING") == landed
    assert name_in_destination(name, "SOURCE_NAMING") == name


def test_the_limit_frees_itself_as_the_hour_passes() -> None:
    time = 0.0
    limit = RateLimit(2, clock=lambda: time)
    limit.take()
    time = 10.0
    limit.take()
    with pytest.raises(ApiError) as refused:
        limit.take()
    assert refused.value.retry_after == 3591
    time = 3601.0
    limit.take()
