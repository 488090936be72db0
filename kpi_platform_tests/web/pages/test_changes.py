"""What changed for whom: the page and the API."""

from datetime import UTC, datetime, timedelta

from kpi_platform_tests.pipeline.desk import Desk, acme, zeta
from kpi_platform_tests.pipeline.marts import MartAccount
from kpi_platform_tests.web.conftest import Web

NOW = datetime.now(UTC)
WEEK_AGO, YESTERDAY = NOW - timedelta(days=9), NOW - timedelta(hours=20)


def scored(points: float) -> dict[str, float]:
    return {"health_score": points, "coverage": 0.9, "relationship_score": points, "nps_contribution": points}


def test_what_changed_since_an_instant_is_said_with_reasons(web: Web) -> None:
    desk = Desk(web.configuration, web.engine, "hull")
    risen = MartAccount("001B", "Bolt", {"nps": 10}, {"csm_name": "Ada"}, scored(40.0))
    desk.load(WEEK_AGO, [acme(nps=60.0, csat=4.0, **scored(70.0)), risen, zeta(nps=5.0)])
    risen = MartAccount("001B", "Bolt", {"nps": 30}, {"csm_name": "Ada"}, scored(55.0))
    fresh = MartAccount("001N", "Newcomer", {"nps": 1}, {}, scored(10.0))
    desk.load(YESTERDAY, [acme(nps=40.0, csat="no_data", **scored(60.0)), risen, fresh])

    client = web.client("hull", "read", Accept="text/html")
    found = client.get("/api/changes", params={"since": (NOW - timedelta(days=7)).isoformat()}).json()
    assert [(one["name"], one["before"], one["after"], one["points"]) for one in found["worse"]] == [
        ("Acme Corporation", 70, 60, -10)
    ]
    assert found["worse"][0]["reasons"] == [{"kind": "input", "points": -10, "inputs": ["nps"], "gone": []}]
    assert [(one["name"], one["csm_name"], one["points"]) for one in found["better"]] == [("Bolt", "Ada", 15)]
    assert [one["name"] for one in found["new"]] == ["Newcomer"]
    assert [(one["name"], one["values"]) for one in found["lost"]] == [
        ("Acme Corporation", [{"kpi": "csat", "value": 4, "status": "no_data"}])
    ]

    page = client.get("/").text
    assert "Got worse" in page
    assert "70 → <b>60</b>" in page
    assert "CSAT: was 4, now no data" in page
    assert "Newcomer" in page
    # Nothing is new only because the history does not go back so far.
    early = client.get("/api/changes", params={"since": "2001-01-01"}).json()
    assert [one["name"] for one in early["new"]] == ["Newcomer"]
    assert "the history begins on" in client.get("/", params={"period": "month"}).text
    # The first upload and the second are both older than a few hours ago.
    quiet = client.get("/api/changes", params={"since": NOW.isoformat()}).json()
    assert [quiet[name] for name in ("worse", "better", "new", "gone", "lost")] == [[], [], [], [], []]


def test_an_account_that_left_is_gone_and_neither_worse_nor_better(web: Web) -> None:
    desk = Desk(web.configuration, web.engine, "hull")
    desk.load(WEEK_AGO, [acme(**scored(70.0)), zeta()])
    desk.settings(update={"mode": "replace"})
    desk.load(YESTERDAY, [zeta()])
    client = web.client("hull", "read")
    found = client.get("/api/changes", params={"since": (NOW - timedelta(days=7)).isoformat()}).json()
    assert ([one["name"] for one in found["gone"]], found["worse"]) == (["Acme Corporation"], [])
