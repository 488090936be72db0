"""What is recorded of syncs: times move forward, unless a wrong clock has written them."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.source_states import record_sync_state, source_states

NOW = datetime.now(UTC)
EARLIER = NOW - timedelta(hours=1)
AHEAD = NOW + timedelta(days=300)


@pytest.mark.parametrize("name", ["last_succeeded_at", "last_failed_at", "last_attempt_at", "unreached_at"])
def test_a_time_moves_back_only_from_the_future(dashboard_engine: sa.Engine, name: str) -> None:
    with dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        for moment, kept in ((NOW, NOW), (EARLIER, NOW), (AHEAD, AHEAD), (EARLIER, EARLIER)):
            state = record_sync_state(connection, "acme", "salesforce", **{name: moment})
            assert getattr(state, name) == kept
        assert getattr(source_states(connection, "acme")["salesforce"], name) == EARLIER


def test_a_success_ends_a_failure_that_our_clock_wrote_in_the_future(dashboard_engine: sa.Engine) -> None:
    with dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        record_sync_state(connection, "acme", "salesforce", unreached_at=AHEAD)
        state = record_sync_state(connection, "acme", "salesforce", last_succeeded_at=NOW)
    assert not state.last_sync_failed
