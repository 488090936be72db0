"""Alerts are sent once for as long as they last, and again until the address has taken them."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.alerts import open_alerts
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.database import open_engine
from kpi_platform.dashboard.deliveries import CLAIM
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.domain.alerts import Alert
from kpi_platform.domain.errors import Conflict, InvalidInput
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.pipeline.alerts import TESTS_PER_HOUR, over, send_test, tell, tell_again
from kpi_platform_tests.adapters.mail_receiver import receiving_mail
from kpi_platform_tests.adapters.scripted_server import Answer, ScriptedServer, scripted

ALERT = Alert(
    "source_stale", "acme", "salesforce", "Old.", datetime(2026, 3, 1, tzinfo=UTC), "Sync.", None, None
)
SETTINGS = parse_settings({"alerts": {"webhook_url_secret": "KPI_SECRET_ACME_ALERTS"}})


class Desk:
    def __init__(self, server: ScriptedServer, configuration: Configuration, engine: sa.Engine) -> None:
        self.server, self.engine = server, engine
        self.configuration = replace(
            configuration,
            environment={"KPI_SECRET_ACME_ALERTS": server.url, "KPI_ALLOWED_HOSTS": "127.0.0.1"},
        )

    @property
    def url(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)

    def add(self, environment: dict[str, str]) -> None:
        together = {**self.configuration.environment, **environment}
        self.configuration = replace(self.configuration, environment=together)

    def age(self, span: timedelta) -> None:
        """Makes every delivery older."""
        table = tables.deliveries
        with self.engine.begin() as connection:
            for row in connection.execute(sa.select(table)).all():
                taken = row.taken_at and row.taken_at - span
                key = sa.and_(table.c.notice == row.notice, table.c.channel == row.channel)
                changed = {"claimed_at": row.claimed_at - span, "taken_at": taken}
                connection.execute(sa.update(table).where(key).values(changed))

    def tell(self, alert: Alert = ALERT, settings: CustomerSettings = SETTINGS) -> bool:
        return tell(self.configuration, self.engine, settings, alert)


@pytest.fixture
def desk(configuration: Configuration, any_dashboard_engine: sa.Engine) -> Iterator[Desk]:
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
    with scripted(Answer(body={})) as server:
        yield Desk(server, configuration, any_dashboard_engine)


def test_what_lasts_is_told_once_and_what_comes_back_again(desk: Desk) -> None:
    assert [desk.tell(), desk.tell(replace(ALERT, text="Older.")), desk.tell()] == [True, False, False]
    over(desk.engine, "acme", "source_stale", "salesforce")
    assert desk.tell()
    assert len(desk.server.requests) == 2


def test_what_nobody_has_taken_is_told_again(desk: Desk) -> None:
    desk.server.answers[:] = [Answer(503, {}), Answer(body={})]
    assert not desk.tell()
    with desk.engine.connect() as connection:
        [untold] = open_alerts(connection, "acme")
    assert untold.told_at is None
    assert tell_again(desk.configuration, desk.engine, "acme", SETTINGS) == 1
    assert tell_again(desk.configuration, desk.engine, "acme", SETTINGS) == 0
    first, second = desk.server.headers
    assert first["webhook-id"] == second["webhook-id"]


def test_without_an_address_an_alert_is_logged_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        desk.tell(settings=CustomerSettings())
    assert [record.getMessage() for record in caplog.records] == ["acme: Old. Sync."]
    assert not desk.server.requests


EVERYWHERE = {"slack_url_secret": "KPI_SECRET_ACME_ALERTS", "email_to": ["ada@example.com"]}


def about(subject: str) -> Alert:
    return replace(ALERT, subject=subject, text=f"{subject} is old.")


def with_limit(limit: int) -> CustomerSettings:
    return parse_settings(
        {"alerts": {"webhook_url_secret": "KPI_SECRET_ACME_ALERTS", "most_per_hour": limit}}
    )


def test_a_channel_that_fails_does_not_hold_back_the_others_and_alone_is_tried_again(desk: Desk) -> None:
    both = parse_settings({"alerts": EVERYWHERE})
    with receiving_mail() as mails:
        desk.add(mails.environment)
        mails.answer = lambda: "451 Later"
        assert not desk.tell(settings=both)
        assert (len(desk.server.requests), len(mails.mails)) == (1, 0)
        mails.answer = lambda: "250 Taken"
        assert tell_again(desk.configuration, desk.engine, "acme", both) == 1
        assert not desk.tell(settings=both)
        assert (len(desk.server.requests), len(mails.mails)) == (1, 1)
        assert mails.mails[0]["Message-ID"] == f"<{ALERT.id}@example.com>"


def test_more_alerts_than_the_limit_of_an_hour_become_one(desk: Desk) -> None:
    limited = with_limit(2)
    told = [desk.tell(about(f"source {number}"), limited) for number in range(5)]
    assert told == [True, True, False, False, False]
    assert tell_again(desk.configuration, desk.engine, "acme", limited) == 0
    assert len(desk.server.requests) == 2
    desk.age(timedelta(minutes=61))
    desk.tell(about("source 9"), limited)
    assert tell_again(desk.configuration, desk.engine, "acme", limited) == 3
    assert tell_again(desk.configuration, desk.engine, "acme", limited) == 0
    *_, single, collected = [body for _, _, body in desk.server.requests]
    assert len(desk.server.requests) == 4
    assert (single["data"]["subject"], collected["type"]) == ("source 9", "many")
    for number in (2, 3, 4):
        assert f"source {number} is old." in collected["text"]


@pytest.mark.parametrize("limit", [0, 5])
def test_a_limit_that_is_not_reached_and_none_at_all_leave_alerts_single(desk: Desk, limit: int) -> None:
    free = with_limit(limit)
    assert all(desk.tell(about(f"source {number}"), free) for number in range(5))
    assert {body["type"] for _, _, body in desk.server.requests} == {"source_stale"}


def _tell(environment: dict[str, str], home: Path, url: str, document: dict[str, Any]) -> None:
    configuration = Configuration.from_environment({**environment, "KPI_PLATFORM_HOME": str(home)})
    tell(configuration, open_engine(url), parse_settings(document), ALERT)


def test_an_alert_whose_sender_is_killed_is_sent_once(desk: Desk) -> None:
    """The mail server kills the sender before it takes the mail; Slack had taken its message."""
    document = {"alerts": EVERYWHERE}
    with receiving_mail() as mails:
        desk.add(mails.environment)
        sender = multiprocessing.get_context("spawn").Process(
            target=_tell,
            args=(dict(desk.configuration.environment), desk.configuration.home, desk.url, document),
        )

        def kill() -> str:
            assert sender.pid is not None
            os.kill(sender.pid, signal.SIGKILL)
            return "451 Too late"

        mails.answer = kill
        sender.start()
        sender.join(60)
        assert sender.exitcode == -signal.SIGKILL
        mails.answer = lambda: "250 Taken"
        settings = parse_settings(document)
        # Somebody may be sending it at this moment.
        assert tell_again(desk.configuration, desk.engine, "acme", settings) == 0
        desk.age(CLAIM)
        assert tell_again(desk.configuration, desk.engine, "acme", settings) == 1
        assert tell_again(desk.configuration, desk.engine, "acme", settings) == 0
        assert (len(desk.server.requests), len(mails.mails)) == (1, 1)


def test_two_senders_at_once_send_an_alert_once(desk: Desk) -> None:
    desk.server.answers[:] = [Answer(body={}, seconds_between_bytes=0.05)]
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: desk.tell(), range(4)))
    assert sum(told) == 1
    assert len(desk.server.requests) == 1


def test_a_test_goes_through_every_saved_channel_and_says_which_failed(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="no receiver"):
        send_test(desk.configuration, desk.engine, "acme")
    with desk.engine.begin() as connection:
        save_settings(connection, "acme", {"alerts": EVERYWHERE}, who="test")
    found = {one.channel: one.error for one in send_test(desk.configuration, desk.engine, "acme")}
    assert found["slack_url_secret"] is None
    assert "KPI_SMTP_URL" in str(found["email_to"])
    for _ in range(TESTS_PER_HOUR - 1):
        send_test(desk.configuration, desk.engine, "acme")
    with pytest.raises(Conflict, match="within an hour"):
        send_test(desk.configuration, desk.engine, "acme")
