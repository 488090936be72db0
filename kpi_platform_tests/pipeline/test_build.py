# Long: its tests share one build.
"""The KPI build end to end, with the real dbt project, on DuckDB. Other destinations: destinations/."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from kpi_platform.adapters import duckdb_file
from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.dashboard.tokens import create_token
from kpi_platform.domain.errors import BuildFailed, NotFound
from kpi_platform.domain.kpis import KPIS
from kpi_platform.pipeline.batch import read_inputs
from kpi_platform.pipeline.build import BuildReport, build_kpis
from kpi_platform.pipeline.checks import check_of
from kpi_platform.pipeline.explain import explain
from kpi_platform.web.app import create_app
from kpi_platform.web.explaining import ExplainsElsewhere
from kpi_platform_tests.pipeline.landing import (
    ACCOUNT,
    CASE,
    account,
    customer,
    land,
)
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.matching import match_accounts
from kpi_platform_tests.pipeline.planning import plan_batches

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
    for key in ("brief", "broken", "poisoned", "zeta"):
        customer(configuration, engine, key)
    land(configuration.warehouse_file, "acme_sf", salesforce(account(1), account(2, name=UNICODE_NAME)))
    land(configuration.warehouse_file, "brief_sf", salesforce(account(1)))
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
    return build_kpis(*installation, ["acme", "brief", "broken", "poisoned", "zeta", "nobody"], AS_OF)


def marts(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every mart, sorted, without the time of the build."""
    with duckdb.connect(str(file)) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'kpi' order by 1"
        ).fetchall()
        return {
            name: connection.execute(
                f"select columns(lambda name: name <> 'computed_at') from kpi.\"{name}\" order by all"
            ).fetchall()
            for (name,) in names
        }


def test_customers_that_cannot_be_computed_fail_alone_by_name(first: BuildReport) -> None:
    assert set(first.built) == {"acme", "brief", "zeta"}
    assert set(first.failed) == {"broken", "poisoned", "nobody"}
    assert isinstance(first.failed["broken"], NotFound)
    poisoned = first.failed["poisoned"]
    assert isinstance(poisoned, BuildFailed)
    assert "poisoned" in poisoned.message
    assert "the block is unreadable" in poisoned.message
    assert poisoned.details["nodes"]


