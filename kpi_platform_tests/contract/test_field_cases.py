"""Field cases: what people met, run through the whole pipeline, and what the pages say of it. The files of
two more are read in cli/: settings (test_settings_files.py) and CSV (test_matching.py)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from fastapi.testclient import TestClient
from typer.testing import Result

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine
from kpi_platform.dashboard.tokens import create_token
from kpi_platform.web.app import create_app
from kpi_platform_tests.cli.commands import run_command

CASES = {
    "c01": "01-mixed-currencies",
    "c03b": "03b-only-dates-and-amounts-as-text",
    "c04": "04-rating-scale-of-ten",
    "c05": "05-account-type-picklist",
}
UNSEEN = "unseen"
"""A customer whose values no column shows by itself to be unreadable."""
_UNSEEN_SQL = """
    create schema unseen_sf; create schema unseen_sn;
    create table unseen_sf.account as
        select *, 'Customer' as type, timestamp '2026-06-30 01:00' as _fivetran_synced
        from (values ('001A00000000001AAA', 'Northwind', '12'), ('001A00000000002AAA', 'Contoso', 'many'))
        as rows(id, name, seats_c);
    create table unseen_sn.incident as select * from (values
        ('i1', timestamp '2006-01-01', timestamp '2026-06-20', '1 - Critical', '{"value": "001A"}'::json),
        ('i2', timestamp '2026-06-10', timestamp '2026-06-20', 'Burning', null),
        ('i3', timestamp '2026-06-10', timestamp '2026-06-20', 'Urgent', '"001A00000000001AAA"'::json)
    ) as rows(sys_id, opened_at, resolved_at, priority, u_customer_account_id);
    create table unseen_sn.sys_choice as select 'c1' as sys_id, 'incident' as name, 'priority' as element,
        '1' as value, 'Urgent' as label;
"""
_UNSEEN_SETTINGS = {
    "salesforce": {"schema": "unseen_sf"},
    "servicenow": {"schema": "unseen_sn"},
    "custom_kpis": [
        {"name": "Seats", "slug": "seats", "source": "salesforce", "table": "account", "aggregate": "sum",
         "field": "seats_c", "unit": "seats"},
    ],
}  # fmt: skip
AS_OF = "2026-06-30T02:00:00+00:00"


@dataclass(frozen=True)
class Case:
    """What a customer's people see after the run."""

    home: Path
    ran: Result
    client: TestClient

    def page(self, path: str) -> str:
        """The text of a page, without markup."""
        answer = self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, answer.text
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())

    def kpi(self, account: str, kpi: str) -> dict[str, Any]:
        """A value as the API has it."""
        accounts = self.client.get("/api/accounts").json()["accounts"]
        [found] = [one for one in accounts if one["name"] == account]
        value: dict[str, Any] = found["kpis"][kpi]
        return value


@pytest.fixture(scope="module")
def cases(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Case]]:
    home = tmp_path_factory.mktemp("cases")
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)})
    configuration.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    for customer, case in CASES.items():
        folder = shared / "data/field_cases" / case
        with duckdb.connect(str(configuration.warehouse_file)) as connection:
            connection.execute((folder / "setup.sql").read_text())
        added = run_command(
            home, "customer", "add", customer, "--name", case, "--settings", str(folder / "settings.yaml")
        )
        assert added.exit_code == 0, added.output
    with duckdb.connect(str(configuration.warehouse_file)) as connection:
        connection.execute(_UNSEEN_SQL)
    settings = home / "unseen.yaml"
    settings.write_text(yaml.safe_dump(_UNSEEN_SETTINGS))
    added = run_command(home, "customer", "add", UNSEEN, "--name", "Unseen", "--settings", str(settings))
    assert added.exit_code == 0, added.output
    ran = run_command(home, "run", *CASES, UNSEEN, "--skip-sync", "--as-of", AS_OF)
    engine = open_engine(configuration.dashboard_database_url)
    app = create_app(configuration)
    made = {}
    for customer in (*CASES, UNSEEN):
        with engine.begin() as database:
            token, _ = create_token(database, name="Ada", customer=customer, scope="write", who="test")
        client = TestClient(app, "http://127.0.0.1", headers={"Authorization": f"Bearer {token}"})
        made[customer] = Case(home, ran, client)
    yield made
    app.state.engine.dispose()
    engine.dispose()


