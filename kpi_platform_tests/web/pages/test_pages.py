"""Pages without a browser: where they lead, what they refuse, what they escape."""

import csv
import io
import re
from datetime import UTC, datetime
from importlib.metadata import version

import pytest

from kpi_platform.dashboard.accounts import add_account
from kpi_platform.dashboard.alerts import note_told, open_alert
from kpi_platform.dashboard.check_results import Finding, record_check_results
from kpi_platform.dashboard.sync_requests import sync_requests
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.seeding import seed

HTML = {"Accept": "text/html"}


def form_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_who_is_not_signed_in_is_led_to_the_form_and_back(web: Web) -> None:
    answer = web.anonymous(**HTML).get("/uploads?offset=50")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fuploads%3Foffset%3D50")


def test_the_frame_of_every_page_names_the_version_of_the_platform(web: Web) -> None:
    browser, client = web.signed_in("acme"), web.client()
    client.put("/api/fivetran/config", json={"update": {"mode": "replace"}})
    for path in ("/", "/settings", "/settings/versions", "/uploads"):
        assert f"Version {version('kpi_platform')}</span>" in browser.get(path, headers=HTML).text, path


def test_an_operator_chooses_a_customer_first_and_then_sees_its_pages(web: Web) -> None:
    browser = web.signed_in()
    everybody = browser.get("/", headers=HTML).text
    assert "All customers" in everybody and "Bolt Works" in everybody and "Got worse" in everybody
    answer = browser.get("/accounts", headers=HTML)
    assert answer.headers["location"] == "/status?choose=1"
    status = browser.get("/status", headers=HTML).text
    assert "Acme Corporation" in status and "Bolt Works" in status
    chosen = browser.post(
        "/customer", data={"customer": "bolt", "next": "/", "csrf_token": form_token(status)}
    )
    assert chosen.status_code == 303
    assert "Bolt Works, in the last 7 days" in browser.get("/", headers=HTML).text


def test_a_link_from_an_alert_or_from_dagster_shows_the_customer_that_it_names(web: Web) -> None:
    browser = web.signed_in()
    assert "Accounts of Bolt Works" in browser.get("/accounts?customer=bolt", headers=HTML).text
    assert "Bolt Works, in the last 7 days" in browser.get("/", headers=HTML).text
    own = web.client("acme", "read", **HTML)
    assert "Accounts of Acme Corporation" in own.get("/accounts?customer=bolt").text


def test_the_status_shows_open_alerts_and_what_checks_found(web: Web) -> None:
    with web.engine.begin() as connection:
        open_alert(
            connection, "acme", "source_stale", "salesforce",
            text="Salesforce is old.", next_step="Sync.", since=datetime(2026, 3, 1, tzinfo=UTC),
        )  # fmt: skip
        found = [Finding("house_rule", "kpi_values", "fail", 2, "Customer acme: 2 rows of kpi_values.")]
        record_check_results(connection, "kpis", {"acme": (55, found)}, run_id="r7")
    page = web.client("acme", "read", **HTML).get("/status").text
    for text in (
        "Salesforce is old.",
        ">Failed</span> 2 rows of kpi_values.",
        "/runs/r7",
        "KPI tables",
        "55",
    ):
        assert text in page
    assert "Salesforce is old." not in web.client("bolt", "read", **HTML).get("/status").text


def test_the_status_says_a_finding_once_though_it_is_an_alert_too(web: Web) -> None:
    text, now = "Customer acme: 2 rows of kpi_values.", datetime(2026, 3, 1, tzinfo=UTC)
    with web.engine.begin() as connection:
        for subject in ("house_rule", "another_rule"):
            open_alert(
                connection, "acme", "checks_fail", subject, text=text, next_step=f"See {subject}.", since=now
            )
            note_told(connection, "acme", "checks_fail", subject, now)
        found = [Finding("house_rule", "kpi_values", "fail", 2, text)]
        record_check_results(connection, "kpis", {"acme": (55, found)}, run_id="r7")
    page = web.client("acme", "read", **HTML).get("/status").text
    assert "See another_rule." in page, "the newest checks did not look at it"
    assert "See house_rule." not in page
    assert page.count("2 rows of kpi_values.") == 2


