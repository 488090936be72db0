"""Back-tests that are kept: asked for, followed, taken over when their process has died."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.backtests import (
    BROKE_OFF,
    LOST_AFTER,
    MOST_ATTEMPTS,
    add_backtest,
    are_lost,
    backtest_to_compute,
    end_backtest,
    get_backtest,
    list_backtests,
    note_backtest_progress,
    report_of_backtest,
    take_over_lost,
)
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.offboarding import erase_dashboard, find_leaver
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.domain.backtest.spec import BacktestSpec
from kpi_platform.domain.errors import Conflict, InvalidInput, NotFound
from kpi_platform_tests.domain.backtest.made_rows import SPEC
from kpi_platform_tests.web.backtests import made_report


@pytest.fixture
def engine(any_dashboard_engine: sa.Engine) -> sa.Engine:
    with any_dashboard_engine.begin() as connection:
        for key in ("acme", "bolt"):
            add_customer(connection, key, key)
    return any_dashboard_engine


def fall_silent(engine: sa.Engine) -> None:
    """Nobody has worked on any back-test for long."""
    with engine.begin() as connection:
        connection.execute(sa.update(tables.backtests).values(seen_at=datetime.now(UTC) - 2 * LOST_AFTER))


def test_a_back_test_is_followed_and_its_report_kept(engine: sa.Engine) -> None:
    report = made_report()
    with engine.begin() as connection:
        asked = add_backtest(connection, "acme", SPEC, who="Ada")
        assert asked.spec == SPEC
        assert note_backtest_progress(connection, asked.id, 3, 57)
        running = get_backtest(connection, "acme", asked.id)
        assert (running.state, running.done, running.total) == ("running", 3, 57)
        assert report_of_backtest(connection, "acme", asked.id) is None
        assert end_backtest(connection, asked.id, "done", report=report)
        assert not note_backtest_progress(connection, asked.id, 4, 57)
        assert not end_backtest(connection, asked.id, "cancelled")
        assert report_of_backtest(connection, "acme", asked.id) == report
        [kept] = list_backtests(connection, "acme")
        assert (kept.state, kept.auc, kept.asked_by) == ("done", report.auc, "Ada")


def test_the_version_is_the_newest_at_the_time_of_asking_or_one_that_there_is(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        save_settings(connection, "acme", {"alerts": {"on_failure": False}}, who="Ada")
        newest = add_backtest(connection, "acme", SPEC, who="Ada")
        save_settings(connection, "acme", {}, who="Ada")
        assert backtest_to_compute(connection, newest.id).settings_version == 1
        end_backtest(connection, newest.id, "cancelled")
        with pytest.raises(NotFound, match="version 7"):
            add_backtest(connection, "acme", replace(SPEC, settings_version=7), who="Ada")
        old = add_backtest(connection, "acme", replace(SPEC, settings_version=1), who="Ada")
        assert old.spec.settings_version == 1


def test_one_is_computed_at_a_time_for_a_customer(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        first = add_backtest(connection, "acme", SPEC, who="Ada")
        with pytest.raises(Conflict, match="already"):
            add_backtest(connection, "acme", SPEC, who="Ada")
        add_backtest(connection, "bolt", SPEC, who="Bob")
        end_backtest(connection, first.id, "cancelled")
        add_backtest(connection, "acme", SPEC, who="Ada")


def test_outcomes_that_are_not_known_yet_are_refused_before_anything_is_computed(engine: sa.Engine) -> None:
    now = datetime.now(UTC)
    with engine.begin() as connection, pytest.raises(InvalidInput, match="not known yet"):
        add_backtest(connection, "acme", BacktestSpec(now - timedelta(days=90), now), who="Ada")


def test_another_customers_back_test_is_not_there(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        asked = add_backtest(connection, "acme", SPEC, who="Ada")
        for read in (get_backtest, report_of_backtest):
            with pytest.raises(NotFound):
                read(connection, "bolt", asked.id)
        assert list_backtests(connection, "bolt") == []


def test_a_lost_one_is_taken_over_once_and_given_up_after_some_attempts(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        asked = add_backtest(connection, "acme", SPEC, who="Ada")
        assert not are_lost(connection)
        assert take_over_lost(connection) == []
    for _ in range(MOST_ATTEMPTS - 1):
        fall_silent(engine)
        with engine.begin() as connection:
            assert are_lost(connection)
            assert take_over_lost(connection) == [asked.id]
            assert take_over_lost(connection) == []
    fall_silent(engine)
    with engine.begin() as connection:
        assert take_over_lost(connection) == []
        gone = get_backtest(connection, "acme", asked.id)
    assert (gone.state, gone.error) == ("failed", BROKE_OFF)


def test_back_tests_are_erased_with_their_customer(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_backtest(connection, "acme", SPEC, who="Ada")
        kept = add_backtest(connection, "bolt", SPEC, who="Bob")
        leaver = find_leaver(connection, "acme")
    erased = erase_dashboard(engine, leaver, who="Ada")
    assert all(one.proved for one in erased)
    with engine.connect() as connection:
        assert connection.scalars(sa.select(tables.backtests.c.id)).all() == [kept.id]
