"""Accounts, uploads and matches over HTTP, as a load left them."""

from typing import Any

import pytest

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.accounts import add_account
from kpi_platform.domain.errors import LoadHeld
from kpi_platform_tests.pipeline.desk import T1, T2, T3, Desk, acme, zeta
from kpi_platform_tests.pipeline.marts import MartAccount
from kpi_platform_tests.pipeline.matching import match_accounts
from kpi_platform_tests.web.conftest import Web


class LoadedDesk(Desk):
    """The desk of a customer that is there already."""

    def __init__(self, configuration: Configuration, web: Web, customer: str) -> None:
        self.configuration, self.engine, self.customer = configuration, web.engine, customer


@pytest.fixture
def desk(web: Web) -> Desk:
    desk = LoadedDesk(web.configuration, web, "acme")
    desk.load(T1, [acme(health_score=71.5, coverage=0.9), zeta(5)], run_id="r1")
    return desk


def test_accounts_are_listed_with_their_values(web: Web, desk: Desk) -> None:
    client = web.client(scope="read")
    page = client.get("/api/accounts", params={"sort": "nps", "descending": True, "limit": 1}).json()
    [first] = page["accounts"]
    assert (page["total"], first["name"], first["health_band"]) == (2, "Acme Corporation", "healthy")
    assert (first["kpis"]["nps"]["value"], first["kpis"]["nps"]["band"]) == (40, "between")
    at_risk = client.get("/api/accounts", params={"kpi": "nps", "kpi_band": "at_risk"}).json()
    assert [one["name"] for one in at_risk["accounts"]] == ["Zeta Works"]
    for wrong in ({"sort": "secret"}, {"limit": 0}, {"kpi_min": 3}, {"health": "good"}):
        assert client.get("/api/accounts", params=wrong).status_code == 400


def test_one_account_tells_how_its_values_came_and_developed(web: Web, desk: Desk) -> None:
    desk.load(T2, [acme(nps=60, health_score=80), zeta(5)])
    client = web.client(scope="read")
    number = client.get("/api/accounts").json()["accounts"][0]["id"]
    account = client.get(f"/api/accounts/{number}").json()
    assert (account["sources"][0]["source_account_id"], account["health"]["health_score"]) == ("001A", 80)
    nps = next(one for one in client.get(f"/api/accounts/{number}/kpis").json() if one["kpi"] == "nps")
    assert (nps["value"], nps["band"], nps["unit"], nps["healthy"]) == (60, "healthy", "score", 50)
    history = client.get(f"/api/accounts/{number}/history", params={"kpi": "nps"}).json()
    assert [point["value"] for point in history["kpis"]["nps"]] == [40, 60]
    assert set(history["kpis"]) == {"nps"}
    assert history["confirmed_until"]["salesforce"].startswith("2026-03-02")
    assert web.client("bolt").get(f"/api/accounts/{number}").status_code == 404


def test_uploads_are_listed_compared_and_taken_back(web: Web, desk: Desk) -> None:
    desk.load(T2, [acme(nps=60), zeta(5)])
    client = web.client()
    newest, first = client.get("/api/uploads").json()
    assert (newest["kpis_updated"], first["run_url"]) == (1, "http://127.0.0.1:3000/runs/r1")
    diff = client.get("/api/uploads/1/diff/2").json()
    assert diff["counts"] == {"changed": 1, "new": 0, "retired": 0}
    assert (diff["values"][0]["before"], diff["values"][0]["after"]) == (40, 60)
    assert (diff["values"][0]["before_band"], diff["values"][0]["after_band"]) == ("between", "healthy")
    assert (diff["by_kpi"], diff["total"]) == ({"nps": 1}, 1)
    assert client.get("/api/uploads/1/diff/2", params={"kpi": "csat"}).json()["values"] == []
    table = client.get("/uploads/2/diff.csv").content.decode("utf-8-sig").splitlines()
    assert table[1] == "Acme Corporation,NPS,Changed,40.0,Watch,60.0,Healthy"
    taken = client.post("/api/uploads/2/rollback")
    assert (taken.status_code, taken.json()["kind"], taken.json()["version"]) == (200, "rollback", 3)
    assert client.post("/api/uploads/2/rollback").status_code == 409
    assert client.post("/api/uploads/9/rollback").status_code == 404
    assert client.get("/api/uploads/0/diff/3").json()["counts"]["new"] == 4


def test_matches_are_decided_and_undone(web: Web, desk: Desk) -> None:
    with web.engine.begin() as connection:
        other = add_account(connection, "acme", name="Acme Corp.")
    desk.marts(T2, [acme(), zeta(5), MartAccount("0/9", "Acme Corp", {"nps": 1})])
    match_accounts(web.configuration, web.engine, "acme", T2, mode="manual")
    client = web.client()
    queue: dict[str, Any] = client.get("/api/matches", params={"state": "review"}).json()
    assert queue["counts"]["review"] == len(queue["matches"]) == 1, queue
    path = "/api/matches/0%2F9"
    assert client.post(path, json={"decision": "choose"}).status_code == 400
    chosen = client.post(path, json={"decision": "choose", "account_id": other.id, "note": "checked"})
    assert chosen.status_code == 200, chosen.text
    assert (chosen.json()["match"]["decision"], chosen.json()["decision"]["decided_by"]) == (
        "match", "acme write",
    )  # fmt: skip
    undone = client.post(path, json={"decision": "undo"})
    assert undone.json()["match"]["decision"] == "review"
    assert client.post(path, json={"decision": "undo"}).status_code == 404
    assert len(client.get("/api/matches/decisions", params={"include_undone": True}).json()) == 1
    assert client.post(path, json={"decision": "choose", "account_id": 99}).status_code == 404
    assert client.post("/api/matches/none", json={"decision": "accept"}).status_code == 404


def test_a_held_load_is_shown_and_released(web: Web, desk: Desk) -> None:
    client = web.client()
    assert client.get("/api/uploads/held").json() is None
    many = [MartAccount(f"001{n}", f"Works {n}", {"nps": 40.0}) for n in range(20)]
    desk.load(T2, many)
    with pytest.raises(LoadHeld):
        desk.load(T3, many[:2])
    held = client.get("/api/uploads/held").json()
    assert held["reasons"] == ["90% of the 20 accounts of the load before are gone; this one has 2."]
    assert web.client(scope="read").post("/api/uploads/held/release").status_code == 403
    assert web.client("bolt").get("/api/uploads/held").json() is None
    page = web.signed_in("acme").get("/uploads").text
    assert "A load is held" in page
    assert "90% of the 20 accounts" in page
    assert client.post("/api/uploads/held/release").json()["released_at"]
    assert client.post("/api/uploads/held/release").status_code == 404
