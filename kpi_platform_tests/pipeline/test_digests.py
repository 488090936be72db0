"""Digests say what changed and why, and are sent once a day, also if the sender is killed."""

import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.allowed_secrets import allow_secret
from kpi_platform.dashboard.database import open_engine
from kpi_platform.dashboard.deliveries import CLAIM
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline.digests import send_due_digests
from kpi_platform_tests.adapters.mail_receiver import MailReceiver, receiving_mail
from kpi_platform_tests.adapters.scripted_server import Answer, ScriptedServer, scripted
from kpi_platform_tests.pipeline.desk import T1, Desk
from kpi_platform_tests.pipeline.marts import MartAccount

DOCUMENT = {
    "alerts": {
        "email_to": ["ada@example.com"], "slack_url_secret": "DIGEST_SLACK",
        "webhook_url_secret": "DIGEST_SLACK", "digest": "daily", "digest_hour": 7,
    }
}  # fmt: skip


@dataclass
class Morning:
    """A customer whose account Hull lost 40 points of NPS since the digest of yesterday."""

    configuration: Configuration
    engine: sa.Engine
    mails: MailReceiver
    slack: ScriptedServer
    now: datetime

    def send(self, now: datetime | None = None) -> int:
        settings = {"acme": parse_settings(DOCUMENT)}
        return send_due_digests(self.configuration, self.engine, settings, now or self.now)


def scored(score: float) -> dict[str, float]:
    """A health score that NPS alone makes up."""
    return {"health_score": score, "coverage": 1.0, "nps_contribution": score}


@pytest.fixture
def morning(configuration: Configuration, sqlite_engine: sa.Engine) -> Iterator[Morning]:
    desk = Desk(configuration, sqlite_engine, "acme")
    with sqlite_engine.begin() as connection:
        allow_secret(connection, "acme", "DIGEST_SLACK", who="test")
    today = T1.replace(hour=7, minute=0, second=0, microsecond=0) + timedelta(days=3)
    before = [MartAccount("001H", "Hull & Sons", {"nps": 60.0}, health=scored(80.0))]
    desk.load(today - timedelta(days=2), before)
    desk.load(today - timedelta(hours=2), [
        MartAccount("001H", "Hull & Sons", {"nps": 20.0}, health=scored(60.0)),
        MartAccount("001N", "Newcomer", {"nps": 50.0}, health=scored(75.0)),
    ])  # fmt: skip
    with receiving_mail() as mails, scripted(Answer(body={})) as slack:
        environment = {
            **configuration.environment, **mails.environment,
            "DIGEST_SLACK": slack.url, "KPI_ALLOWED_HOSTS": "127.0.0.1",
        }  # fmt: skip
        yield Morning(replace(configuration, environment=environment), sqlite_engine, mails, slack, today)


def test_a_digest_says_who_moved_and_why_with_links(morning: Morning) -> None:
    assert morning.send() == 2
    [mail] = morning.mails.mails
    body = mail.get_body(["plain"])
    assert body is not None
    text = body.get_content()
    assert "Got worse: 1" in text
    assert "* Hull & Sons: 80.0 → 60.0 (NPS -20.0)" in text
    assert "New: 1" in text
    assert "Newcomer" in text
    assert "/accounts/1?customer=acme" in text
    assert "1 account got worse, 0 better" in mail["Subject"]
    [(_, _, message)] = morning.slack.requests
    assert "Hull &amp; Sons" in json.dumps(message, ensure_ascii=False)


def test_a_digest_is_sent_once_a_day_and_the_next_day_again(morning: Morning) -> None:
    sent = [morning.send(morning.now + timedelta(minutes=minutes)) for minutes in (-1, 0, 1, 60, 350)]
    assert sent == [0, 2, 0, 0, 0]
    assert morning.send(morning.now + timedelta(days=1)) == 2
    first, second = morning.mails.mails
    assert first["Message-ID"] != second["Message-ID"]


def test_a_receiver_that_fails_is_tried_again_and_the_others_are_not(morning: Morning) -> None:
    morning.mails.answer = lambda: "451 Later"
    assert morning.send() == 1
    morning.mails.answer = lambda: "250 Taken"
    assert [morning.send(), morning.send()] == [1, 0]
    assert (len(morning.mails.mails), len(morning.slack.requests)) == (1, 1)


def _send(environment: dict[str, str], home: Path, url: str, document: dict[str, Any], now: datetime) -> None:
    configuration = Configuration.from_environment({**environment, "KPI_PLATFORM_HOME": str(home)})
    send_due_digests(configuration, open_engine(url), {"acme": parse_settings(document)}, now)


def test_a_digest_whose_sender_is_killed_is_sent_once(morning: Morning) -> None:
    url = morning.engine.url.render_as_string(hide_password=False)
    home, environment = morning.configuration.home, dict(morning.configuration.environment)
    sender = multiprocessing.get_context("spawn").Process(
        target=_send, args=(environment, home, url, DOCUMENT, morning.now)
    )

    def kill() -> str:
        assert sender.pid is not None
        os.kill(sender.pid, signal.SIGKILL)
        return "451 Too late"

    morning.mails.answer = kill
    sender.start()
    sender.join(60)
    assert sender.exitcode == -signal.SIGKILL
    morning.mails.answer = lambda: "250 Taken"
    assert morning.send(morning.now + timedelta(minutes=1)) == 0
    assert morning.send(morning.now + CLAIM) == 1
    assert morning.send(morning.now + 2 * CLAIM) == 0
    assert (len(morning.mails.mails), len(morning.slack.requests)) == (1, 1)