def test_a_click_on_a_finding_shows_the_rows_and_leads_to_their_accounts(web: Web) -> None:
    seed(web.configuration, web.engine, "cogs", accounts=2)
    rows = [
        {"account_id": "00100001", "kpi": "nps", "value": -99.0},
        {"account_id": "<b>nobody</b>", "kpi": "nps", "value": None},
    ]
    found = [Finding("house rule?", "kpi_values", "warn", 40, "Customer cogs: 40 rows.", rows)]
    with web.engine.begin() as connection:
        record_check_results(connection, "kpis", {"cogs": (1, found)}, run_id=None)
    client = web.client("cogs", "read", **HTML)
    [link] = re.findall(r'href="(/status/checks/[^"]+)"', client.get("/status").text)
    page = client.get(link).text
    assert "</span> 40 rows." in page and "40 rows of the source are concerned" in page
    assert "&lt;b&gt;nobody&lt;/b&gt;" in page
    [account] = re.findall(r'<a href="(/accounts/\d+)">00100001</a>', page)
    assert "Birch Works 1" in client.get(account).text
    # It is nobody else's, and gone with the finding.
    assert web.client("acme", "read", **HTML).get(link).status_code == 404
    with web.engine.begin() as connection:
        record_check_results(connection, "kpis", {"cogs": (2, [])}, run_id=None)
    assert (client.get(link).status_code, "has found nothing" in client.get(link).text) == (404, True)


def test_a_customers_own_status_names_no_other_customer(web: Web) -> None:
    page = web.client("acme", "read").get("/status", headers=HTML).text
    assert "Acme Corporation" in page
    assert "Bolt Works" not in page


def test_names_from_the_sources_are_never_taken_for_markup_or_for_formulas(web: Web) -> None:
    with web.engine.begin() as connection:
        add_account(connection, "acme", name='=<script>alert("1")</script>', industry='"><img src=x>')
    client = web.client("acme", "read", **HTML)
    page = client.get("/accounts").text
    assert "<script>alert" not in page and "<img" not in page
    answer = client.get("/accounts.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf"), "or Excel reads another encoding"
    [row] = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row["Account"].startswith("'=<script>")
    assert (row["Customer"], row["As of (UTC)"]) == ("acme", "")


def test_an_empty_dashboard_says_what_comes_next(web: Web) -> None:
    client = web.client("acme", **HTML)
    assert "The set-up is not finished" in client.get("/").text
    assert "No accounts yet" in client.get("/accounts").text
    assert "No account matches" in client.get("/accounts?search=x").text
    assert "No uploads yet" in client.get("/uploads").text
    assert "Nothing to review" in client.get("/matches").text
    assert "Nothing saved yet" in client.get("/settings/versions").text


@pytest.mark.parametrize("query", ["sort=secret", "kpi=nothing&kpi_band=healthy"])
def test_an_address_that_asks_for_what_there_is_not_is_answered_in_words(web: Web, query: str) -> None:
    answer = web.client("acme", **HTML).get(f"/accounts?{query}")
    assert (answer.status_code, 'role="alert"' in answer.text) == (200, True)
    refused = web.client("acme").get(f"/accounts.csv?{query}")
    assert (refused.status_code, "Use one of" in refused.text or "Sort by" in refused.text) == (400, True)


def test_what_is_not_there_has_a_page_that_says_so(web: Web) -> None:
    answer = web.client("acme", **HTML).get("/accounts/4711")
    assert (answer.status_code, "There is nothing here" in answer.text) == (404, True)


def test_a_source_is_synced_from_the_page_through_the_same_queue_as_the_api(web: Web) -> None:
    answer = web.client("acme").post("/settings/sync", data={"data_source": "servicenow"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings?section=fivetran#sync")
    with web.engine.connect() as connection:
        [request] = sync_requests(connection, "acme")
    assert (request.data_source, request.state) == ("servicenow", "queued")
    assert web.client("acme", "read").post("/settings/sync").status_code == 403


def test_a_raw_schema_of_another_customer_is_refused_at_the_field_without_naming_it(web: Web) -> None:
    section = "/settings?section=salesforce"
    fields = {"salesforce.api_version": "v61.0"}
    assert web.client("bolt").post(section, data=fields).status_code == 200
    answer = web.client("acme").post(section, data=fields)
    assert answer.status_code == 409
    assert 'id="salesforce-schema-wrong"' in answer.text
    assert 'value="v61.0"' in answer.text
    assert "belongs to another customer" in answer.text and "Bolt" not in answer.text


def test_a_new_customer_is_added_or_told_what_is_wrong_at_the_field(web: Web) -> None:
    operator = web.client(None, "admin", **HTML)
    none = {"salesforce.way": "none", "servicenow.way": "none"}
    refused = operator.post("/customers/new", data={"key": "Not A Key", **none})
    assert (refused.status_code, 'id="key-wrong"' in refused.text) == (400, True)
    assert 'value="Not A Key"' in refused.text
    made = operator.post("/customers/new", data={"key": "cargo", "name": "Cargo Lines", **none})
    assert (made.status_code, "Cargo Lines was added" in made.text) == (201, True)
    again = operator.post("/customers/new", data={"key": "cargo", **none})
    assert (again.status_code, "There is a customer" in again.text) == (409, True)
    assert web.client("acme", "admin").get("/customers/new").status_code == 403
