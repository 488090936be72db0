"""The page of one account."""

import re
from datetime import timedelta

from kpi_platform_tests.pipeline.desk import T1, Desk, acme
from kpi_platform_tests.web.conftest import Web

SCORES = {"health_score": 70.0, "coverage": 0.9, "relationship_score": 70.0, "nps_contribution": 70.0}
LOWER = SCORES | {"health_score": 60.0, "nps_contribution": 60.0}


def weight_shown(web: Web, customer: str = "hull") -> str:
    """The weight of Relationship, as the page shows it."""
    client = web.client(customer, "read", Accept="text/html")
    [account] = client.get("/api/accounts").json()["accounts"]
    page = client.get(f"/accounts/{account['id']}").text
    found = re.search(r"Score 70 of 100(?:, weight (\d+)%)?", page)
    assert found is not None
    return found[1]


def weights(relationship: float) -> dict[str, dict[str, float]]:
    rest = {"business_outcomes": 0.25, "support": 0.25}
    return {"weights": {"relationship": relationship, "adoption": 0.5 - relationship, **rest}}


def test_the_weights_beside_a_score_are_those_that_it_was_computed_with(web: Web) -> None:
    desk = Desk(web.configuration, web.engine, "hull")
    desk.load(T1, [acme(**SCORES)])
    desk.settings(health_score=weights(0.1))
    assert weight_shown(web) == "40"
    desk.load(T1 + timedelta(days=1), [acme(**SCORES | {"nps_contribution": 69.0})])
    assert weight_shown(web) == "10"
    desk.settings(health_score=weights(0.3))
    assert weight_shown(web) == "10"


def test_the_page_and_the_api_say_what_moved_the_score(web: Web) -> None:
    desk = Desk(web.configuration, web.engine, "hull")
    desk.settings(health_score=weights(0.25))
    client = web.client("hull", "read", Accept="text/html")
    desk.load(T1, [acme(nps=60.0, **SCORES)])
    [account] = client.get("/api/accounts").json()["accounts"]
    path = f"/accounts/{account['id']}"
    assert "The next load with another score shows here what moved it." in client.get(path).text

    desk.load(T1 + timedelta(days=7), [acme(nps=40.0, **LOWER)])
    change = client.get(f"/api{path}/score-change", params={"since": T1.isoformat()}).json()
    assert (change["before"]["health_score"], change["after"]["health_score"]) == (70, 60)
    assert (change["points"], change["reasons"]) == (
        -10,
        [{"kind": "input", "points": -10, "inputs": ["nps"], "gone": []}],
    )
    page = client.get(path).text
    assert 'to <b class="num">60</b> on' in page
    assert "60 → 40" in page
    assert "−10" in page

    same = client.get(path, params={"since": T1.isoformat(), "until": T1.isoformat()}).text
    assert "Nothing moved it." in same
    before = client.get(path, params={"since": "2001-01-01", "until": T1.isoformat()}).text
    assert "There was no score on 1 Jan 2001" in before
