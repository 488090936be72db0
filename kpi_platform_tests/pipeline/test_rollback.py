import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables, uploads
from kpi_platform.dashboard.accounts import add_account, list_accounts
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.rollback import rollback
from kpi_platform.dashboard.upload_diff import diff_uploads
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.domain.errors import Conflict, NotFound
from kpi_platform.domain.kpis import KPIS
from kpi_platform_tests.pipeline.desk import T1, T2, T3, Desk, acme, zeta
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.marts import MartAccount

KPI_NAMES = sorted(KPIS)


def shown(desk: Desk) -> dict[str, Any]:
    """Every column of every current row that an upload can change."""
    with desk.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in (tables.kpis, tables.account_health)
        } | {
            "accounts": [
                (one.name, one.industry, one.retired_at) for one in list_accounts(connection, desk.customer)
            ]
        }


def take_back(desk: Desk, version: int) -> int:
    with desk.engine.begin() as connection:
        return rollback(connection, desk.customer, version, who="ann").version


def statuses(desk: Desk) -> dict[int, str]:
    with desk.engine.connect() as connection:
        return {one.version: one.status for one in list_uploads(connection, desk.customer)}


def test_a_rolled_back_upload_leaves_everything_as_it_was_before(desk: Desk) -> None:
    desk.load(T1, [acme(health_score=50), zeta()])
    before = shown(desk)
    desk.load(T2, [acme(nps=1, health_score=60)], update_mode="replace")
    assert shown(desk) != before
    assert take_back(desk, 2) == 3
    assert shown(desk) == before
    assert statuses(desk) == {1: "applied", 2: "taken_back", 3: "applied"}
    again = desk.load(T2, [acme(nps=1, health_score=60)], update_mode="replace")
    assert (again.version, again.kpis_updated, again.retired) == (4, 1, 1)


def test_an_earlier_upload_is_taken_back_with_all_later_ones_and_that_in_turn(desk: Desk) -> None:
    desk.load(T1, [acme(nps=1)])
    first = shown(desk)
    desk.load(T2, [acme(nps=2), zeta()])
    desk.load(T3, [acme(nps=3), zeta(nps=9)])
    third = shown(desk)
    take_back(desk, 2)
    assert shown(desk) == first
    assert statuses(desk) == {1: "applied", 2: "taken_back", 3: "taken_back", 4: "applied"}
    with pytest.raises(Conflict, match="is taken back"):
        take_back(desk, 3)
    take_back(desk, 4)
    assert shown(desk) == third
    assert statuses(desk) == {1: "applied", 2: "applied", 3: "applied", 4: "taken_back", 5: "applied"}


