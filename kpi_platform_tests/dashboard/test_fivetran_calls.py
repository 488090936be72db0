"""Fivetran's budget: calls of all processes are counted by hour, and syncs are planned within it."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.adapters.fivetran_http import FivetranHttp
from kpi_platform.dashboard.fivetran_calls import CALLS_PER_HOUR, add_calls, calls_this_hour
from kpi_platform.defs.schedules import CALLS_PER_SYNC, within_budget
from kpi_platform.domain.sources import SOURCES
from kpi_platform_tests.adapters.scripted_server import Answer, scripted

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_calls_are_counted_by_hour_and_old_hours_go(any_dashboard_engine: sa.Engine) -> None:
    with any_dashboard_engine.begin() as connection:
        add_calls(connection, 25, NOON + timedelta(minutes=1))
        add_calls(connection, 3, NOON + timedelta(minutes=59))
        add_calls(connection, 7, NOON + timedelta(minutes=60))
        assert calls_this_hour(connection, NOON + timedelta(minutes=30)) == 28
        assert calls_this_hour(connection, NOON + timedelta(minutes=61)) == 7
        add_calls(connection, 1, NOON + timedelta(days=3))
        assert calls_this_hour(connection, NOON) == 0


@given(st.integers(0, CALLS_PER_HOUR * 2), st.integers(0, 1200))
def test_what_is_planned_stays_within_the_budget_and_keeps_the_order(calls: int, customers: int) -> None:
    due = {f"c{number}": SOURCES for number in range(customers)}
    planned = within_budget(due, calls)
    assert planned == list(due)[: len(planned)]
    cost = CALLS_PER_SYNC * len(SOURCES)
    assert not planned or calls + len(planned) * cost <= 0.9 * CALLS_PER_HOUR
    assert len(planned) == customers or calls + (len(planned) + 1) * cost > 0.9 * CALLS_PER_HOUR


def test_every_call_is_told_in_portions_and_the_rest_at_the_end() -> None:
    told: list[int] = []
    with scripted(Answer(body={"data": {}})) as server, FivetranHttp(server.url, "key", "secret") as http:
        http.on_calls = told.append
        for _ in range(30):
            http.request("GET", "connections/one")
    assert told == [25, 5]
