"""The KPI build end to end, with the real dbt project, on DuckDB. Other destinations: destinations/."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.domain.errors import BuildFailed, NotFound
from kpi_platform.pipeline.batch import read_inputs
from kpi_platform.pipeline.build import BuildReport, build_kpis
from kpi_platform.pipeline.explain import explain
from kpi_platform_tests.pipeline.landing import (
    ACCOUNT,
    CASE,
    account,
    customer,
    land,
)

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
UNICODE_NAME = "Ünïcode 'Q\" \\ 🎉; drop table x"
CASES: list[Any] = [
    {
        "id": f"c{day}",
        "account_id": account(1)["id"],
        "created_date": datetime(2026, 11, day),
        "satisfaction_rating_c": rating,
        "is_deleted": deleted,
    }
    for day, rating, deleted in ((1, 4, False), (2, 2, False), (3, 9, False), (4, 3, True))
]

Installation = tuple[Configuration, sa.Engine]


def salesforce(*accounts: Any) -> dict[str, Any]:
    return {"account": (ACCOUNT, accounts), "case": (CASE, CASES if accounts else [])}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Customers that are well, one whose schema is missing, and one whose cases cannot be read."""
    home = tmp_path_factory.mktemp("build")
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)})
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine)
    links = {"salesforce": {"instance_url": "https://acme.my.salesforce.com"}}
    customer(configuration, engine, "acme", links)
    for key in ("broken", "poisoned", "zeta"):
        customer(configuration, engine, key)
    land(configuration.warehouse_file, "acme_sf", salesforce(account(1), account(2, name=UNICODE_NAME)))
    land(configuration.warehouse_file, "zeta_sf", salesforce(account(1), account(3, nps_score_c=None)))
    land(configuration.warehouse_file, "poisoned_sf", {"account": (ACCOUNT, [account(1)])})
    with duckdb.connect(str(configuration.warehouse_file)) as connection:
        connection.execute(
            'create view poisoned_sf."case" as '
            "select cast(error('the block is unreadable') as varchar) as id, "
            "cast(null as varchar) as account_id, cast(null as timestamp) as created_date, "
            "4.0::double as satisfaction_rating_c"
        )
    yield configuration, engine
    engine.dispose()


@pytest.fixture(scope="module")
def first(installation: Installation) -> BuildReport:
    return build_kpis(*installation, ["acme", "broken", "poisoned", "zeta", "nobody"], AS_OF)


def marts(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every mart, sorted."""
    with duckdb.connect(str(file)) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'kpi' order by 1"
        ).fetchall()
        return {name: connection.execute(f'from kpi."{name}" order by all').fetchall() for (name,) in names}


def test_customers_that_cannot_be_computed_fail_alone_by_name(first: BuildReport) -> None:
    assert set(first.built) == {"acme", "zeta"}
    assert set(first.failed) == {"broken", "poisoned", "nobody"}
    assert isinstance(first.failed["broken"], NotFound)
    poisoned = first.failed["poisoned"]
    assert isinstance(poisoned, BuildFailed)
    assert "poisoned" in poisoned.message
    assert "the block is unreadable" in poisoned.message
    assert poisoned.details["nodes"]


def test_the_report_counts_the_rows_of_every_mart(installation: Installation, first: BuildReport) -> None:
    assert first.built["acme"]["kpi_values"] == 24
    assert first.built["acme"]["kpi_servicenow_metrics"] == 0
    there = marts(installation[0].warehouse_file)
    assert set(there) == set(first.built["acme"])
    for mart, rows in there.items():
        assert len(rows) == sum(counts[mart] for counts in first.built.values())


def test_the_values_are_those_of_the_rows(installation: Installation, first: BuildReport) -> None:
    assert first.built
    (one,), _ = read_inputs(*installation, ["acme"])
    wanted = {"kpi": ["nps", "csat"], "account_id": account(1)["id"]}
    batches = one.destination.read_mart("kpi_values", "acme", ["kpi", "value", "sample_size"], where=wanted)
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert {row["kpi"]: (row["value"], row["sample_size"]) for row in rows} == {
        "nps": (40, 1),
        "csat": (3, 2),
    }


def test_a_value_is_explained_by_its_source_rows(installation: Installation, first: BuildReport) -> None:
    assert first.built
    found = explain(*installation, "acme", "account 1", "csat")
    assert (found.value, found.numerator, found.denominator, found.sample_size) == (3, 6, 2, 2)
    assert found.counted == 2
    assert sum(found.left_out.values()) == len(found.rows) - 2 == 2
    assert [row.id for row in found.rows if row.left_out_reason is None] == ["c2", "c1"]
    assert found.rows[0].url == "https://acme.my.salesforce.com/lightning/r/Case/c2/view"
    assert sum(row.numerator or 0 for row in found.rows if row.left_out_reason is None) == found.numerator
    assert found.as_of == AS_OF
    with pytest.raises(NotFound, match="--as-of 2026-01-01"):
        explain(*installation, "acme", UNICODE_NAME, "csat", datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(NotFound, match="csat"):
        explain(*installation, "acme", "account 1", "happiness")


def test_a_second_run_gives_the_same_marts(installation: Installation, first: BuildReport) -> None:
    assert first.built
    before = marts(installation[0].warehouse_file)
    again = build_kpis(*installation, ["zeta", "acme"], AS_OF)
    assert again.built == first.built
    assert marts(installation[0].warehouse_file) == before


def test_vanished_accounts_and_emptied_customers_are_replaced_and_nobody_else(
    installation: Installation, first: BuildReport
) -> None:
    assert first.built
    file = installation[0].warehouse_file
    land(file, "acme_sf", salesforce(account(2, name=UNICODE_NAME)))
    report = build_kpis(*installation, ["acme"], AS_OF)
    assert report.built["acme"]["kpi_values"] == 12
    after = marts(file)
    assert {row[1] for row in after["kpi_salesforce_metrics"] if row[0] == "acme"} == {account(2)["id"]}
    assert len([row for row in after["kpi_values"] if row[0] == "zeta"]) == 24
    land(file, "acme_sf", salesforce())
    emptied = build_kpis(*installation, ["acme"], AS_OF)
    assert emptied.built["acme"]["kpi_values"] == 0
    assert {row[0] for rows in marts(file).values() for row in rows} == {"zeta"}


def test_a_past_day_is_computed_from_what_is_there_now_and_is_the_only_one_that_changes(
    installation: Installation, first: BuildReport
) -> None:
    """Rows of later do not exist, nor those that were deleted since; accounts are as they are now."""
    assert first.built
    file = installation[0].warehouse_file
    past = datetime(2026, 11, 3, tzinfo=UTC)
    cases = [{**case, "is_deleted": case["is_deleted"] or case["id"] == "c1"} for case in CASES]
    land(file, "zeta_sf", {"account": (ACCOUNT, [account(1, nps_score_c=55.0)]), "case": (CASE, cases)})
    build_kpis(*installation, ["zeta"], past)
    with duckdb.connect(str(file)) as connection:
        found = connection.execute(
            "select as_of_date, kpi, value, sample_size from kpi.kpi_daily where customer_id = 'zeta' "
            "and kpi in ('nps', 'csat') and account_id = ? order by all",
            [account(1)["id"]],
        ).fetchall()
    assert found == [
        (past.date(), "csat", 2, 1),
        (past.date(), "nps", 55, 1),
        (AS_OF.date(), "csat", 3, 2),
        (AS_OF.date(), "nps", 40, 1),
    ]
