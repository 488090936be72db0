from datetime import timedelta

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.account_export import exported_accounts
from kpi_platform.dashboard.account_history import (
    confirmed_until,
    health_series,
    health_trends,
    kpi_series,
)
from kpi_platform.dashboard.account_reading import account_detail, account_facets, find_accounts, health_bands
from kpi_platform.dashboard.crossings import became_at_risk
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.definitions import kpi_definitions
from kpi_platform.dashboard.rollback import rollback
from kpi_platform.dashboard.shown_accounts import AccountFilter
from kpi_platform.domain.errors import InvalidInput, NotFound
from kpi_platform.domain.kpis import KPIS
from kpi_platform_tests.pipeline.desk import T1, T2, T3, Desk
from kpi_platform_tests.pipeline.marts import MartAccount


def account(number: int, nps: float | str = 40, health: float | None = 75, **attributes: str) -> MartAccount:
    scores = {} if health is None else {"health_score": health, "coverage": 1.0}
    return MartAccount(
        f"001{number}", f"Account {number}", {"nps": nps, "churn_risk": 30}, attributes, scores
    )


@pytest.fixture
def desk(configuration: Configuration, any_dashboard_engine: sa.Engine) -> Desk:
    return Desk(configuration, any_dashboard_engine)


def names(desk: Desk, wanted: AccountFilter | None = None, **options: object) -> list[str]:
    with desk.engine.connect() as connection:
        page = find_accounts(connection, desk.customer, wanted or AccountFilter(), **options)  # type: ignore[arg-type]
    return [one.account.name.removeprefix("Account ") for one in page.accounts]


def test_accounts_are_filtered_sorted_and_paged(desk: Desk) -> None:
    desk.load(
        T1,
        [
            account(1, nps=60, health=80, industry="Steel", region="EU"),
            account(2, nps=20, health=50, industry="Steel", region="US", csm_name="Ann"),
            account(3, nps=5, health=10, industry="Food"),
            account(4, nps="no_data", health=None),
        ],
    )
    assert names(desk) == ["1", "2", "3", "4"]
    assert names(desk, sort="health_score") == ["3", "2", "1", "4"]
    assert names(desk, sort="nps", descending=True) == ["1", "2", "3", "4"]
    assert names(desk, limit=2, offset=1) == ["2", "3"]
    assert names(desk, AccountFilter(industry="Steel", region="US")) == ["2"]
    assert names(desk, AccountFilter(csm="Ann")) == ["2"]
    assert names(desk, AccountFilter(search="account 3")) == ["3"]
    assert names(desk, AccountFilter(search="%")) == []
    for band, found in {"healthy": ["1"], "between": ["2"], "at_risk": ["3"], "missing": ["4"]}.items():
        assert names(desk, AccountFilter(health=band)) == found  # type: ignore[arg-type]
        assert names(desk, AccountFilter(kpi="nps", kpi_band=band)) == found  # type: ignore[arg-type]
    assert names(desk, AccountFilter(kpi="nps", kpi_min=5, kpi_max=20)) == ["2", "3"]
    with desk.engine.connect() as connection:
        page = find_accounts(connection, "acme", AccountFilter(kpi="nps", kpi_max=20), limit=1)
        assert (page.total, page.accounts[0].kpis["nps"].band) == (2, "between")
        assert account_facets(connection, "acme").industries == ["Food", "Steel"]
        assert health_bands(connection, "acme") == {"healthy": 1, "between": 1, "at_risk": 1, "missing": 1}
        # The bands are choices of the filter's health: they follow the rest of the filter.
        steel = AccountFilter(industry="Steel", region="US", health="healthy", kpi="nps", kpi_max=20)
        bands = health_bands(connection, "acme", steel)
        assert bands == {"healthy": 0, "between": 1, "at_risk": 0, "missing": 0}


@pytest.mark.parametrize(
    ("wanted", "sort"),
    [
        (AccountFilter(kpi="nonsense"), "name"),
        (AccountFilter(kpi_min=3), "name"),
        (AccountFilter(), "id; --"),
    ],
)
def test_what_there_is_not_is_refused(desk: Desk, wanted: AccountFilter, sort: str) -> None:
    desk.load(T1, [account(1)])
    with pytest.raises(InvalidInput):
        names(desk, wanted, sort=sort)


