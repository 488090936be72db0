"""Alerts are sent once for as long as they last, and again until the address has taken them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.alerts import open_alerts
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.domain.alerts import Alert
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.pipeline.alerts import over, tell, tell_again
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
