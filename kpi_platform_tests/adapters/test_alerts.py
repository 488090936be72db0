"""Alerts go to the address in the settings, signed, and an address that fails is never shown."""

import base64
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kpi_platform.adapters.alerts import CHANNELS, require_allowed, send_through, signing_secret
from kpi_platform.adapters.chat import slack, teams
from kpi_platform.adapters.door import HostNotAllowed
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.alerts import Alert
from kpi_platform.domain.errors import MissingConfiguration, Unavailable
from kpi_platform.domain.notices import Notice, NoticeLine, NoticePart
from kpi_platform.domain.settings import Alerts
from kpi_platform_tests.adapters.mail_receiver import receiving_mail
from kpi_platform_tests.adapters.scripted_server import Answer, scripted

ALERT = Alert(
    "sync_failed", "acme", "salesforce", "The sync failed.", datetime(2026, 3, 1, 6, tzinfo=UTC),
    "Sync again.", "https://kpi.example.com/status?customer=acme", "r1",
)  # fmt: skip
NAMED = Alerts(webhook_url_secret="KPI_SECRET_ACME_ALERTS")


def given(url: str, allowed: str = "127.0.0.1") -> Configuration:
    environment = {
        "KPI_SECRET_ACME_ALERTS": url,
        "KPI_ALLOWED_HOSTS": allowed,
        "KPI_ALERT_KEY": "installation" * 3,
        "KPI_DAGSTER_URL": "http://dagster",
    }
    return Configuration.from_environment(environment)


def send(configuration: Configuration, alerts: Alerts, alert: Alert) -> None:
    for channel in alerts.channels:
        secrets = CustomerSecrets(configuration, alert.customer)
        send_through(configuration, alerts, channel, alert, secrets)


def test_an_alert_says_what_where_since_when_and_what_to_do() -> None:
    with scripted(Answer(body={})) as server:
        send(given(f"{server.url}/hook"), NAMED, ALERT)
    assert server.requests == [
        (
            "POST",
            "/hook",
            {
                "type": "sync_failed",
                "timestamp": "2026-03-01T06:00:00+00:00",
                "text": "acme: The sync failed. Sync again.",
                "data": {
                    "customer": "acme",
                    "subject": "salesforce",
                    "what": "The sync failed.",
                    "since": "2026-03-01T06:00:00+00:00",
                    "what_to_do": "Sync again.",
                    "link": "https://kpi.example.com/status?customer=acme",
                    "runbook": "docs/runbooks/sync_failed.md",
                    "run_url": "http://dagster/runs/r1",
                },
            },
        )
    ]


