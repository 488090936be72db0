from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.accounts import add_account, list_accounts
from kpi_platform.dashboard.deciding import decide
from kpi_platform.dashboard.matches import list_matches
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.domain.errors import LoadRefused
from kpi_platform_tests.pipeline.desk import T1, T2, T3, Desk, acme, zeta
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.marts import MartAccount, write_marts
from kpi_platform_tests.pipeline.matching import match_accounts


def test_a_first_load_creates_the_accounts_and_all_values(desk: Desk) -> None:
    report = desk.load(T1, [acme(health_score=71.5, coverage=0.9), zeta()], run_id="r1")
    assert (report.version, report.kpis_synced, report.accounts_created) == (1, 4, 2)
    assert desk.values() == {
        ("Acme Corporation", "nps"): 40, ("Acme Corporation", "csat"): 4.5,
        ("Acme Corporation", "support_ticket_volume"): 3, ("Zeta Works", "nps"): "no_data",
    }  # fmt: skip
    with desk.engine.connect() as connection:
        account, _ = list_accounts(connection, "acme")
        assert (account.external_id, account.industry, account.revenue) == ("001A", "Steel", 1e6)
        health = (
            connection.execute(sa.select(tables.account_health).order_by("account_id")).mappings().first()
        )
        assert health is not None
        assert (health["health_score"], health["coverage"], health["support_score"]) == (71.5, 0.9, None)
        [upload] = list_uploads(connection, "acme")
        assert (upload.run_id, upload.as_of, upload.kpis_inserted) == ("r1", T1, 4)
        value = connection.execute(sa.select(tables.kpis).where(tables.kpis.c.kpi == "csat")).mappings().one()
        assert (value["window_start"], value["window_end"]) == (T1 - timedelta(days=90), T1)
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.kpi_history)).scalar() == 4


def test_the_same_load_again_writes_not_one_row(desk: Desk) -> None:
    desk.load(T1, [acme(), zeta()])
    before = desk.everything()
    again = desk.load(T1, [zeta(), acme()])
    assert (again.version, again.kpis_synced, again.kpis_unchanged) == (1, 0, 4)
    assert desk.everything() == before


