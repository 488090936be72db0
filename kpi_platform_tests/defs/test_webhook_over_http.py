"""The webhook from end to end: the command, the local Fivetran, the web app as it is served, the sensors."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from kpi_platform.adapters.fivetran import open_fivetran
from kpi_platform.dashboard.fivetran_events import newest_message
from kpi_platform.local.webhooks import EVENTS
from kpi_platform_tests.defs.installation import eventually, installed, tick
from kpi_platform_tests.defs.wired import Wired, wired_to_web
from kpi_platform_tests.web.pages.test_pages import HTML

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Wired]:
    with installed(tmp_path / "home") as plain:
        plain.add("umbra", servicenow={"enabled": False})
        tick(plain, "requests")
        with wired_to_web(plain) as made:
            yield made


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
    installation = wired.installation
    assert [finding.verdict for finding in wired.doctor()] == ["ok"]
    wired.refuse_messages()
    installation.sync_by_fivetran("umbra_salesforce")
    eventually(lambda: not wired.is_active(), 60, "Fivetran gives up")
    assert wired.newest_sync_end() is None

    [off] = wired.doctor()
    assert off.verdict == "warning" and "switched off" in off.detail
    assert "could not be made again" in (tick(installation, "fivetran_webhook").skip_message or "")
    assert wired.shown["active"] is False
    wired.take_messages()
    assert "Webhook off" in wired.web.signed_in().get("/status", headers=HTML).text

    assert "was made again" in (tick(installation, "fivetran_webhook").skip_message or "")
    assert wired.is_active() and wired.shown["active"] is True
    assert [finding.verdict for finding in wired.doctor()] == ["ok"]
    installation.sync_by_fivetran("umbra_salesforce")
    eventually(wired.newest_sync_end, 30, "the end of the sync is told")
