"""Fivetran on the status and onboarding pages."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kpi_platform.dashboard.customers import list_customers
from kpi_platform.dashboard.fivetran_account import note_limits, note_webhook
from kpi_platform.dashboard.fivetran_calls import add_calls
from kpi_platform.dashboard.fivetran_events import note_event
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform_tests.adapters.scripted_server import Answer, scripted
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.pages.test_pages import HTML, form_token

CONNECTED = {"salesforce": {"connection_id": "crm"}, "servicenow": {"enabled": False}}


def status(web: Web, customer: str | None = None) -> str:
    return re.sub(r"\s+", " ", web.signed_in(customer).get("/status", headers=HTML).text)


def test_the_operator_sees_calls_limit_and_that_there_is_no_webhook(web: Web) -> None:
    now = datetime.now(UTC)
    with web.engine.begin() as connection:
        add_calls(connection, 34, now)
        note_limits(connection, hourly_limit=500, blocked_until=now + timedelta(hours=1))
    page = status(web)
    assert "34 of 500 calls in this hour" in page
    assert "takes no calls until" in page
    assert "Create webhook" in page
    assert "calls in this hour" not in status(web, "acme")


def test_a_webhook_that_fivetran_has_switched_off_is_shown_with_its_last_message(web: Web) -> None:
    note = "It was switched off by Fivetran, and could not be made again."
    with web.engine.begin() as connection:
        note_webhook(connection, {"id": "w1", "url": "https://x.example", "active": False, "note": note})
        note_event(connection, sync_id="s1", event="test_event", connection_id="")
    page = status(web)
    assert "Webhook off" in page
    assert note in page
    assert "<code>test_event</code>" in page


def test_creating_a_webhook_at_an_address_that_is_not_https_is_refused_on_the_page(web: Web) -> None:
    web.app.state.configuration = replace(
        web.configuration, fivetran_api_url="https://api.fivetran.invalid", environment={}
    )
    browser = web.signed_in()
    token = form_token(browser.get("/status", headers=HTML).text)
    answer = browser.post("/status/webhook", data={"action": "create", "csrf_token": token}, headers=HTML)
    assert answer.status_code == 400
    assert "https addresses alone" in answer.text


@pytest.mark.parametrize(
    ("recorded", "words"),
    [
        ({"in_first_sync": True, "sync_state": "syncing"}, "First sync, since"),
        (
            {"put_off_until": datetime(2031, 1, 1, 6, tzinfo=UTC)},
            "Put off by Fivetran until 2031-01-01 06:00",
        ),
        ({"unreached_at": datetime(2026, 1, 1, tzinfo=UTC)}, "Last sync failed"),
        ({"detail": {"findings": ["'crm' is paused in Fivetran."]}}, "is paused in Fivetran."),
    ],
)
def test_the_status_page_says_what_becomes_of_a_sync(
    web: Web, recorded: dict[str, object], words: str
) -> None:
    with web.engine.begin() as connection:
        save_settings(connection, "acme", CONNECTED, who="test")
        record_sync_state(connection, "acme", "salesforce", connection_id="crm", **recorded)  # type: ignore[arg-type]
    assert words in status(web, "acme")


def test_what_adopting_changes_is_shown_and_made_only_when_it_was_agreed_to(web: Web) -> None:
    found = {
        "id": "crm",
        "service": "salesforce",
        "schema": "sf",
        "schedule_type": "auto",
        "sync_frequency": 60,
    }
    theirs = Answer(body={"data": found | {"status": {"setup_state": "connected"}}})
    ours = Answer(body={"data": found | {"schedule_type": "manual", "sync_frequency": 360}})
    none_yet = Answer(404, {"code": "NotFound_SchemaConfig", "message": "no"})
    typed = {
        "key": "new",
        "salesforce.way": "adopt",
        "salesforce.connection_id": "crm",
        "servicenow.way": "none",
    }
    with scripted(theirs, none_yet) as server:
        web.app.state.configuration = replace(web.configuration, fivetran_api_url=server.url)
        browser = web.signed_in()
        typed["csrf_token"] = form_token(browser.get("/customers/new", headers=HTML).text)
        shown = browser.post("/customers/new", data=typed, headers=HTML)
        assert shown.status_code == 409
        assert "schedule from auto to manual" in shown.text
        assert {method for method, _, _ in server.requests} == {"GET"}
        with web.engine.connect() as connection:
            assert "new" not in [one.key for one in list_customers(connection)]

        server.answers[:] = [theirs, none_yet]
        other = browser.post("/customers/new", data=typed | {"confirmed": "something else"}, headers=HTML)
        assert other.status_code == 409

        agreed = re.search(r'name="confirmed" value="([^"]+)"', shown.text)
        assert agreed is not None
        server.answers[:] = [theirs, none_yet, theirs, none_yet, ours]
        confirmed = agreed[1].replace("&#39;", "'")
        done = browser.post("/customers/new", data=typed | {"confirmed": confirmed}, headers=HTML)
        assert done.status_code == 201, done.text
        changes = {"schedule_type": "manual", "sync_frequency": 360, "run_setup_tests": False}
        assert [body for method, _, body in server.requests if method == "PATCH"] == [changes]
