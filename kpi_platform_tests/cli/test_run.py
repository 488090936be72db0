"""The whole job on raw schemas that somebody else filled: how the KPIs are checked from outside."""

import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import Result

from kpi_platform_tests.cli.commands import run_command

AS_OF = "2026-03-11T00:00:00Z"
SETTINGS = {
    "salesforce": {"schema": "acme_crm", "custom_fields": {"nps_score": "NPS_Score__c"}},
    "servicenow": {"schema": "acme_itsm"},
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with raw schemas and one customer, whose dbt project is parsed."""
    tmp_path = tmp_path_factory.mktemp("run")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute(
            """
            create schema acme_crm;
            create table acme_crm.account as
                select '001000000000001AAA' as id, 'Acme "Rockets" 🚀' as name, 'Customer - Direct' as type,
                       42.0 as nps_score_c, false as is_deleted;
            create schema acme_itsm;
            create table acme_itsm.incident (
                sys_id varchar, number varchar, opened_at timestamptz, resolved_at timestamptz, state varchar,
                u_customer_account_id varchar, made_sla boolean
            );
            insert into acme_itsm.incident values
                ('a', 'INC1', '2026-03-10 08:00+00', '2026-03-10 20:00+00', '7', '001000000000001', true),
                ('b', 'INC2', '2026-03-11 00:00+00', null, '1', '001000000000001', null);
            """
        )
    (tmp_path / "acme.json").write_text(json.dumps(SETTINGS))
    assert run_command(tmp_path, "customer", "add", "acme", "--name", "Acme").exit_code == 0
    imported = run_command(tmp_path, "settings", "import", "acme", str(tmp_path / "acme.json"), "--no-apply")
    assert imported.exit_code == 0, imported.stderr
    assert run_command(tmp_path, "doctor").exit_code == 0
    return tmp_path


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "home"))


@pytest.fixture(scope="module")
def loaded(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home after one run at AS_OF."""
    home = Path(shutil.copytree(template, tmp_path_factory.mktemp("loaded") / "home"))
    ran = run_command(home, "run", "acme", "--skip-sync", "--as-of", AS_OF)
    assert ran.exit_code == 0, ran.stdout + ran.stderr
    return home


def test_a_run_without_sync_computes_from_what_the_destination_holds(loaded: Path) -> None:
    with duckdb.connect(str(loaded / "warehouse.duckdb"), read_only=True) as warehouse:
        values = dict(
            warehouse.execute("select kpi, value from kpi.kpi_values where customer_id = 'acme'").fetchall()
        )
    assert values["nps"] == 42
    assert values["support_ticket_volume"] == 1, "the incident opened at as_of does not exist yet"
    assert values["resolution_time"] == 12


@pytest.fixture(scope="module")
def ranged(loaded: Path) -> Result:
    """A further run of the home: the day before, and AS_OF again, beside a customer whose raw schemas are not
    there."""
    document = {"salesforce": {"schema": "nowhere_crm"}, "servicenow": {"schema": "nowhere_itsm"}}
    (loaded / "ghost.json").write_text(json.dumps(document))
    run_command(loaded, "customer", "add", "ghost")
    run_command(loaded, "settings", "import", "ghost", str(loaded / "ghost.json"), "--no-apply")
    return run_command(
        loaded, "run", "acme", "ghost", "--skip-sync", "--json",
        "--as-of-range", "2026-03-10", "2026-03-11", "--every", "1d",
    )  # fmt: skip


def test_a_range_of_instants_fills_the_daily_history(loaded: Path, ranged: Result) -> None:
    assert [outcome["as_of"][:10] for outcome in json.loads(ranged.stdout)] == ["2026-03-10", "2026-03-11"]
    with duckdb.connect(str(loaded / "warehouse.duckdb"), read_only=True) as warehouse:
        days = warehouse.execute(
            "select as_of_date, value, status from kpi.kpi_daily where kpi = 'resolution_time' order by all"
        ).fetchall()
    assert days == [(date(2026, 3, 10), None, "no_data"), (date(2026, 3, 11), 12, "ok")]


def test_the_same_run_again_writes_nothing(loaded: Path, ranged: Result) -> None:
    _, again = json.loads(ranged.stdout)
    assert list(again["loaded"]) == ["acme"]
    uploads = json.loads(run_command(loaded, "uploads", "list", "acme", "--json").stdout)
    assert [upload["as_of"][:10] for upload in uploads] == ["2026-03-10", "2026-03-11"]


def test_a_customer_without_its_raw_schema_fails_alone_by_name(ranged: Result) -> None:
    assert ranged.exit_code == 1
    for outcome in json.loads(ranged.stdout):
        assert list(outcome["loaded"]) == ["acme"]
        assert list(outcome["failed"]) == ["ghost"]
        assert "nowhere_crm" in outcome["failed"]["ghost"]


def test_an_unknown_customer_is_named_with_those_that_there_are(home: Path) -> None:
    ran = run_command(home, "run", "acmee", "--skip-sync")

    assert ran.exit_code == 1
    assert "acmee" in ran.stderr and "acme" in ran.stderr.replace("acmee", "")


@pytest.mark.usefixtures("no_pauses")
def test_an_unreachable_fivetran_follows_each_customers_policy_and_is_named(home: Path) -> None:
    document = {
        "salesforce": {**SETTINGS["salesforce"], "connection_id": "crm"},
        "servicenow": {**SETTINGS["servicenow"], "connection_id": "itsm"},
        "error_handling": {"on_sync_failure": "alert"},
    }
    (home / "acme.json").write_text(json.dumps(document))
    run_command(home, "settings", "import", "acme", str(home / "acme.json"), "--no-apply")

    ran = run_command(home, "run", "acme", "--json", FIVETRAN_API_URL="http://127.0.0.1:9")

    assert ran.exit_code == 1
    [outcome] = json.loads(ran.stdout)
    assert "127.0.0.1:9" in outcome["failed"]["acme"]
    assert json.loads(run_command(home, "uploads", "list", "acme", "--json").stdout) == []
    [alert, *_] = json.loads(run_command(home, "alert", "list", "acme", "--json").stdout)
    assert alert["kind"] == "sync_failed"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--as-of", "yesterday"], "yesterday"),
        (["--as-of-range", "2026-03-02", "2026-03-01"], "2026-03-01"),
        (["--as-of-range", "2026-03-01", "2026-03-02", "--every", "often"], "often"),
    ],
)
def test_a_malformed_instant_is_named(home: Path, arguments: list[str], named: str) -> None:
    ran = run_command(home, "run", "acme", "--skip-sync", *arguments)

    assert ran.exit_code == 1
    assert named in ran.stderr