def test_a_matching_tells_how_known_accounts_were_found_at_first(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        add_account(connection, "acme", name="ACME Corp.")
    desk.load(T1, [acme(), zeta()])
    write_marts(desk.configuration, "acme", T2, [acme(), zeta()])
    report = match_accounts(desk.configuration, desk.engine, "acme", T2)
    assert (report.by_method, report.changed) == ({"id": 2}, 0)
    [weakest] = report.weakest
    assert weakest.source_account_id == "001A"
    assert weakest.method not in ("id", "created")


def test_a_later_load_of_the_same_values_only_confirms_them(desk: Desk) -> None:
    desk.load(T1, [acme(), zeta()])
    before = desk.everything()
    later = desk.load(T2, [acme(), zeta()])
    assert (later.version, later.kpis_unchanged, later.kpis_synced) == (2, 4, 0)
    after = desk.everything()
    assert {name for name in before if before[name] != after[name]} == {"kpi_uploads"}
    with desk.engine.connect() as connection:
        assert list_uploads(connection, "acme")[0].newest_as_of("salesforce") == T2
    changed = desk.load(T3, [acme(nps=41), zeta()])
    assert (changed.kpis_updated, changed.kpis_unchanged) == (1, 3)


def test_an_older_load_goes_to_the_history_alone_and_only_once(desk: Desk) -> None:
    desk.load(T1, [acme(nps=1), zeta()])
    desk.load(T3, [acme(nps=3), zeta()])
    shown = desk.values()
    older = desk.load(T2, [acme(nps=2), zeta()])
    assert (older.history_only, older.kpis_synced, older.kpis_unchanged) == (1, 0, 3)
    assert desk.values() == shown
    before = desk.everything()
    again = desk.load(T2, [acme(nps=2), zeta()])
    assert again.history_only == 0
    assert desk.everything() == before
    series = sa.select(tables.kpi_history.c.value).where(tables.kpi_history.c.kpi == "nps")
    with desk.engine.connect() as connection:
        mine = series.where(tables.kpi_history.c.value.is_not(None)).order_by(tables.kpi_history.c.as_of)
        assert list(connection.execute(mine).scalars()) == [1, 2, 3]


@pytest.mark.parametrize("as_of", [T1, T2], ids=["older than shown", "shown already"])
@pytest.mark.parametrize("rate", ["health_score", "escalation_rate"])
def test_a_load_in_which_only_health_or_a_rate_differs_is_an_upload(
    desk: Desk, as_of: datetime, rate: str
) -> None:
    desk.load(T1, [acme(**{rate: 1})])
    desk.load(T2, [acme(**{rate: 2})])
    again = desk.load(as_of, [acme(**{rate: 3})])
    assert (again.version, again.kpis_unchanged, again.kpis_synced) == (3, 3, 0)
    history = tables.account_health_history
    newest = sa.select(history.c[rate]).where(history.c.upload_version == 3, history.c.as_of == as_of)
    with desk.engine.connect() as connection:
        assert connection.execute(newest).scalars().all() == [3]
        shown = connection.execute(sa.select(tables.account_health.c[rate])).scalar_one()
    assert shown == (3 if as_of == T2 else 2)
    before = desk.everything()
    assert desk.load(as_of, [acme(**{rate: 3})]).version == 3
    assert desk.everything() == before


def test_a_skipped_duplicate_leaves_a_load_that_changes_health_alone(desk: Desk) -> None:
    desk.settings(error_handling={"on_duplicate_kpi": "skip"})
    desk.load(T1, [acme(nps=40, health_score=60)])
    again = desk.load(T1, [acme(nps=50, health_score=70)])
    assert (again.version, again.kpis_skipped, again.kpis_synced) == (2, 1, 0)
    assert desk.values()["Acme Corporation", "nps"] == 40


def test_replace_retires_what_is_not_in_the_load(desk: Desk) -> None:
    desk.load(T1, [acme(), zeta(nps=5)])
    report = desk.load(T2, [acme()], update_mode="replace")
    assert (report.retired, report.accounts_retired) == (1, 1)
    assert not [name for name, _ in desk.values() if name == "Zeta Works"]
    back = desk.load(T3, [acme(), zeta(nps=5)])
    assert back.kpis_updated == 1
    assert desk.values()["Zeta Works", "nps"] == 5


def test_replace_of_one_source_leaves_the_other_alone(desk: Desk) -> None:
    desk.load(T1, [acme(), zeta(nps=5)])
    small = MartAccount("001A", "Acme Corporation", {"nps": 40})
    report = desk.load(T2, [small], update_mode="replace", data_source="salesforce")
    assert report.retired == 2
    assert desk.values() == {
        ("Acme Corporation", "nps"): 40,
        ("Acme Corporation", "support_ticket_volume"): 3,
    }


@pytest.mark.parametrize("policy", ["skip", "error"])
def test_a_missing_account_is_skipped_or_refuses_the_whole_load(desk: Desk, policy: str) -> None:
    desk.settings(
        account_matching={"create_new_accounts": False}, error_handling={"on_missing_account": policy}
    )
    with desk.engine.begin() as connection:
        add_account(connection, "acme", name="Acme Corporation")
    if policy == "skip":
        report = desk.load(T1, [acme(), zeta()])
        assert (report.accounts_skipped, report.kpis_synced) == (1, 3)
        assert "Zeta Works" in report.errors[0]
    else:
        with pytest.raises(LoadRefused, match="Zeta Works"):
            desk.load(T1, [acme(), zeta()])
        assert desk.values() == {}
        assert desk.everything()["kpi_uploads"] == []


@pytest.mark.parametrize(("policy", "shown"), [("update", 50), ("skip", 40), ("error", 40)])
def test_a_duplicate_kpi_is_updated_skipped_or_refused(desk: Desk, policy: str, shown: float) -> None:
    desk.settings(error_handling={"on_duplicate_kpi": policy})
    desk.load(T1, [acme(nps=40)])
    if policy == "error":
        with pytest.raises(LoadRefused, match="'nps' of account"):
            desk.load(T1, [acme(nps=50)])
    else:
        desk.load(T1, [acme(nps=50)])
    assert desk.values()["Acme Corporation", "nps"] == shown


def test_a_dry_run_reports_and_writes_nothing(desk: Desk) -> None:
    desk.load(T1, [acme()])
    desk.marts(T2, [acme(nps=99), zeta()])
    before = desk.everything()
    dry = load_dashboard(desk.configuration, desk.engine, "acme", T2, dry_run=True)
    assert (dry.kpis_updated, dry.kpis_inserted, dry.accounts_created, dry.version) == (1, 1, 1, 1)
    assert desk.everything() == before
    real = load_dashboard(desk.configuration, desk.engine, "acme", T2)
    assert (real.kpis_updated, real.kpis_inserted, real.accounts_created) == (1, 1, 1)


def test_matched_accounts_take_over_attributes_unless_told_not_to(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        add_account(connection, "acme", name="ACME corporation", industry="Old", region="Spain")
    desk.load(T1, [acme()])
    with desk.engine.connect() as connection:
        [account] = list_accounts(connection, "acme")
    assert (account.name, account.industry, account.region) == ("Acme Corporation", "Steel", "Spain")
    desk.settings(account_matching={"update_existing_accounts": False})
    desk.load(T2, [MartAccount("001A", "Renamed", {"nps": 7})])
    with desk.engine.connect() as connection:
        assert [one.name for one in list_accounts(connection, "acme")] == ["Acme Corporation"]
    assert desk.values()["Acme Corporation", "nps"] == 7


def test_recurring_revenue_is_that_of_the_newest_load_whatever_else_an_account_keeps(desk: Desk) -> None:
    def revenue(values: dict[str, object]) -> tuple[object, ...]:
        desk.settings(account_matching={"update_existing_accounts": not values})
        as_of = T2 if values else T1
        desk.load(as_of, [MartAccount("001A", "Acme", {"nps": 7}, values)])
        with desk.engine.connect() as connection:
            [account] = list_accounts(connection, "acme")
        return account.arr, account.arr_in_grace, account.next_renewal_date, account.arr_currency

    assert revenue({}) == (None, None, None, None)
    ended = {"arr": 1e5, "arr_in_grace": 2e4, "next_renewal_date": date(2027, 3, 14), "arr_currency": "USD"}
    assert revenue(ended) == (1e5, 2e4, "2027-03-14", "USD")
    desk.load(T3, [MartAccount("001A", "Acme", {"nps": 7}, {"arr": 0.0, "arr_in_grace": 0.0})])
    with desk.engine.connect() as connection:
        [account] = list_accounts(connection, "acme")
    assert (account.arr, account.next_renewal_date, account.arr_currency) == (0.0, None, None)


def test_an_account_in_review_is_loaded_once_it_is_decided(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        account = add_account(connection, "acme", name="Quite Another Name")
    desk.marts(T1, [acme()])
    match_accounts(desk.configuration, desk.engine, "acme", T1, mode="manual")
    waiting = load_dashboard(desk.configuration, desk.engine, "acme", T1)
    assert (waiting.sent_to_review, waiting.kpis_synced) == (1, 0)
    with desk.engine.begin() as connection:
        decide(connection, "acme", "001A", "choose", account_id=account.id, who="ann")
    loaded = load_dashboard(desk.configuration, desk.engine, "acme", T1)
    assert loaded.kpis_synced == 3
    match_accounts(desk.configuration, desk.engine, "acme", T1)
    with desk.engine.connect() as connection:
        [match] = list_matches(connection, "acme")
        assert (match.account_id, match.method, match.loaded) == (account.id, "decision", True)


def test_a_load_needs_marts_of_its_as_of_and_matched_accounts(desk: Desk) -> None:
    desk.marts(T1, [acme()])
    with pytest.raises(LoadRefused, match="as of 2026-03-01"):
        load_dashboard(desk.configuration, desk.engine, "acme", T2)
    write_marts(desk.configuration, "acme", T1, [acme(), zeta()])
    with pytest.raises(LoadRefused, match=r"never matched: 'Zeta Works' \(001Z\)"):
        load_dashboard(desk.configuration, desk.engine, "acme", T1)


def test_two_customers_never_touch_each_other(desk: Desk) -> None:
    other = Desk(desk.configuration, desk.engine, "bolt")
    other.load(T1, [acme(nps=1), zeta(nps=2)])
    theirs = other.values()
    desk.load(T2, [acme(nps=9)], update_mode="replace")
    desk.load(T3, [zeta(nps=9)], update_mode="replace")
    assert other.values() == theirs


def test_the_size_of_the_slices_makes_no_difference(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def accounts(numbers: range, nps: float) -> list[MartAccount]:
        return [MartAccount(f"A{n}", f"Account {n}", {"nps": nps + n % 2, "csat": 3}) for n in numbers]

    monkeypatch.setattr("kpi_platform.pipeline.load.values.SLICE_ACCOUNTS", 2)
    assert desk.load(T1, accounts(range(7), nps=1)).kpis_inserted == 14
    report = desk.load(T2, accounts(range(1, 6), nps=2), update_mode="replace")
    assert (report.kpis_updated, report.kpis_unchanged, report.retired) == (5, 5, 4)
    assert {name for name, _ in desk.values()} == {f"Account {n}" for n in range(1, 6)}


def test_an_account_with_a_blank_name_goes_by_its_id_unless_it_had_one(desk: Desk) -> None:
    desk.load(T1, [MartAccount("001A", "Acme", {"nps": 1}), MartAccount("001B", " ", {"nps": 1})])
    desk.load(T2, [MartAccount("001A", "\t", {"nps": 2}), MartAccount("001B", "", {"nps": 2})])
    assert {name for name, _ in desk.values()} == {"Acme", "001B"}
