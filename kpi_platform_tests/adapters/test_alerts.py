"""Alerts go where the settings say, and an address that fails is never shown."""

import pytest

from kpi_platform.adapters.alerts import Alert, send_alert
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration, Unavailable
from kpi_platform.domain.settings import Alerts
from kpi_platform_tests.adapters.scripted_server import Answer, scripted

ALERT = Alert("sync_failed", "acme", "The sync failed.", {"connection_id": "acme_crm"})
NAMED = Alerts(webhook_url_secret="ALERT_URL")


def given(url: str) -> Configuration:
    return Configuration.from_environment({"ALERT_URL": url})


def test_an_alert_is_posted_with_its_text_and_details() -> None:
    with scripted(Answer(body={})) as server:
        assert send_alert(given(f"{server.url}/hook"), NAMED, ALERT)
    assert server.requests == [
        (
            "POST",
            "/hook",
            {
                "kind": "sync_failed",
                "customer": "acme",
                "text": "acme: The sync failed.",
                "details": {"connection_id": "acme_crm"},
            },
        )
    ]


def test_without_an_address_nothing_is_sent() -> None:
    assert not send_alert(given("http://127.0.0.1:1"), Alerts(), ALERT)


def test_an_address_that_fails_is_named_by_its_variable_alone() -> None:
    with scripted(Answer(500, {})) as server, pytest.raises(Unavailable) as raised:
        send_alert(given(f"{server.url}/secret-path"), NAMED, ALERT)
    assert "ALERT_URL" in str(raised.value)
    assert "secret-path" not in str(raised.value)


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(MissingConfiguration, match="ALERT_URL"):
        send_alert(Configuration.from_environment({}), NAMED, ALERT)
