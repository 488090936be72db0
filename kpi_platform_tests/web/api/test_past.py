"""The weeks before the first load, over the API and on the page of runs."""

from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.seeding import seed


def test_weeks_are_asked_for_followed_and_cancelled(web: Web) -> None:
    seed(web.configuration, web.engine, "cyan")
    client = web.client("cyan")
    nothing = {"begins": None, "waiting": 0, "running": 0, "loaded": 0, "failed": 0, "cancelled": 0}
    assert client.get("/api/past").json() == nothing
    asked = client.post("/api/past", json={"weeks": 2})
    assert asked.status_code == 202 and asked.json()["waiting"] == 2
    html = {"Accept": "text/html"}
    assert "0 of 2 weeks" in client.get("/runs", headers=html).text
    assert client.post("/api/past/cancel").json()["cancelled"] == 2
    assert "The weeks before" not in client.get("/runs", headers=html).text
    assert client.post("/api/past", json={"weeks": 0}).status_code == 400


def test_before_the_first_load_nobody_has_a_past(web: Web) -> None:
    answer = web.client("acme").post("/api/past", json={"weeks": 2})
    assert answer.status_code == 409
    assert "kpi-platform run acme" in answer.text
