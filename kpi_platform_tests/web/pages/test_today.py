"""The start page: the scope, the period, what waits, and the addresses that led elsewhere before."""

from datetime import UTC, datetime, timedelta

import pytest

from kpi_platform_tests.pipeline.desk import Desk, acme
from kpi_platform_tests.pipeline.marts import MartAccount
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.pages.test_people import follow, invite
from kpi_platform_tests.web.seeding import seed, seed_review

NOW = datetime.now(UTC)


def loaded(web: Web) -> None:
    desk = Desk(web.configuration, web.engine, "hull")
    for days, score in ((40, 80.0), (20, 70.0), (1, 30.0)):
        health = {"health_score": score, "coverage": 1.0, "nps_contribution": score}
        mine = MartAccount("001B", "Bolt", {"nps": score}, {"csm_email": "ADA@example.com"}, health)
        desk.load(NOW - timedelta(days=days), [mine, acme(nps=1.0)])


def test_a_person_opens_with_the_own_accounts_and_can_look_at_all(web: Web) -> None:
    loaded(web)
    browser = follow(web, invite(web.client("hull", "admin"))["link"])
    page = browser.get("/", headers={"Accept": "text/html"}).text
    assert 'href="/?scope=mine" aria-current="true">Mine' in page
    assert "/accounts?health=at_risk&amp;scope=mine" in page
    assert "70 → <b>30</b>" in page
    mine = browser.get("/api/changes", params={"since": "2001-01-01", "scope": "mine"}).json()
    everybody = browser.get("/api/changes", params={"since": "2001-01-01"}).json()
    totals = [sum(band["accounts"] for band in one["bands"].values()) for one in (mine, everybody)]
    assert (totals, mine["worse"][0]["before"], mine["worse"][0]["after"]) == ([1, 2], 80, 30)
    listed = browser.get("/accounts?scope=mine", headers={"Accept": "text/html"}).text
    assert "Bolt" in listed and "Acme Corporation" not in listed
    program = web.client("hull", "read").get("/api/changes", params={"since": "2001-01-01", "scope": "mine"})
    assert (program.status_code, "There is no scope" in program.text) == (400, True)


def test_a_period_begins_with_a_load_or_lies_between_two_dates(web: Web) -> None:
    loaded(web)
    client = web.client("hull", "read", Accept="text/html")
    assert "80 → <b>30</b>" in client.get("/?load=1").text
    dates = {"since": f"{NOW - timedelta(days=39):%Y-%m-%d}", "until": f"{NOW - timedelta(days=10):%Y-%m-%d}"}
    assert "80 → <b>70</b>" in client.get("/", params=dates).text
    assert "has no upload 99" in client.get("/?load=99").text
    turned = {"since": dates["until"], "until": dates["since"]}
    assert "ends before it begins" in client.get("/", params=turned).text
    assert client.get("/?period=nonsense&load=x&since=31.12.").status_code == 200
    between = {"since_load": 1, "until": (NOW - timedelta(days=10)).isoformat()}
    assert client.get("/api/changes", params=between).json()["worse"][0]["after"] == 70


def test_what_waits_has_a_way_to_do_it(web: Web) -> None:
    one = seed(web.configuration, web.engine, "cogs")
    client = web.client("cogs", "read", Accept="text/html")
    assert client.get("/api/waiting").json() == []
    seed_review(one)
    [waits] = client.get("/api/waiting").json()
    assert (waits["kind"], waits["path"], waits["urgent"]) == ("review", "/matches", False)
    assert "1 account waits for review" in client.get("/").text
    [waits] = web.client("acme", "read").get("/api/waiting").json()
    assert (waits["kind"], waits["path"]) == ("set_up", "/runs")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("/?health=at_risk&sort=nps", "/accounts?health=at_risk&sort=nps"),
        ("/changes?period=month", "/?period=month"),
    ],
)
def test_an_address_of_before_leads_to_what_it_showed(web: Web, before: str, now: str) -> None:
    answer = web.client("acme", "read", Accept="text/html").get(before)
    assert (answer.status_code, answer.headers["location"]) == (301, now)
