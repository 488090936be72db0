"""The webhook from end to end: the command, the local Fivetran, the web app as it is served, the sensors."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from kpi_platform.adapters.fivetran import open_fivetran
from kpi_platform.cli.doctor_checks import CHECKS, Diagnosis
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.fivetran_account import fivetran_account
from kpi_platform.dashboard.fivetran_events import newest_event_at, newest_message
from kpi_platform.local.webhooks import EVENTS
from kpi_platform.web.app import create_app
from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.defs.installation import Installation, eventually, installed, tick
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.pages.test_pages import HTML
from kpi_platform_tests.web.serving import serving

pytestmark = pytest.mark.timeout(900)

A_DAY_IN = 0.5
"""So many seconds of ours are the day for which Fivetran tries a delivery again."""


@dataclass
class Wired:
    """An installation whose web app is served at its KPI_WEB_URL, and a webhook that posts to it."""

    installation: Installation
    web: Web
    webhook_id: str

    @property
    def shown(self) -> dict[str, Any]:
        with self.installation.engine.connect() as connection:
            return dict(fivetran_account(connection).webhook)

    def newest_sync_end(self) -> datetime | None:
        with self.installation.engine.connect() as connection:
            return newest_event_at(connection)

    def is_active(self) -> bool:
        with open_fivetran(self.installation.configuration) as api:
            return api.webhook(self.webhook_id).active

    def doctor(self) -> list[Diagnosis]:
        [check] = [check for name, check in CHECKS if name == "Fivetran"]
        return [one for one in check(self.installation.configuration) if one.check == "webhook"]


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Wired]:
    with installed(tmp_path / "home") as plain:
        plain.add("umbra", servicenow={"enabled": False})
        tick(plain, "requests")
        plain.control("PATCH", "behaviour", {"loopback_webhooks": True})
        app = create_app(plain.configuration)
        with serving(app) as url:
            environment = {**plain.configuration.environment, "KPI_WEB_URL": url}
            configuration = Configuration.from_environment(environment)
            app.state.configuration = configuration
            made = run_command(configuration.home, "webhook", "create", "--json", **environment)
            assert made.exit_code == 0, made.output
            installation = replace(plain, configuration=configuration)
            web = Web(app, configuration, plain.engine)
            yield Wired(installation, web, json.loads(made.stdout)["id"])
        app.state.engine.dispose()


def test_a_webhook_is_made_after_its_test_and_the_end_of_a_sync_hastens_the_refresh(wired: Wired) -> None:
    installation = wired.installation
    with installation.engine.connect() as connection:
        newest = newest_message(connection)
    assert newest is not None and newest[0] == "test_event"
    assert wired.newest_sync_end() is None
    looked = datetime.now(UTC).isoformat()
    assert "No webhook" in (tick(installation, "fivetran_syncs", looked).skip_message or "")
    installation.sync_by_fivetran("umbra_salesforce")
    eventually(wired.newest_sync_end, 30, "the end of the sync is told")

    def looks_again() -> bool:
        return isinstance(tick(installation, "fivetran_syncs", looked), dg.SensorResult)

    # Also a hastened look waits for its share of the calls of an hour.
    eventually(looks_again, 30, "the sensor looks again")
    [request] = tick(installation, "refresh").run_requests
    assert request.tags["kpi/customers"] == "umbra"


def test_messages_of_every_event_are_taken(wired: Wired) -> None:
    with open_fivetran(wired.installation.configuration) as api:
        for event in EVENTS:
            assert api.test_webhook(wired.webhook_id, event)[0], event
            with wired.installation.engine.connect() as connection:
                newest = newest_message(connection)
            assert newest is not None and newest[0] == event
    assert wired.is_active()


def test_a_webhook_that_fivetran_switched_off_is_told_and_made_again_when_it_is_taken_again(
    wired: Wired,
) -> None:
    installation, app = wired.installation, wired.web.app
    assert [finding.verdict for finding in wired.doctor()] == ["ok"]
    lapse = {"time_lapse": 24 * 3600 / A_DAY_IN}
    installation.control("PATCH", "behaviour", lapse)
    environment = {**installation.configuration.environment, "FIVETRAN_WEBHOOK_SECRET": "of another home"}
    app.state.configuration = Configuration.from_environment(environment)
    installation.sync_by_fivetran("umbra_salesforce")
    eventually(lambda: not wired.is_active(), 60, "Fivetran gives up")
    assert wired.newest_sync_end() is None

    [off] = wired.doctor()
    assert off.verdict == "warning" and "switched off" in off.detail
    assert "could not be made again" in (tick(installation, "fivetran_webhook").skip_message or "")
    assert wired.shown["active"] is False
    app.state.configuration = installation.configuration
    assert "Webhook off" in wired.web.signed_in().get("/status", headers=HTML).text

    assert "was made again" in (tick(installation, "fivetran_webhook").skip_message or "")
    assert wired.is_active() and wired.shown["active"] is True
    assert [finding.verdict for finding in wired.doctor()] == ["ok"]
    installation.sync_by_fivetran("umbra_salesforce")
    eventually(wired.newest_sync_end, 30, "the end of the sync is told")