def test_the_receiver_can_check_who_it_is_from() -> None:
    with scripted(Answer(body={})) as server:
        here = given(server.url)
        send(here, NAMED, ALERT)
    headers, [(_, _, body)] = server.headers[0], server.requests
    sent = json.dumps(body).encode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + sent
    key = base64.b64decode(signing_secret(here, "acme").removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert signing_secret(here, "bolt") != signing_secret(here, "acme")


def test_a_repeated_alert_has_the_same_id() -> None:
    with scripted(Answer(body={})) as server:
        for _ in range(2):
            send(given(server.url), NAMED, ALERT)
    first, second = server.headers
    assert first["webhook-id"] == second["webhook-id"] == ALERT.id


def test_an_address_that_fails_is_named_by_its_variable_alone() -> None:
    with scripted(Answer(500, {})) as server, pytest.raises(Unavailable) as raised:
        send(given(f"{server.url}/secret-path"), NAMED, ALERT)
    assert "KPI_SECRET_ACME_ALERTS" in str(raised.value)
    assert "secret-path" not in str(raised.value)


def test_a_missing_variable_is_named(configuration: Configuration) -> None:
    with pytest.raises(MissingConfiguration, match="KPI_SECRET_ACME_ALERTS"):
        send(configuration, NAMED, ALERT)


@pytest.mark.parametrize("allowed", ["", "*", "hooks.example.com"])
def test_an_address_that_the_operator_does_not_allow_gets_nothing(allowed: str) -> None:
    with scripted(Answer(body={})) as server:
        for url in (
            server.url,
            server.url.replace("http:", "https:"),
            server.url.replace("127.0.0.1", "127.1"),
        ):
            here = given(f"{url}/secret-path", allowed)
            with pytest.raises(HostNotAllowed, match="KPI_SECRET_ACME_ALERTS") as raised:
                send(here, NAMED, ALERT)
            assert "secret-path" not in str(raised.value)
            assert "127." not in str(raised.value)
            if allowed != "*":
                with pytest.raises(HostNotAllowed):
                    other = given("http://hooks.example.net/x", allowed)
                    require_allowed(other, NAMED, CustomerSecrets(other, "acme"))
    assert server.requests == []


def test_a_redirect_is_followed_nowhere() -> None:
    with scripted(Answer(body={})) as other:
        moved = Answer(307, {}, {"Location": other.url})
        with scripted(moved) as server, pytest.raises(Unavailable):
            here = given(server.url)
            send(here, NAMED, ALERT)
    assert other.requests == []


def test_the_receiver_sees_the_name_that_it_was_called_by() -> None:
    with scripted(Answer(body={})) as server:
        named = server.url.replace("127.0.0.1", "localhost")
        here = given(f"{named}/hook", "localhost, 127.0.0.1")
        send(here, NAMED, ALERT)
    assert server.headers[0]["host"] == named.removeprefix("http://")


def test_a_public_host_over_https_needs_no_entry() -> None:
    here = given("https://hooks.example.com/x", "")
    require_allowed(here, NAMED, CustomerSecrets(here, "acme"))


def test_every_setting_of_an_address_has_its_channel() -> None:
    settings = {name for name in Alerts.model_fields if name.endswith("_secret")}
    assert set(CHANNELS) == settings


def test_each_channel_gets_the_form_that_it_takes() -> None:
    every = Alerts(
        slack_url_secret="KPI_SECRET_ACME_ALERTS",
        teams_url_secret="KPI_SECRET_ACME_ALERTS",
        email_to=("ada@example.com",),
    )
    loud = replace(ALERT, text="The sync of <!channel> & [x](http://evil) failed.")
    with scripted(Answer(body={})) as server, receiving_mail() as mails:
        here = given(server.url)
        send(replace(here, environment={**here.environment, **mails.environment}), every, loud)
    (_, _, slack), (_, _, teams) = server.requests
    assert slack["text"].startswith("acme: a sync has failed: The sync of &lt;!channel&gt; &amp; [x]")
    assert "<https://kpi.example.com/status?customer=acme|Open the page>" in json.dumps(slack["blocks"])
    [attachment] = teams["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    texts = [block["text"] for block in attachment["content"]["body"]]
    assert texts[1].startswith(r"The sync of \<!channel\> & \[x\]\(http://evil\) failed.")
    [action] = attachment["content"]["actions"]
    assert action["url"] == ALERT.link
    [mail] = mails.mails
    assert mail["Subject"] == "acme: a sync has failed"


def test_a_long_notice_keeps_the_limits_of_each_chat() -> None:
    lines = tuple(NoticeLine(f"Account {number} " + "x" * 200, "", "https://e.com") for number in range(400))
    parts = tuple(NoticePart(f"Part {number}", lines) for number in range(30))
    long = Notice("msg_1", "t" * 400, "words " * 2000, parts, footer=lines)
    message = slack(long)
    assert len(message["blocks"]) <= 50
    for block in message["blocks"]:
        assert len(json.dumps(block.get("text"), ensure_ascii=False)) < 3100
        for element in block.get("elements", ()):
            assert len(element["text"]) <= 3000
    assert len(json.dumps(teams(long), ensure_ascii=False).encode()) < 28_000
