"""Accounts, uploads and matches over HTTP, as a load left them."""

from datetime import date
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


REVENUE = {"arr": 1.2e5, "arr_in_grace": 2e4, "next_renewal_date": date(2027, 3, 14), "arr_currency": "USD"}


def test_accounts_are_found_and_sorted_by_their_recurring_revenue_and_renewal(web: Web, desk: Desk) -> None:
    none_left = {"arr": 0.0, "next_renewal_date": date(2026, 9, 1)}
    birch, cobalt = (
        MartAccount(f"001{name}", name, {"nps": 1}, revenue)
        for name, revenue in (("Birch", REVENUE), ("Cobalt", none_left))
    )
    desk.load(T2, [acme(), zeta(5), birch, cobalt])
    client = web.client(scope="read")

    def names(**query: object) -> list[str]:
        found = client.get("/api/accounts", params={"sort": "arr", "descending": True, **query}).json()
        return [one["name"] for one in found["accounts"]]

    assert names()[:2] == ["Birch", "Cobalt"]
    assert names(sort="next_renewal_date", descending=False)[:2] == ["Cobalt", "Birch"]
    assert names(arr_min=120_000) == names(arr_min=1) == ["Birch"]
    assert names(arr_max=0) == ["Cobalt"]
    assert names(renewal_from="2027-03-14", renewal_to="2027-03-14") == ["Birch"]
    assert names(renewal_to="2027-03-13") == ["Cobalt"]
    assert client.get("/api/accounts", params={"renewal_from": "soon"}).status_code == 400
    [found] = client.get("/api/accounts", params={"search": "Birch"}).json()["accounts"]
    assert {name: found[name] for name in REVENUE} == {**REVENUE, "next_renewal_date": "2027-03-14"}
    table = client.get("/accounts.csv?renewal_to=&arr_min=1").content.decode("utf-8-sig").splitlines()
    heads, (row,) = table[0].split(","), [line.split(",") for line in table[1:]]
    assert [row[heads.index(head)] for head in ("ARR", "ARR in grace", "Next renewal", "ARR currency")] == [
        "120000.0", "20000.0", "2027-03-14", "USD",
    ]  # fmt: skip
    page = client.get(f"/accounts/{found['id']}").text
    assert "ARR 120,000 USD, 20,000 of it in grace" in page
    assert "renews on 14 March 2027" in page
    listed = client.get("/accounts?renewal_from=2027-01-01&arr_max=").text
    assert "14 Mar 2027" in listed
    assert "Cobalt" not in listed


def test_a_list_without_recurring_revenue_has_no_columns_and_filters_of_it(web: Web, desk: Desk) -> None:
    page = web.client(scope="read").get("/accounts").text
    assert "arr_min" not in page
    assert "Renewal" not in page


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
