"""The past of customers is asked for by their first load, computed once, and survives kills and failures."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.past import (
    PastWeek,
    add_past,
    begins_in_past,
    cancel_past,
    get_past,
    settle_past,
    take_week,
)
from kpi_platform.domain.errors import Conflict
from kpi_platform.domain.past import weeks_before
from kpi_platform.pipeline.past import ask_for_past
from kpi_platform_tests.pipeline.desk import Desk
from kpi_platform_tests.pipeline.marts import MartAccount

NOW = datetime.now(UTC).replace(microsecond=0)
ACCOUNTS = [MartAccount("a1", "Amber", {"nps": 40.0}, {}, {"health_score": 50.0, "coverage": 1.0})]


@pytest.fixture
def desk(configuration: Configuration, any_dashboard_engine: sa.Engine) -> Desk:
    return Desk(configuration, any_dashboard_engine)


def weeks(desk: Desk) -> dict[str, int]:
    with desk.engine.connect() as connection:
        past = get_past(connection, desk.customer)
    return dict(past.weeks) if past else {}


def take(desk: Desk, **which: Any) -> PastWeek | None:
    with desk.engine.begin() as connection:
        return take_week(connection, 10, **which)


def settle(desk: Desk, still: dict[datetime, Sequence[str]] | None = None) -> list[str]:
    with desk.engine.begin() as connection:
        return settle_past(connection, still or {})


def test_the_first_load_asks_for_the_weeks_that_the_settings_name_and_no_other_load_does(desk: Desk) -> None:
    desk.settings(update={"history_weeks": 3})
    desk.load(NOW, ACCOUNTS)
    assert weeks(desk) == {"waiting": 3}
    desk.load(NOW + timedelta(seconds=1), ACCOUNTS)
    assert weeks(desk) == {"waiting": 3}


def test_a_first_load_of_the_past_or_without_weeks_asks_for_none(desk: Desk) -> None:
    desk.load(NOW - timedelta(days=30), ACCOUNTS)
    other = Desk(desk.configuration, desk.engine, "bolt")
    other.settings(update={"history_weeks": 0})
    other.load(NOW, ACCOUNTS)
    assert weeks(desk) == weeks(other) == {}


def test_customers_share_a_week_and_the_oldest_comes_first(desk: Desk) -> None:
    other = Desk(desk.configuration, desk.engine, "bolt")
    for one, number in ((desk, 2), (other, 1)):
        schema = {"schema": f"{one.customer}_sf"}
        one.settings(update={"history_weeks": number}, salesforce=schema, servicenow={"enabled": False})
        one.load(NOW, ACCOUNTS)
    first, second = weeks_before(NOW, 2)
    assert take(desk) == PastWeek(first, ("acme",), 1)
    assert take(desk, busy=["acme"]) == PastWeek(second, ("bolt",), 1)
    assert take(desk, customers=["bolt"]) is None
    assert take(desk) == PastWeek(second, ("acme",), 1)
    assert take(desk) is None


def test_a_week_that_was_killed_is_tried_once_more_and_one_that_is_loaded_never(desk: Desk) -> None:
    desk.settings(update={"history_weeks": 2})
    desk.load(NOW, ACCOUNTS)
    first, second = weeks_before(NOW, 2)
    assert take(desk)
    assert settle(desk, {first: ["acme"]}) == [] and weeks(desk) == {"waiting": 1, "running": 1}
    assert settle(desk) == [] and weeks(desk) == {"waiting": 2}
    again = take(desk)
    assert again and (again.as_of, again.tries) == (first, 2)
    desk.load(first, ACCOUNTS)
    assert settle(desk) == [] and weeks(desk) == {"waiting": 1, "loaded": 1}
    for _ in range(2):
        week = take(desk)
        assert week and week.as_of == second
        ended = settle(desk)
    # The marts hold a week of the past: the customer is to be refreshed.
    assert ended == ["acme"] and weeks(desk) == {"failed": 1, "loaded": 1}
    assert take(desk) is None


def test_what_is_shown_stays_while_the_past_is_loaded_and_a_page_can_say_that_it_was(desk: Desk) -> None:
    desk.settings(update={"history_weeks": 1})
    desk.load(NOW, ACCOUNTS)
    shown = desk.values()
    week = take(desk)
    assert week
    desk.load(week.as_of, [MartAccount("a1", "Amber", {"nps": "no_data"}, {}, {})])
    settle(desk)
    assert desk.values() == shown
    with desk.engine.connect() as connection:
        assert begins_in_past(connection, "acme", week.as_of + timedelta(days=2))
        assert not begins_in_past(connection, "acme", NOW)
        assert not begins_in_past(connection, "acme", week.as_of - timedelta(days=2))


def test_cancelled_weeks_come_back_only_if_somebody_asks_again(desk: Desk) -> None:
    with desk.engine.begin() as connection, pytest.raises(Conflict, match="Nothing was loaded"):
        ask_for_past(connection, "acme", 4, NOW)
    desk.settings(update={"history_weeks": 2})
    desk.load(NOW, ACCOUNTS)
    with desk.engine.begin() as connection:
        assert cancel_past(connection, "acme") == 2
    assert take(desk) is None
    with desk.engine.begin() as connection:
        assert ask_for_past(connection, "acme", 3, NOW) == 3
    assert weeks(desk) == {"waiting": 3}
    with desk.engine.begin() as connection:
        add_past(connection, 1, weeks_before(NOW, 3))
    assert weeks(desk) == {"waiting": 3}