def test_taking_back_the_first_upload_leaves_the_accounts_that_were_there(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        add_account(connection, "acme", name="Acme Corporation", industry="Old")
    desk.load(T1, [acme(), zeta()])
    assert take_back(desk, 1) == 2
    assert shown(desk) == {"kpis": [], "account_health": [], "accounts": [("Acme Corporation", "Old", None)]}
    for unknown in (0, 99):
        with pytest.raises(NotFound):
            take_back(desk, unknown)


def test_an_account_added_between_two_loads_outlives_their_roll_back(desk: Desk) -> None:
    desk.load(T1, [acme()])
    with desk.engine.begin() as connection:
        add_account(connection, "acme", name="Zeta Works", industry="By hand")
    desk.load(T2, [acme(), zeta()])
    take_back(desk, 1)
    assert shown(desk)["accounts"] == [("Zeta Works", "By hand", None)]


def test_the_diff_of_two_uploads_lists_changed_new_and_retired_values(desk: Desk) -> None:
    desk.load(T1, [acme(nps=1)])
    desk.load(T2, [acme(nps=2), zeta(nps=5)])
    desk.load(T3, [zeta(nps=5)], update_mode="replace")
    with desk.engine.connect() as connection:
        forward = diff_uploads(connection, "acme", 1, 2)
        assert forward.counts == {"changed": 1, "new": 1, "retired": 0}
        [new, changed] = forward.values
        assert (changed.account_name, changed.kpi, changed.before, changed.after) == (
            "Acme Corporation",
            "nps",
            1,
            2,
        )
        assert (new.account_name, new.kind, new.before_status, new.after) == ("Zeta Works", "new", None, 5)
        assert diff_uploads(connection, "acme", 2, 1).counts == {"changed": 1, "new": 0, "retired": 1}
        assert diff_uploads(connection, "acme", 2, 3).counts == {"changed": 0, "new": 0, "retired": 3}
        assert diff_uploads(connection, "acme", 0, 3).counts == {"changed": 0, "new": 1, "retired": 0}
        assert len(diff_uploads(connection, "acme", 0, 2, limit=1).values) == 1
        of_nps = diff_uploads(connection, "acme", 1, 3, kpi="nps")
        assert (of_nps.total, {one.kpi for one in of_nps.values}) == (of_nps.by_kpi["nps"], {"nps"})


def test_the_greatest_movers_of_two_uploads_come_first(desk: Desk) -> None:
    names = ["crossed", "went", "far", "near"]

    def accounts(**values: dict[str, float]) -> list[MartAccount]:
        return [MartAccount(name, name.title(), values[name]) for name in names]

    # NPS is healthy from 50 on, and at risk below 10; CSAT from 4, and below 3.
    desk.load(T1, accounts(crossed={"nps": 51}, went={"csat": 5}, far={"nps": 60}, near={"csat": 4.1}))
    desk.load(
        T2,
        accounts(crossed={"nps": 49}, went={}, far={"nps": 90}, near={"csat": 4.6}),
        update_mode="replace",
    )
    with desk.engine.connect() as connection:
        found = diff_uploads(connection, "acme", 1, 2).values
    moved = [one for one in found if one.before is not None]
    assert [one.account_name for one in moved] == ["Crossed", "Went", "Far", "Near"]
    assert (moved[0].before_band, moved[0].after_band) == ("healthy", "between")


def test_a_value_of_too_few_rows_has_no_band_in_a_comparison_and_crosses_none(desk: Desk) -> None:
    desk.settings(kpi_mappings={"nps": {"min_sample": 2}})
    # Each value of these marts comes from one row.
    desk.load(T1, [MartAccount("few", "Few", {"nps": 60}), MartAccount("far", "Far", {"csat": 4.5})])
    desk.load(T2, [MartAccount("few", "Few", {"nps": 5}), MartAccount("far", "Far", {"csat": 2})])
    with desk.engine.connect() as connection:
        far, few = diff_uploads(connection, "acme", 1, 2).values
    assert (far.account_name, far.before_band, far.after_band) == ("Far", "healthy", "at_risk")
    assert (few.account_name, few.before_band, few.after_band) == ("Few", None, None)


def counted(before: dict[str, Any], after: dict[str, Any]) -> dict[str, int]:
    """Differences of two answers of `shown`, counted by comparing row by row."""
    columns = [column.name for column in tables.kpis.columns]
    old, new = (
        {
            (row[columns.index("account_id")], row[columns.index("kpi")]): tuple(
                row[columns.index(n)]
                for n in ("value", "numerator", "denominator", "sample_size", "unreadable_count", "status")
            )
            for row in state["kpis"]
            if row[columns.index("retired_at")] is None
        }
        for state in (before, after)
    )
    return {
        "changed": sum(new[key] != old[key] for key in old.keys() & new.keys()),
        "new": len(new.keys() - old.keys()),
        "retired": len(old.keys() - new.keys()),
    }


@pytest.mark.parametrize("seed", range(2))
def test_whatever_was_loaded_each_upload_can_be_taken_back_exactly(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    states = {0: shown(desk)}
    for step in range(1, 7):
        accounts = [
            MartAccount(
                f"A{n}", f"Account {n}", {k: float(dice.randrange(3)) for k in dice.sample(KPI_NAMES, 3)}
            )
            for n in dice.sample(range(5), dice.randrange(1, 5))
        ]
        as_of = T1 + timedelta(days=dice.randrange(4))
        if step % 3:
            desk.load(as_of, accounts, update_mode=dice.choice(["upsert", "replace"]))
        else:
            applied = [version for version, status in statuses(desk).items() if status == "applied"]
            version = dice.choice(applied)
            take_back(desk, version)
            assert shown(desk) == states[version - 1]
        states |= {version: shown(desk) for version in statuses(desk) if version not in states}
    with desk.engine.connect() as connection:
        for first, second in permutations(states, 2):
            diff = diff_uploads(connection, desk.customer, first, second)
            assert diff.counts == counted(states[first], states[second]), (first, second)
    for version in sorted(states, reverse=True)[:-1]:
        if statuses(desk)[version] == "applied":
            take_back(desk, version)
            assert shown(desk) == states[version - 1], f"version {version}"


def test_every_value_and_its_history_belong_to_an_upload_and_an_account(desk: Desk) -> None:
    desk.load(T1, [acme(), zeta()])
    desk.load(T2, [acme(nps=1)], update_mode="replace")
    take_back(desk, 2)
    values, history = tables.kpis.c, tables.kpi_history.c
    uploads, accounts = tables.kpi_uploads.c, tables.accounts.c
    with desk.engine.connect() as connection:
        for customer, mine, parent, theirs in (
            (values.customer_id, values.account_id, accounts.customer_id, accounts.id),
            (values.customer_id, values.upload_version, uploads.customer_id, uploads.version),
            (history.customer_id, history.account_id, accounts.customer_id, accounts.id),
            (history.customer_id, history.upload_version, uploads.customer_id, uploads.version),
            (history.customer_id, history.brought_by, uploads.customer_id, uploads.version),
        ):
            known = sa.exists().where(parent == customer, theirs == mine)
            assert connection.execute(sa.select(sa.func.count(customer)).where(~known)).scalar() == 0


def test_two_loads_of_one_customer_queue(desk: Desk) -> None:
    desk.load(T1, [acme(nps=1)])
    desk.marts(T2, [acme(nps=2), zeta()])

    def load(_: int) -> tuple[int | None, int]:
        report = load_dashboard(desk.configuration, desk.engine, "acme", T2)
        return report.version, report.kpis_synced

    with ThreadPoolExecutor(3) as pool:
        outcomes = sorted(pool.map(load, range(3)))
    assert outcomes == [(2, 0), (2, 0), (2, 2)]
    assert statuses(desk) == {1: "applied", 2: "applied"}


@pytest.mark.postgres
def test_loads_of_different_customers_do_not_wait_for_each_other(
    configuration: Configuration, postgres_engine: sa.Engine
) -> None:
    first, other = (Desk(configuration, postgres_engine, key) for key in ("acme", "zeta"))
    first.load(T1, [acme(nps=1)])
    other.marts(T1, [acme(nps=2)])
    with postgres_engine.begin() as connection:
        # As a load of the first customer that has begun and is not done.
        uploads.lock_uploads(connection, [get_customer(connection, "acme").id])
        connection.execute(sa.update(tables.kpis).values(value=3.0))
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(load_dashboard, configuration, postgres_engine, "zeta", T1)
            assert done.result(timeout=60).kpis_inserted == 3
    assert first.values()["Acme Corporation", "nps"] == 3.0