@pytest.mark.parametrize(("sort", "descending"), [("name", False), ("health_score", True), ("nps", False)])
def test_an_export_has_the_accounts_of_all_pages_in_their_order(
    desk: Desk, sort: str, descending: bool
) -> None:
    accounts = [account(n, nps=(n * 37) % 50, health=float((n * 11) % 70), region="EU") for n in range(1, 8)]
    desk.load(T1, [*accounts, account(8, nps="no_data", health=None, region="EU"), account(9)])
    wanted = AccountFilter(region="EU")
    with desk.engine.connect() as connection:
        definitions = kpi_definitions(connection, "acme")
        customer = get_customer(connection, "acme").id
        shown = find_accounts(connection, "acme", wanted, sort=sort, descending=descending).accounts
        parts = list(
            exported_accounts(
                connection, customer, definitions, wanted, sort=sort, descending=descending, part=3
            )
        )
    assert [len(part) for part in parts] == [3, 3, 2]
    assert [
        (one.attributes[0], one.attributes[1], one.health_score, one.coverage, dict(one.kpis))
        for part in parts
        for one in part
    ] == [
        (
            one.account.id,
            one.account.name,
            one.health_score,
            one.coverage,
            {kpi: (value.value, value.status, value.sample_size) for kpi, value in one.kpis.items()},
        )
        for one in shown
    ]


def test_an_account_of_another_customer_is_not_found(configuration: Configuration, desk: Desk) -> None:
    Desk(configuration, desk.engine, "bolt").load(T1, [account(1)])
    with desk.engine.connect() as connection:
        [found] = find_accounts(connection, "bolt", AccountFilter()).accounts
        assert account_detail(connection, "bolt", found.account.id).health["health_score"] == 75
        for read in (account_detail, kpi_series, health_series):
            with pytest.raises(NotFound):
                read(connection, "acme", found.account.id)  # type: ignore[operator]
        assert health_trends(connection, "acme", [found.account.id]) == {found.account.id: []}


def test_history_tells_what_still_counts_and_until_when(desk: Desk) -> None:
    desk.load(T1, [account(1, nps=1, health=50)])
    desk.load(T2, [account(1, nps=2, health=60)])
    desk.load(T3, [account(1, nps=3, health=60)])
    later = T3 + timedelta(days=1)
    desk.load(later, [account(1, nps=3, health=60)])
    with desk.engine.begin() as connection:
        [found] = find_accounts(connection, "acme", AccountFilter()).accounts
        number = found.account.id
        points = kpi_series(connection, "acme", number, ["nps"])["nps"]
        assert [(one.as_of, one.value) for one in points] == [(T1, 1), (T2, 2), (T3, 3)]
        assert [one.health_score for one in health_trends(connection, "acme", [number])[number]] == [50, 60]
        assert confirmed_until(connection, "acme")["salesforce"] == later
        rollback(connection, "acme", 3, who="test")
        points = kpi_series(connection, "acme", number, ["nps"])["nps"]
        assert [(one.as_of, one.value) for one in points] == [(T1, 1), (T2, 2)]
        assert [one.health_score for one in health_series(connection, "acme", number, since=T2)] == [60]


def test_the_database_and_the_thresholds_agree_on_bands(desk: Desk) -> None:
    values = [-100, 9, 10, 49, 50, 100]
    desk.load(T1, [account(n, nps=value) for n, value in enumerate(values)])
    nps = KPIS["nps"]
    for band in ("healthy", "between", "at_risk"):
        expected = [str(n) for n, v in enumerate(values) if nps.thresholds.band(v, nps.better) == band]
        assert names(desk, AccountFilter(kpi="nps", kpi_band=band)) == expected  # type: ignore[arg-type]


def test_a_value_of_fewer_rows_than_its_kpi_needs_has_no_band_and_is_in_none(desk: Desk) -> None:
    desk.load(T1, [account(1, nps=-50)])
    desk.settings(kpi_mappings={"nps": {"min_sample": 2}})
    desk.load(T2, [account(1, nps=-60)])
    with desk.engine.connect() as connection:
        [found] = find_accounts(connection, "acme", AccountFilter()).accounts
        value = found.kpis["nps"]
        assert (value.value, value.sample_size, value.band, value.too_few) == (-60, 1, None, True)
        assert (found.kpis["churn_risk"].band, found.kpis["churn_risk"].too_few) == ("between", False)
        assert became_at_risk(connection, "acme", 2) == []
    assert names(desk, AccountFilter(kpi="nps", kpi_band="at_risk")) == []
    assert names(desk, AccountFilter(kpi="nps", kpi_max=0)) == ["1"]


def test_a_count_of_nothing_is_judged_unless_the_settings_ask_for_more_rows(desk: Desk) -> None:
    kpi = "executive_engagement"
    none = {"value": 0.0, "status": "ok", "sample_size": 0}
    desk.load(T1, [MartAccount("0011", "Account 1", {kpi: 0})])
    with desk.engine.begin() as connection:
        connection.execute(sa.update(tables.kpis).where(tables.kpis.c.kpi == kpi).values(none))
    assert names(desk, AccountFilter(kpi=kpi, kpi_band="at_risk")) == ["1"]
    with desk.engine.connect() as connection:
        [found] = find_accounts(connection, "acme", AccountFilter()).accounts
    assert (found.kpis[kpi].band, found.kpis[kpi].too_few) == ("at_risk", False)
