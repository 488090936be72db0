"""Recipes of docs/extending.md, followed on a copy of the package.

A third source is a catalogue entry and its settings; every room then knows it, and none takes it for another.
"""

from pathlib import Path
from typing import Any

import pytest

from kpi_platform_tests.recipes import look, look_at_kpis
from kpi_platform_tests.recipes.alert_channel import with_pager
from kpi_platform_tests.recipes.destination import with_cockroach
from kpi_platform_tests.recipes.kpis import with_phone, with_two_kpis
from kpi_platform_tests.recipes.page import with_greeting
from kpi_platform_tests.recipes.setting import with_least_coverage
from kpi_platform_tests.recipes.source import with_zendesk
from kpi_platform_tests.recipes.tree import run


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("source")
    copy = with_zendesk(folder / "copy")
    with_greeting(copy)
    with_pager(copy)
    with_cockroach(copy)
    return run(copy, Path(look.__file__), str(folder / "home"))


def test_its_connection_is_created_as_its_own_service_at_its_own_place(seen: dict[str, Any]) -> None:
    assert seen["onboarding"] == [["zendesk", "hull_zendesk"]]
    assert seen["connection"]["service"] == "zendesk"
    assert seen["connection"]["config"]["subdomain"] == "hull"


def test_its_settings_are_on_the_settings_page_and_in_the_reference(seen: dict[str, Any]) -> None:
    assert {"zendesk.enabled", "zendesk.sync_tables.tickets", "fivetran.sync_zendesk"} <= set(seen["leaves"])
    assert "'one' is servicenow.connection_id already" in seen["same connection"]
    assert seen["imported"] == {"zendesk": {"enabled": True}}
    for text in ("The help desk: tickets.", 'name="zendesk.sync_tables.tickets"'):
        assert text in seen["pages"]["settings"]
    assert ">Zendesk only</option>" in seen["pages"]["runs"]
    assert "`sync_tables.tickets`" in seen["command line"]["settings"]


def test_customers_that_exist_do_not_get_it_by_themselves(seen: dict[str, Any]) -> None:
    enabled, schedule = seen["not there by default"]
    assert (enabled, schedule["sync_zendesk"]) == (False, True)


def test_pages_and_commands_name_it(seen: dict[str, Any]) -> None:
    assert "<legend>Zendesk</legend>" in seen["pages"]["onboarding"]
    assert "<h3>Zendesk</h3>" in seen["pages"]["status"]
    commands = seen["command line"]
    assert (
        "--zendesk-connection" in commands["add"]
        and "Adopt this Fivetran connection for Zendesk." in commands["add"]
    )
    assert "--create salesforce or servicenow or zendesk" in commands["connect"]
    assert "Zendesk" in commands["list"]
    assert "customer hull" in commands["doctor"] and "no Fivetran connection" not in commands["doctor"]


def test_the_api_takes_it_wherever_it_takes_a_source(seen: dict[str, Any]) -> None:
    assert seen["schedule"]["sync_zendesk"] is True
    assert seen["switched"]["sync_zendesk"] is False
    assert seen["schedule"]["frequencies"]["zendesk"] == 360
    assert (seen["sync"]["data_source"], seen["sync"]["state"]) == ("zendesk", "queued")
    assert seen["schema"].count('"zendesk"') >= seen["schema"].count('"servicenow"') - 5


def test_it_is_synced_and_landed_by_itself(seen: dict[str, Any]) -> None:
    assert seen["assets"] == ["zendesk/ticket"]
    assert seen["due"] == ["zendesk"]
    assert "zendesk/ticket" in seen["synced by the job"]
    assert "zendesk_sync" in seen["steps"]
    assert seen["plan"] == "available"


def test_its_records_and_accounts_have_its_own_addresses(seen: dict[str, Any]) -> None:
    assert seen["record"] == "https://hull.zendesk.com/agent/tickets/7"
    assert seen["account"] == {"zendesk": "https://hull.zendesk.com/agent/organizations/42"}


def test_a_page_is_a_module_a_template_and_a_line(seen: dict[str, Any]) -> None:
    assert "<h1>Hello, Hull</h1>" in seen["pages"]["greeting"]
    assert 'href="/settings' in seen["pages"]["greeting"]


def test_a_destination_is_an_entry_and_its_client(seen: dict[str, Any]) -> None:
    found = seen["destination"]
    assert found["name"] == "cockroach kpi@db.example.com/lake"
    assert found["place"] == "server:db.example.com:26257/lake"
    assert "cockroach" in found["choices"]


def test_an_alert_channel_is_a_setting_and_the_message_that_it_takes(seen: dict[str, Any]) -> None:
    alerts = seen["alerts"]
    assert alerts["told"]
    assert alerts["received"]["/pager_url_secret"] == {"summary": "Old.", "dedup_key": alerts["id"]}
    assert alerts["received"]["/webhook_url_secret"]["text"] == "hull: Old. Sync."
    assert {"alerts.webhook_url_secret", "alerts.pager_url_secret"} <= set(alerts["secrets"])
    assert "`pager_url_secret`" in seen["command line"]["settings"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kpis_a_column_of_the_account_and_a_setting_are_what_the_recipes_say(tmp_path: Path) -> None:
    copy = with_two_kpis(tmp_path / "copy")
    with_phone(copy)
    with_least_coverage(copy)
    found = run(copy, Path(look_at_kpis.__file__), str(tmp_path / "home"))
    counts = {(kpi, status): (rows, low, high) for kpi, status, rows, low, high in found["values"]}
    for kpi in ("deal_size", "reassignment_rate"):
        rows, low, high = counts[kpi, "ok"]
        assert rows > 10 and 0 <= low < high, kpi
    assert counts["reassignment_rate", "ok"][2] <= 100
    assert all(count > 10 for count in found["wide"])
    assert "int_reassigned_incident" in found["explained"]
    every, fully_covered = found["scores"]
    assert every > fully_covered, "health_score.least_coverage changes nothing"
    assert found["account"] == ["phone"]
    assert "phone" in found["mart"] and "phone" in found["answer"]
