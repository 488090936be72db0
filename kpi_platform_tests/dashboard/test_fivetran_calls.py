"""Fivetran's budget: calls of all processes are counted by hour, and syncs are planned within it."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.adapters.fivetran_http import FivetranHttp
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.figures import figures
from kpi_platform.dashboard.fivetran_account import fivetran_account, note_limits, note_webhook
from kpi_platform.dashboard.fivetran_calls import add_calls, calls_this_hour
from kpi_platform.defs.resources import Platform
from kpi_platform.domain.fivetran_budget import (
    CALLS_PER_RUN,
    CALLS_PER_SYNC,
    CUSTOMERS_PER_SYNC_RUN,
    within_budget,
)
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


@given(st.integers(0, 40_000), st.integers(0, 1200), st.sampled_from([500, 2_500, 20_000]))
def test_what_is_planned_stays_within_the_budget_and_keeps_the_order(
    calls: int, customers: int, limit: int
) -> None:
    due = {f"c{number}": SOURCES for number in range(customers)}
    planned = within_budget(due, calls, limit)

    def cost(syncing: int) -> int:
        return syncing * CALLS_PER_SYNC * len(SOURCES) + -(-syncing // CUSTOMERS_PER_SYNC_RUN) * CALLS_PER_RUN

    assert planned == list(due)[: len(planned)]
    assert not planned or calls + cost(len(planned)) <= 0.9 * limit
    assert len(planned) == customers or calls + cost(len(planned) + 1) > 0.9 * limit


def test_what_fivetran_says_of_the_account_is_kept_until_it_says_otherwise(
    any_dashboard_engine: sa.Engine,
) -> None:
    with any_dashboard_engine.begin() as connection:
        assert fivetran_account(connection).hourly_limit is None
        note_webhook(connection, {"id": "w1"})
        note_limits(connection, hourly_limit=500, blocked_until=NOON)
        note_limits(connection, hourly_limit=None, blocked_until=None)
        account = fivetran_account(connection)
    assert (account.hourly_limit, account.webhook) == (500, {"id": "w1"})
    assert account.is_blocked(NOON - timedelta(seconds=1))
    assert not account.is_blocked(NOON)
    assert not account.is_blocked(NOON - timedelta(days=300)), "a clock that ran ahead blocks nothing"


def test_every_call_is_told_in_portions_and_the_rest_at_the_end() -> None:
    told: list[int] = []
    with scripted(Answer(body={"data": {}})) as server, FivetranHttp(server.url, "key", "secret") as http:
        http.on_calls = told.append
        for _ in range(30):
            http.request("GET", "connections/one")
    assert told == [25, 5]


def test_the_limit_that_a_setting_assumes_never_replaces_what_fivetran_has_said(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    with scripted(Answer(body={"data": {}})) as server:  # Its answers name no limit.
        environment = configuration.environment | {
            "FIVETRAN_API_URL": server.url, "FIVETRAN_API_KEY": "key", "FIVETRAN_API_SECRET": "secret",
            "KPI_FIVETRAN_CALLS_PER_HOUR": "300",
        }  # fmt: skip
        for said, limit in ((None, 300), (500, 500)):
            with closing(Platform(Configuration.from_environment(environment))) as platform:
                with platform.engine.begin() as connection:
                    note_limits(connection, hourly_limit=said, blocked_until=None)
                platform.fivetran.api.request("GET", "connections/one")
                assert platform.fivetran.poll_seconds == 40, "300 calls an hour last for one every 40 s"
            with sqlite_engine.connect() as connection:
                assert fivetran_account(connection).hourly_limit == said
                [calls] = [
                    one.values
                    for one in figures(connection, calls_per_hour=300)
                    if one.name == "fivetran_calls"
                ]
            assert calls[("limit",)] == limit