def test_amounts_in_two_currencies_are_not_added_up_as_one(cases: dict[str, Case]) -> None:
    growth = cases["c01"].kpi("Northwind", "revenue_growth")
    retention = cases["c01"].kpi("Northwind", "net_revenue_retention")
    assert growth["value"] == pytest.approx(-33.3, abs=0.1)
    assert retention["value"] == pytest.approx(66.7, abs=0.1)
    assert cases["c01"].kpi("Contoso", "revenue_growth")["value"] == pytest.approx(5)


def test_what_cannot_be_read_is_neither_nothing_nor_green(cases: dict[str, Case]) -> None:
    for kpi in ("revenue_growth", "net_revenue_retention", "support_ticket_volume"):
        found = cases["c03b"].kpi("Northwind", kpi)
        assert (found["status"], found["value"]) == ("unreadable", None), kpi
    assert "unreadable" in cases["c03b"].page("/accounts")
    sentence = "1 row of salesforce.opportunity.amount breaks a rule, for example '$1,200.00'"
    assert sentence in cases["c03b"].page("/status")
    assert sentence in " ".join(cases["c03b"].ran.output.split())


def test_a_check_tells_of_every_kind_of_value_that_is_left_out(cases: dict[str, Case]) -> None:
    found = cases[UNSEEN].page("/status")
    for what in (
        "salesforce.account.seats_c, for example 'many'",
        "servicenow.incident.opened_at, for example '2006-01-01 00:00:00'",
        "servicenow.incident.priority, for example 'burning'",
        'servicenow.incident.u_customer_account_id, for example \'{"value": "001A"}\'',
    ):
        assert f"1 row of {what}" in found.replace(" breaks a rule", "")


def test_ratings_outside_of_the_scale_are_not_shown_as_a_satisfaction(cases: dict[str, Case]) -> None:
    case = cases["c04"]
    for account, kpi in (("Happy", "csat"), ("Happy", "support_satisfaction"), ("AllTens", "csat")):
        found = case.kpi(account, kpi)
        assert (found["status"], found["value"]) == ("out_of_range", None), (account, kpi)
    sentence = "9 rows of salesforce.case.satisfaction_rating break a rule, for example account_id "
    for text in (case.page("/status"), " ".join(case.ran.output.split())):
        assert sentence in text
        assert "most ratings are 8–10: a scale of 1–10?" in text


def test_accounts_of_other_types_are_counted_and_named(cases: dict[str, Case]) -> None:
    types = "type 'Client' 1, 'customer' 1, 'Existing Customer' 1, 'Kunde' 1, empty 1"
    sentence = f"5 accounts do not count: {types}"
    case = cases["c05"]
    assert sentence in case.page("/status")
    assert sentence in " ".join(case.ran.output.split())
    assert "Compute its KPIs first" not in case.ran.output
    assert "Kunde" in case.page("/accounts/left-out")
    explained = run_command(case.home, "explain", "c05", "--accounts")
    assert (explained.exit_code, sentence in explained.output) == (0, True), explained.output
    assert "Litware" in explained.output
    both = run_command(case.home, "explain", "c05", "Litware", "csat", "--accounts")
    assert (both.exit_code, "leave --accounts" in both.output) == (1, True)


def test_no_page_says_that_some_rows_do_not_pass(cases: dict[str, Case]) -> None:
    for case in cases.values():
        assert "do not pass" not in case.page("/status")
        assert "Traceback" not in case.ran.output
