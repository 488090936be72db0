"""Sending a test alert from the settings page and over the API: to the receivers that are saved."""

from collections.abc import Iterator

import pytest

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform_tests.adapters.mail_receiver import MailReceiver, receiving_mail
from kpi_platform_tests.web.conftest import Web


@pytest.fixture
def mails() -> Iterator[MailReceiver]:
    with receiving_mail() as receiver:
        yield receiver


@pytest.fixture
def configuration(configuration: Configuration, mails: MailReceiver) -> Configuration:
    environment = {
        **configuration.environment,
        **mails.environment,
        "KPI_SECRET_ACME_SLACK": "https://h.test/",
    }
    return Configuration.from_environment({**environment, "KPI_ALLOWED_HOSTS": "h.test"})


def saved(web: Web, **alerts: object) -> None:
    with web.engine.begin() as connection:
        save_settings(connection, "acme", {"alerts": alerts}, who="test")


def test_a_test_says_of_each_receiver_whether_it_was_taken(web: Web, mails: MailReceiver) -> None:
    saved(web, email_to=["ada@example.com"], slack_url_secret="KPI_SECRET_ACME_SLACK")
    answer = web.client().post("/api/alerts/test")
    found = {one["channel"]: one for one in answer.json()["channels"]}
    assert (answer.status_code, answer.json()["ok"]) == (200, False)
    assert found["email_to"] == {"channel": "email_to", "ok": True, "error": None}
    assert "KPI_SECRET_ACME_SLACK" in found["slack_url_secret"]["error"]
    assert [mail["Subject"] for mail in mails.mails] == ["acme: a test"]


def test_without_a_receiver_a_test_says_what_to_do(web: Web) -> None:
    answer = web.client().post("/api/alerts/test")
    assert answer.status_code == 400
    assert "Name one in the section Alerts" in answer.text


def test_the_page_sends_to_the_saved_receivers_and_keeps_what_was_typed(
    web: Web, mails: MailReceiver
) -> None:
    saved(web, email_to=["ada@example.com"])
    client = web.client()
    assert "Send a test" in client.get("/settings?section=alerts").text
    assert "Send a test" not in client.get("/settings?section=update").text
    typed = {"alerts.email_to": "eve@example.org", "alerts.on_stale_hours": "77"}
    page = client.post("/settings/test-alerts", data=typed)
    assert page.status_code == 200
    assert "The test was sent" in page.text
    assert 'value="77"' in page.text
    assert mails.recipients == [["ada@example.com"]]
