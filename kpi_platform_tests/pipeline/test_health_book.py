"""The health of all accounts as of any instant is what the histories say, kept weeks or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import health_book, tables
from kpi_platform.dashboard.account_history import health_states
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.health_book import HealthBooks
from kpi_platform.dashboard.lost_values import lost_values
from kpi_platform.dashboard.rollback import rollback
from kpi_platform.pipeline.changes import changes_between
from kpi_platform.pipeline.load import transaction
from kpi_platform_tests.pipeline.desk import Desk
from kpi_platform_tests.pipeline.marts import MartAccount

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(params=["weeks are kept", "weeks are not kept"])
def desk(
    request: pytest.FixtureRequest,
    configuration: Configuration,
    any_dashboard_engine: sa.Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    if request.param == "weeks are kept":
        monkeypatch.setattr(transaction, "KEPT_FROM", 0)
    yield Desk(configuration, any_dashboard_engine, "hull")


def row(name: str, score: float | None, revenue: float = 10.0) -> MartAccount:
    health = {} if score is None else {"health_score": score, "coverage": 1.0, "nps_contribution": score}
    return MartAccount(f"001{name}", name, {"nps": score or 0.0}, {"revenue": revenue}, health)


@contextmanager
def books(desk: Desk) -> Iterator[HealthBooks]:
    with desk.engine.connect() as connection:
        yield HealthBooks(connection, get_customer(connection, "hull").id)


def weeks_of(desk: Desk, weeks: int) -> dict[datetime, int]:
    """Mondays of the newest weeks → how many accounts there were."""
    with books(desk) as read:
        return {monday: len(book.accounts) for monday, book in read.weekly(weeks)}


def shown(desk: Desk, at: datetime) -> dict[str, tuple[float, float]]:
    """Name of each account → score and money, by the book; the scores are those of the history."""
    with books(desk) as read:
        book = read.at(at)
        totals = changes_between(read.connection, "hull", at - timedelta(days=900), at).facets.values()
        assert sum(one.now.accounts for one in totals) == len(book.accounts)
        names_of = sa.select(tables.accounts.c.id, tables.accounts.c.name)
        names = dict(read.connection.execute(names_of).tuples().all())
        known = health_states(read.connection, "hull", book.accounts.tolist(), at)
    columns = (book.accounts.tolist(), book.scores.tolist(), book.money.tolist())
    found = {}
    for account, score, money in zip(*columns, strict=True):
        state = known.get(account)
        assert (state.health_score if state else None) == (None if np.isnan(score) else score)
        found[names[account]] = (score, money)
    return found


def test_a_book_is_what_was_known_then_through_back_fills_and_roll_backs(desk: Desk) -> None:
    desk.settings(update={"mode": "replace"})
    days = [MONDAY + timedelta(days=7 * week + 2) for week in range(5)]
    desk.load(days[0], [row("Amber", 50), row("Birch", 60)])
    desk.load(days[1], [row("Amber", 55), row("Birch", 60, 20.0)])
    desk.load(days[3], [row("Amber", 70)])
    assert shown(desk, days[0]) == {"Amber": (50, 10), "Birch": (60, 10)}
    assert shown(desk, days[1] + timedelta(days=1)) == {"Amber": (55, 10), "Birch": (60, 20)}
    assert shown(desk, days[3]) == {"Amber": (70, 10)}
    assert shown(desk, days[0] - timedelta(days=1)) == {}
    # A back-fill says what was between; a later upload keeps the weeks anew.
    desk.load(days[2], [row("Amber", 65), row("Birch", 66)])
    assert shown(desk, days[2]) == {"Amber": (65, 10), "Birch": (66, 20)}
    desk.load(days[4], [row("Amber", 71), row("Cobalt", None)])
    assert list(shown(desk, days[4])) == ["Amber", "Cobalt"]
    assert weeks_of(desk, 9) == {
        day - timedelta(days=2): many for day, many in zip(days, (2, 2, 2, 1, 2), strict=True)
    }
    with desk.engine.begin() as connection:
        rollback(connection, "hull", 3, who="test")
    assert shown(desk, days[4]) == {"Amber": (55, 10), "Birch": (60, 20)}
    assert list(weeks_of(desk, 1)) == [days[1] - timedelta(days=2)]
    desk.load(days[4] + timedelta(days=1), [row("Amber", 72), row("Birch", 61)])
    assert shown(desk, days[4] + timedelta(days=1)) == {"Amber": (72, 10), "Birch": (61, 10)}


def test_only_large_customers_keep_weeks_and_one_a_week(
    configuration: Configuration, sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(configuration, sqlite_engine, "hull")
    kept = sa.select(tables.health_weeks.c.upload_version).order_by(sa.text("1"))

    def versions() -> list[int]:
        with sqlite_engine.connect() as connection:
            return list(connection.scalars(kept))

    desk.load(MONDAY, [row("Amber", 50)])
    assert versions() == [] and health_book.KEPT_FROM > 1
    monkeypatch.setattr(transaction, "KEPT_FROM", 1)
    desk.load(MONDAY + timedelta(days=1), [row("Amber", 51)])
    desk.load(MONDAY + timedelta(days=6), [row("Amber", 52)])
    assert versions() == [3]
    desk.load(MONDAY + timedelta(days=7), [row("Amber", 53)])
    assert versions() == [3, 4]


def test_a_value_is_lost_from_the_upload_that_took_it_until_there_is_one_again(
    configuration: Configuration, any_dashboard_engine: sa.Engine
) -> None:
    desk = Desk(configuration, any_dashboard_engine, "hull")
    nps = [40.0, "no_data", "no_data", 30.0, "not_mapped"]
    days = [MONDAY + timedelta(days=day) for day in range(5)]

    def lost(since: datetime, until: datetime | None = None) -> list[tuple[float, str]]:
        with any_dashboard_engine.connect() as connection:
            return [(one.value, one.status) for one in lost_values(connection, "hull", since, until)]

    for day, value in zip(days[:2], nps, strict=False):
        desk.load(day, [MartAccount("001A", "Amber", {"nps": value})])
    assert lost(days[0]) == [(40.0, "no_data")]
    assert lost(days[1]) == []
    for day, value in zip(days[2:4], nps[2:], strict=False):
        desk.load(day, [MartAccount("001A", "Amber", {"nps": value})])
    assert lost(days[0]) == []
    desk.load(days[4], [MartAccount("001A", "Amber", {"nps": nps[4]})])
    assert lost(days[0]) == [(30.0, "not_mapped")]
    assert lost(days[0], days[2]) == [(40.0, "no_data")]
    assert lost(days[0], days[3]) == []
    with any_dashboard_engine.begin() as connection:
        rollback(connection, "hull", 5, who="test")
    assert lost(days[0]) == []
