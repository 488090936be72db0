"""Previews in the background: followed, cancelled, broken off, and never another customer's."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx import Response

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.previews import LOST_AFTER, add_preview
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.domain.settings import parse_settings
from kpi_platform.web.turns import Turns
from kpi_platform_tests.pipeline.landing import ACCOUNT, CASE, account, land
from kpi_platform_tests.web.conftest import Web

FRAGMENT = {"HX-Request": "true", "Accept": "text/html"}
KPI = {
    "name": "Cases", "slug": "cases", "table": "salesforce.case", "aggregate": "count", "unit": "cases",
    "direction": "low", "category": "Support & Experience", "impact": "High", "frequency": "Weekly",
    "thresholds.healthy": "1", "thresholds.at_risk": "2",
}  # fmt: skip


@pytest.fixture
def acme(web: Web) -> TestClient:
    """Seven accounts, the number n of which has n cases; the first has none."""
    document = {
        "salesforce": {"schema": "acme_sf"},
        "servicenow": {"enabled": False},
        "alerts": {"on_threshold_crossing": True},
    }
    with web.engine.begin() as connection:
        save_settings(connection, "acme", parse_settings(document).document(), who="test")
    created = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=3)
    cases: list[Any] = [
        {"id": f"c{one}-{n}", "account_id": account(one)["id"], "created_date": created, "is_deleted": False}
        for one in range(7)
        for n in range(one)
    ]
    tables_of = {"account": (ACCOUNT, [account(one) for one in range(7)]), "case": (CASE, cases)}
    land(web.configuration.warehouse_file, "acme_sf", tables_of)
    client = web.client("acme")
    client.headers.update(FRAGMENT)
    return client


def followed(client: TestClient, answer: Response) -> str:
    """The part of the page once it does not ask again."""
    assert answer.status_code == 200, answer.text
    page, late = answer.text, time.monotonic() + 240
    while (again := re.search(r'hx-get="(/settings/preview/\w+)"', page)) is not None:
        assert time.monotonic() < late, page
        assert "Cancel the preview" in page
        time.sleep(0.5)
        page = client.get(again[1]).text
    return page


def test_settings_and_a_custom_kpi_are_previewed_in_the_background_and_nothing_is_saved(
    web: Web, acme: TestClient
) -> None:
    stricter = {"kpi_mappings.nps.thresholds.healthy": "90", "kpi_mappings.nps.thresholds.at_risk": "80"}
    page = followed(acme, acme.post("/settings/preview?section=kpi_mappings", data=stricter))
    assert "What saving would change" in page
    assert re.sub(r"<[^>]+>", "", page).count("NPS 40 (watch → at risk)") == 7
    assert 'send an alert about <b class="num">7</b> values' in page

    page = followed(acme, acme.post("/settings/custom-kpis/new/preview", data=KPI))
    assert "7 of 7 accounts would have a value" in page
    cells = re.findall(r'<th scope="row">(.*?)</th><td class="figure">(.*?)</td><td>(.*?)</td>', page)
    assert cells == [
        ("Account 0", "0", "Healthy"), ("Account 2", "2", "Watch"), ("Account 3", "3", "At risk"),
        ("Account 4", "4", "At risk"), ("Account 6", "6", "At risk"),
    ]  # fmt: skip
    config = web.client("acme").get("/api/fivetran/config").json()
    assert config["custom_kpis"] == []
    assert config["kpi_mappings"]["nps"]["thresholds"]["healthy"] != 90


def test_a_cancelled_preview_ends_and_gives_its_turn_back(web: Web, acme: TestClient) -> None:
    turns: Turns = web.app.state.heavy_turns
    begun = acme.post("/settings/preview?section=alerts", data={"alerts.on_threshold_crossing": "false"})
    [preview] = re.findall(r"/settings/preview/(\w+)", begun.text)[:1]
    other = web.client("bolt")
    assert other.get(f"/settings/preview/{preview}").status_code == 404
    assert other.post(f"/settings/preview/{preview}/cancel").status_code == 404
    assert "Preview cancelled" in acme.post(f"/settings/preview/{preview}/cancel").text
    late = time.monotonic() + 30
    while turns._taken["acme"]:
        assert time.monotonic() < late, "The process goes on."
        time.sleep(0.1)
    assert "Preview cancelled" in acme.get(f"/settings/preview/{preview}").text


def test_what_is_wrong_in_the_form_is_said_at_once_by_labels(acme: TestClient) -> None:
    answer = acme.post("/settings/custom-kpis/new/preview", data=KPI | {"window_days": "0"})
    assert answer.status_code == 400
    assert ">Window</a>:" in answer.text
    assert "custom_kpis" not in answer.text


def test_of_a_server_that_has_stopped_the_page_says_so(web: Web, acme: TestClient) -> None:
    with web.engine.begin() as connection:
        preview = add_preview(connection, "acme", "settings", "alerts")
        long_ago = datetime.now(UTC) - 2 * LOST_AFTER
        connection.execute(sa.update(tables.previews).values(seen_at=long_ago))
    page = acme.get(f"/settings/preview/{preview}").text
    assert "The server has stopped working on it." in page and "hx-get" not in page


def test_a_preview_that_cannot_be_computed_says_why(web: Web, acme: TestClient) -> None:
    web.configuration.warehouse_file.unlink()
    web.configuration.warehouse_file.write_bytes(b"no database" * 100)
    page = followed(acme, acme.post("/settings/preview?section=alerts", data={}))
    assert "No preview" in page and "Traceback" not in page


def test_whoever_leaves_a_preview_finds_it_at_the_form_again_until_the_settings_are_saved(
    web: Web, acme: TestClient
) -> None:
    off = {"alerts.on_threshold_crossing": "false"}
    begun = acme.post("/settings/preview?section=alerts", data=off)
    [left] = set(re.findall(r'hx-get="(/settings/preview/\w+)"', begun.text))
    page = web.client("acme")
    page.headers.update({"Accept": "text/html"})
    assert left in page.get("/settings?section=alerts").text
    assert "preview-title" not in page.get("/settings?section=update").text
    assert "preview-title" not in page.get("/settings/custom-kpis/new").text
    followed(acme, begun)
    again = page.get("/settings?section=alerts").text
    assert "What saving would change" in again and "Asked for at" in again
    with web.engine.begin() as connection:
        save_settings(connection, "acme", parse_settings({}).document(), who="test")
    assert "preview-title" not in page.get("/settings?section=alerts").text
