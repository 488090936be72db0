"""Peers of an account are those of what is shown: after loads, back-fills and roll-backs."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.peers import HEALTH, peers_of
from kpi_platform.dashboard.rollback import rollback
from kpi_platform_tests.pipeline.desk import T1, T2, T3, Desk
from kpi_platform_tests.pipeline.marts import MartAccount


@pytest.fixture
def desk(configuration: Configuration, any_dashboard_engine: sa.Engine) -> Desk:
    return Desk(configuration, any_dashboard_engine)


def accounts(*values: float | str, industry: str | None = "Steel") -> list[MartAccount]:
    return [
        MartAccount(
            f"{industry}{number}", f"{industry} {number}", {"nps": value}, {"industry": industry},
            {"health_score": value, "coverage": 1.0} if isinstance(value, float) else {},
        )
        for number, value in enumerate(values)
    ]  # fmt: skip


def medians(desk: Desk, industry: str | None, customer: str = "acme") -> dict[str, tuple[str | None, float]]:
    with desk.engine.connect() as connection:
        found = peers_of(connection, customer, industry)
    return {measure: (group.industry, group.median) for measure, group in found.items()}


def test_peers_follow_what_is_shown(desk: Desk) -> None:
    desk.settings(update={"mode": "replace"})
    steel, wood = accounts(10.0, 20.0, 30.0, 40.0, 50.0), accounts(90.0, "no_data", industry="Wood")
    desk.load(T1, [*steel, *wood, *accounts(70.0, industry=None)])
    assert medians(desk, "Steel") == {"nps": ("Steel", 30.0), HEALTH: ("Steel", 30.0)}
    everybody = {"nps": (None, 40.0), HEALTH: (None, 40.0)}
    assert medians(desk, "Wood") == medians(desk, None) == medians(desk, "Unheard") == everybody
    desk.load(T3, accounts(60.0, 20.0, 30.0, 40.0, 50.0))
    assert medians(desk, "Steel")["nps"] == ("Steel", 40.0)
    assert medians(desk, "Wood")["nps"] == (None, 40.0)
    # A back-fill changes nothing that is shown.
    desk.load(T2, accounts(0.0, 0.0, 0.0, 0.0, 0.0))
    assert medians(desk, "Steel")["nps"] == ("Steel", 40.0)
    with desk.engine.begin() as connection:
        rollback(connection, "acme", 2, who="test")
    assert medians(desk, "Steel")["nps"] == ("Steel", 30.0)
    assert medians(desk, "Wood") == everybody


def test_a_load_of_the_same_values_makes_peers_that_an_upgrade_has_none_of(desk: Desk) -> None:
    rows = accounts(10.0, 20.0, 30.0, 40.0, 50.0)
    desk.load(T1, rows)
    with desk.engine.begin() as connection:
        connection.execute(sa.delete(tables.peer_groups))
    desk.load(T1, rows, dry_run=True)
    assert medians(desk, "Steel") == {}
    desk.load(T1 + timedelta(hours=1), rows)
    assert medians(desk, "Steel")["nps"] == ("Steel", 30.0)


def test_no_customer_is_among_the_peers_of_another(desk: Desk) -> None:
    other = Desk(desk.configuration, desk.engine, "bolt")
    desk.load(T1, accounts(10.0, 20.0, 30.0, 40.0, 50.0))
    other.load(T1, accounts(1.0, 2.0, 3.0, 4.0))
    assert medians(desk, "Steel", "bolt") == {}
    assert medians(desk, "Steel")["nps"] == ("Steel", 30.0)
