"""The page of connections: the way to the first load, rows by table, and what the newest checks found."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from kpi_platform.adapters import duckdb_file
from kpi_platform.dashboard.check_results import Finding, record_check_results
from kpi_platform.dashboard.run_records import write_runs
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform.domain.settings import parse_settings
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.pages.test_runs import record
from kpi_platform_tests.web.seeding import seed

NOW = datetime.now(UTC)


def save(web: Web, document: dict[str, Any]) -> None:
    with web.engine.begin() as connection:
        effective = parse_settings(document).document()
        save_settings(connection, "acme", document, who="test", effective=effective)


def test_until_the_first_load_the_page_says_what_is_done_and_what_is_to_be_done_now(web: Web) -> None:
    save(
        web, {"salesforce": {"schema": "acme_crm", "connection_id": "sf_1"}, "servicenow": {"enabled": False}}
    )
    acme = web.client("acme")
    page = acme.get("/runs").text
    assert "Set-up: 1 of 4 steps done" in page
    assert 'Sign in to Salesforce<span class="sr"> (to do now)' in page
    assert "Connect ServiceNow" not in page
    assert 'href="/runs">See what is left to do' in acme.get("/accounts").text
    with web.engine.begin() as connection:
        record_sync_state(
            connection, "acme", "salesforce", connection_id="sf_1", in_first_sync=True,
            detail={"setup_state": "connected"},
        )  # fmt: skip
    assert "Set-up: 2 of 4 steps done" in (page := acme.get("/runs").text)
    assert "Under way since" in page
    with web.engine.begin() as connection:
        record_sync_state(connection, "acme", "salesforce", last_succeeded_at=NOW, in_first_sync=False)
    write_runs(web.engine, [record("broke", "failed", errors={"acme": "The table is gone."})])
    assert "Set-up: 3 of 4 steps done" in (page := acme.get("/runs").text)
    assert 'href="/runs/broke">See why' in page


def test_nothing_is_connected_or_every_source_is_off_and_the_page_leads_to_the_settings(web: Web) -> None:
    page = web.client("acme").get("/runs").text
    assert 'href="/settings?section=salesforce">Name it' in page
    save(web, {"salesforce": {"enabled": False}, "servicenow": {"enabled": False}})
    assert "Every source is switched off." in web.client("acme").get("/runs").text


def test_after_the_first_load_there_is_no_set_up_left(web: Web) -> None:
    seed(web.configuration, web.engine, "dune", uploads=1)
    assert "Set-up" not in web.client("dune").get("/runs").text


def test_rows_are_counted_by_table_and_tables_that_are_off_or_not_there_say_so(web: Web) -> None:
    save(
        web,
        {
            "salesforce": {"schema": "acme_crm", "sync_objects": {"cases": False}},
            "servicenow": {"schema": "acme_itsm"},
        },
    )
    with duckdb_file.connect(web.configuration.warehouse_file) as connection:
        connection.execute("CREATE SCHEMA acme_crm")
        connection.execute("CREATE TABLE acme_crm.account AS SELECT range AS id FROM range(1234)")
        connection.execute("CREATE TABLE acme_crm.case AS SELECT 1 AS id")
    acme = web.client("acme")
    page = acme.get("/runs/tables").text
    cells = {
        row.partition('<span class="sub">')[2].partition("<")[0]: row.rpartition('figure">')[2]
        for row in page.split("<tr>")[1:]
    }
    assert cells["account"].startswith("1,234")
    assert "off in the settings" in cells["case"]
    assert "not synced" in cells["opportunity"]
    assert "Nothing has landed yet" in page, "ServiceNow has no schema"
    part = acme.get("/runs/tables", headers={"HX-Request": "true"})
    assert part.headers["X-Fragment"] and "<html" not in part.text and "1,234" in part.text


def test_inputs_that_name_a_field_offer_the_landed_ones_with_their_tables(web: Web) -> None:
    save(web, {"salesforce": {"schema": "acme_crm"}})
    acme = web.client("acme")
    for path, named in {
        "/settings?section=salesforce": "salesforce-custom_fields-nps_score",
        "/settings?section=kpi_mappings": "kpi_mappings-nps-field",
        "/settings/custom-kpis/new": "numerator-field",
    }.items():
        page = acme.get(path).text
        assert re.search(rf'id="{named}"[^>]* list="landed-fields"', page), path
        assert page.count('<datalist id="landed-fields"') == 1, path
    assert "landed-fields" not in acme.get("/settings?section=alerts").text
    with duckdb_file.connect(web.configuration.warehouse_file) as connection:
        connection.execute("CREATE SCHEMA acme_crm")
        connection.execute("CREATE TABLE acme_crm.account (id VARCHAR, NPS_Score__c DOUBLE)")
        connection.execute("CREATE TABLE acme_crm.case (id VARCHAR)")
    offered = dict(re.findall(r'<option value="(.*?)">(.*?)<', acme.get("/settings/landed-fields").text))
    assert offered == {"NPS_Score__c": "salesforce.account", "id": "salesforce.account; salesforce.case"}


def test_landed_fields_say_how_far_they_are_filled_and_show_a_value_to_who_may_name_them(web: Web) -> None:
    save(web, {"salesforce": {"schema": "acme_crm"}})
    with duckdb_file.connect(web.configuration.warehouse_file) as connection:
        connection.execute("CREATE SCHEMA acme_crm")
        connection.execute(
            "CREATE TABLE acme_crm.account AS "
            "SELECT 'a' || i AS id, CASE WHEN i % 4 = 0 THEN 42.5 END AS NPS__c, "
            "CASE WHEN i = 7 THEN '<b>' ELSE '' END AS Note__c, NULL::TIMESTAMP AS Seen__c "
            "FROM range(8) AS t(i)"
        )
    text = web.client("acme").get("/settings/landed-fields").text
    assert dict(re.findall(r'<option value="(.*?)">(.*?)</option>', text)) == {
        "id": "salesforce.account, 100% filled, such as a0",
        "NPS__c": "salesforce.account, 25% filled, such as 42.5",
        "Note__c": "salesforce.account, 12% filled, such as &lt;b&gt;",
        "Seen__c": "salesforce.account, 0% filled",
    }
    assert "such as" not in web.client("acme", scope="read").get("/settings/landed-fields").text


def test_a_warehouse_that_does_not_answer_is_a_sentence_in_the_page(web: Web) -> None:
    web.configuration.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    web.configuration.warehouse_file.write_bytes(b"no database" * 100)
    page = web.client("acme").get("/settings/landed-fields").text
    assert "their names can be typed" in page and "<option" not in page
    answer = web.client("acme").get("/runs/tables", headers={"HX-Request": "true"})
    assert answer.status_code >= 400
    assert 'class="wrong"' in answer.text and "Try again" in answer.text


@pytest.mark.parametrize(
    ("rows", "failures", "words"),
    [
        ([{"account_id": f"00{number}"} for number in range(7)], 7, "Show the 7 accounts"),
        ([{"account_id": "001"}], 1, "Show the account"),
        ([{"account_id": "001"}], 90, "Show some of the accounts"),
        ([{"example_value": "31/01"}], 1, "Show the rows"),
        ([], 3, "Details"),
    ],
)
def test_a_check_is_a_sentence_that_leads_to_the_accounts_concerned(
    web: Web, rows: list[dict[str, Any]], failures: int, words: str
) -> None:
    write_runs(web.engine, [record("first", "done"), record("second", "done")])
    finding = Finding("a_check", "kpi_values", "warn", failures, "Something is odd.", rows)
    with web.engine.begin() as connection:
        record_check_results(connection, "kpis", {"acme": (40, [finding])}, run_id="second")
    acme = web.client("acme")
    for path in ("/runs", "/runs/second", "/status"):
        page = acme.get(path).text
        assert "Something is odd." in page and f">{words}<span" in page, path
    assert "Something is odd." not in acme.get("/runs/first").text
    assert "Something is odd." in acme.get("/status/checks/kpis/a_check").text