def test_the_report_counts_the_rows_of_every_mart(installation: Installation, first: BuildReport) -> None:
    assert first.built["acme"]["kpi_values"] == 2 * len(KPIS)
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
    assert {reason: row.id for reason, row in found.left_out_examples.items()} == {
        row.left_out_reason: row.id for row in found.rows if row.left_out_reason
    }
    assert found.rows[0].url == "https://acme.my.salesforce.com/lightning/r/Case/c2/view"
    assert sum(row.numerator or 0 for row in found.rows if row.left_out_reason is None) == found.numerator
    assert found.as_of == AS_OF
    with pytest.raises(NotFound, match="--as-of 2026-01-01"):
        explain(*installation, "acme", UNICODE_NAME, "csat", datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(NotFound, match="csat"):
        explain(*installation, "acme", "account 1", "happiness")


def test_one_statement_explains_a_kpi_of_all_accounts_and_gives_each_its_own_rows(
    installation: Installation, first: BuildReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert first.built
    compiled: list[str] = []
    compile_ = DbtProject.compile

    def compile_and_count(project: DbtProject, statement: str, variables: Mapping[str, Any]) -> str:
        compiled.append(variables["explained"]["account"])
        return compile_(project, statement, variables)

    monkeypatch.setattr(DbtProject, "compile", compile_and_count)
    found = [
        explain(*installation, "acme", account_id, "csat", rows=999)
        for account_id in (account(1)["id"], account(2)["id"], account(1)["id"])
    ]
    assert [len(one.rows) for one in found] == [len(CASES), 0, len(CASES)]
    assert len(compiled) == 1


def test_what_has_landed_since_an_explanation_is_seen_by_the_next(
    installation: Installation, first: BuildReport
) -> None:
    assert first.built
    configuration, engine = installation
    assert len(explain(configuration, engine, "acme", "account 1", "csat").rows) == len(CASES)
    with duckdb_file.connect(configuration.warehouse_file) as warehouse:
        warehouse.execute("alter table acme_sf.case rename to later_case")
    try:
        assert explain(configuration, engine, "acme", "account 1", "csat").rows == []
    finally:
        with duckdb_file.connect(configuration.warehouse_file) as warehouse:
            warehouse.execute("alter table acme_sf.later_case rename to 'case'")


@pytest.fixture(scope="module")
def shown(installation: Installation, first: BuildReport) -> Iterator[tuple[TestClient, str]]:
    """Somebody of acme at the web app, after a load, and the page of its account 1."""
    assert first.built
    configuration, engine = installation
    match_accounts(configuration, engine, "acme", AS_OF)
    load_dashboard(configuration, engine, "acme", AS_OF)
    with engine.begin() as connection:
        text, _ = create_token(connection, name="ann", customer="acme", scope="read", who="test")
    explainer = ExplainsElsewhere(configuration)
    app = create_app(configuration, explainer=explainer)
    client = TestClient(
        app, "http://127.0.0.1", headers={"Authorization": f"Bearer {text}", "Accept": "text/html"}
    )
    [found] = client.get("/api/accounts", params={"search": "Account 1"}).json()["accounts"]
    yield client, f"/accounts/{found['id']}"
    explainer.close()
    app.state.engine.dispose()


def test_a_shown_value_is_explained_over_http_and_on_its_accounts_page(shown: tuple[TestClient, str]) -> None:
    client, account_page = shown
    address = f"{account_page}/kpis/csat/explanation"
    assert f'hx-get="{address}"' in client.get(account_page).text
    found = client.get(f"/api{address}", params={"limit": 3}).json()
    assert (found["value"], found["numerator"], found["denominator"], found["is_shown"]) == (3, 6, 2, True)
    assert (found["counted"], found["left_out"]) == (2, {"deleted": 1, "out of range": 1})
    assert [(row["id"], row["left_out_reason"]) for row in found["rows"]][:2] == [("c2", None), ("c1", None)]
    assert len(found["rows"]) == 3
    part = client.get(address, headers={"HX-Request": "true"})
    assert part.headers["X-Fragment"] == "true"
    assert "1 deleted (such as" in part.text and ", 1 out of range (such as" in part.text
    assert '<a href="https://acme.my.salesforce.com/lightning/r/Case/c2/view"' in part.text
    assert "no: out of range" in part.text
    whole = client.get(address).text
    assert "<h1>CSAT of Account 1</h1>" in whole
    assert "no: out of range" in whole


def test_an_explanation_reads_its_account_once(shown: tuple[TestClient, str]) -> None:
    client, account_page = shown
    statements: list[str] = []
    engine = client.app.state.engine  # type: ignore[attr-defined]

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    assert client.get(f"{account_page}/kpis/csat/explanation").status_code == 200
    sa.event.remove(engine, "before_cursor_execute", note)
    assert len([one for one in statements if "FROM account_health" in one]) == 1


def test_an_explanation_says_that_another_value_is_shown_and_which_it_explains(
    installation: Installation, shown: tuple[TestClient, str]
) -> None:
    client, account_page = shown
    _, engine = installation
    csat = sa.and_(tables.kpis.c.kpi == "csat", tables.kpis.c.status == "ok")
    for value, is_shown in ((1.0, False), (3.0, True)):
        with engine.begin() as connection:
            connection.execute(sa.update(tables.kpis).where(csat).values(value=value))
        found = client.get(f"/api{account_page}/kpis/csat/explanation").json()
        assert (found["is_shown"], found["value"]) == (is_shown, 3)


def test_a_value_is_explained_while_a_build_has_the_warehouse(
    installation: Installation, shown: tuple[TestClient, str]
) -> None:
    client, account_page = shown
    address = f"/api{account_page}/kpis/csat/explanation"
    before = client.get(address).json()
    with duckdb_file.kept_open(installation[0].warehouse_file):
        assert client.get(address).json() == before
    with (
        duckdb_file.kept_open(installation[0].warehouse_file),
        duckdb_file.connect(installation[0].warehouse_file) as build,
    ):
        build.execute("begin")
        build.execute("delete from kpi.kpi_values")
        assert client.get(address).json() == before, "what a build has not committed is not seen"
        build.execute("rollback")


def test_a_process_of_explanations_that_was_killed_is_started_again(shown: tuple[TestClient, str]) -> None:
    client, account_page = shown
    explainer = client.app.state.explainer  # type: ignore[attr-defined]
    explainer.prepare()
    explainer._process._process.kill()
    assert client.get(f"/api{account_page}/kpis/csat/explanation").json()["value"] == 3
    refused = client.get("/api/accounts/4711/kpis/csat/explanation")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")


def test_a_warehouse_that_is_written_to_is_said_to_be_busy_with_the_way_to_ask_again(
    installation: Installation, shown: tuple[TestClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, account_page = shown
    monkeypatch.setattr("kpi_platform.web.explaining.WAIT_SECONDS", 0.1)
    address = f"{account_page}/kpis/csat/explanation"
    # Requests are served by threads of their own, for which the lock is somebody else's.
    with duckdb_file.exclusive(installation[0].warehouse_file):
        part = client.get(address, headers={"HX-Request": "true"})
        refused = client.get(f"/api{address}")
    assert (part.status_code, part.headers["X-Fragment"]) == (503, "true")
    assert "is writing to the warehouse" in part.text
    assert "Try again" in part.text
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "destination_locked")


HARM = {
    "every_account_has_every_kpi": (
        "delete from kpi.kpi_values where kpi = 'adoption_index' and customer_id = 'zeta'"
    ),
    "measures_reconcile_with_values": (
        "update kpi.kpi_measures set row_count = row_count + 1 where customer_id = 'zeta'"
    ),
    "test_name:valid_rows,kpi_values": (
        "insert into kpi.kpi_values from kpi.kpi_values where kpi = 'nps' and customer_id = 'zeta'"
    ),
    "test_name:unique_grain,kpi_accounts": (
        "insert into kpi.kpi_accounts select * replace (account_id || 'x' as account_id)"
        " from kpi.kpi_accounts where customer_id = 'zeta'"
    ),
    "test_name:valid_rows,kpi_daily": "update kpi.kpi_daily set status = 'odd' where customer_id = 'zeta'",
    "test_name:valid_rows,kpi_integrated_metrics": (
        "update kpi.kpi_integrated_metrics set as_of = null where customer_id = 'zeta'"
    ),
    "test_name:valid_rows,account_churn_risk": (
        "update kpi.account_churn_risk set coverage = 2 where customer_id = 'zeta'"
    ),
    "test_name:valid_rows,kpi_salesforce_metrics": (
        "update kpi.kpi_salesforce_metrics set account_id = 'x' where customer_id = 'zeta'"
    ),
}
"""A check, by dbt's selection, and what it is there for."""


def test_what_is_lost_doubled_or_spoilt_is_noticed_and_named_and_the_next_build_gives_the_same_marts(
    installation: Installation, first: BuildReport
) -> None:
    before = marts(installation[0].warehouse_file)
    (batch,) = plan_batches(*installation, ["acme", "brief", "zeta"], AS_OF)
    with duckdb.connect(str(installation[0].warehouse_file)) as connection:
        for statement in HARM.values():
            connection.execute(statement)
    project = DbtProject(installation[0], batch.destination)
    results = project.build("test", batch.vars() | {"run_id": None}, select=list(HARM))
    found = [check_of(project.destination, result, batch.customers) for result in results]
    assert len(found) == len(HARM)
    assert {(one.status, one.blamed) for one in found} == {("fail", ("zeta",))}
    words = {one.node: one.words("zeta") for one in found}
    assert all(text.startswith("Customer zeta: ") for text in words.values())
    rules = [
        (failing.table, failing.column, failing.rows[0]["broken_rule"].partition(",")[0])
        for one in found
        for failing in one.failing["zeta"]
        if "broken_rule" in failing.rows[0]
    ]
    assert set(rules) == {
        ("account_churn_risk", "coverage", "coverage 2.0 is above 1"),
        ("kpi_daily", "status", "status odd is not one of ok"),
        ("kpi_integrated_metrics", "as_of", "as_of is missing"),
        ("kpi_salesforce_metrics", "account_id", "account_id x is not an account of the customer"),
        ("kpi_salesforce_metrics", None, "it is there more than once"),
        ("kpi_values", None, "it is there more than once"),
    }
    again = build_kpis(*installation, ["zeta", "acme", "brief"], AS_OF)
    assert {one.status for one in again.checks if one.severity == "error"} == {"pass"}
    assert again.built == first.built
    assert marts(installation[0].warehouse_file) == before


def test_large_batches_keep_what_many_statements_read_and_come_to_the_same(
    installation: Installation, first: BuildReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = marts(installation[0].warehouse_file)
    monkeypatch.setattr("kpi_platform.adapters.dbt_patches.kept_models.KEPT_FROM", 3)
    seen: list[str] = []
    again = build_kpis(
        *installation, list(first.built), AS_OF, on_progress=lambda node: seen.append(node.node)
    )
    assert {"int_customer", "int_salesforce_account", "stg_salesforce__case"} < set(seen)
    assert (again.built, again.failed) == (first.built, {})
    assert marts(installation[0].warehouse_file) == before

    again = build_kpis(*installation, [*first.built, "poisoned"], AS_OF)
    assert (again.built, set(again.failed)) == (first.built, {"poisoned"})
    assert "the block is unreadable" in again.failed["poisoned"].message
    assert marts(installation[0].warehouse_file) == before


def test_vanished_accounts_and_emptied_customers_are_replaced_and_nobody_else(
    installation: Installation, first: BuildReport
) -> None:
    assert first.built
    file = installation[0].warehouse_file
    land(file, "acme_sf", salesforce(account(2, name=UNICODE_NAME)))
    land(file, "brief_sf", salesforce())
    report = build_kpis(*installation, ["acme", "brief"], AS_OF)
    assert (report.built["acme"]["kpi_values"], report.built["brief"]["kpi_values"]) == (len(KPIS), 0)
    after = marts(file)
    assert {row[1] for row in after["kpi_salesforce_metrics"] if row[0] == "acme"} == {account(2)["id"]}
    assert {row[0] for rows in after.values() for row in rows} == {"acme", "zeta"}
    assert len([row for row in after["kpi_values"] if row[0] == "zeta"]) == 2 * len(KPIS)


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
