"""The account's budget, setup tests and the faults of single connections."""

import time
from typing import Any

import pytest

from kpi_platform_tests.local.conftest import Served

CONNECTION = "umbra_salesforce"
_PATH = f"/v1/connections/{CONNECTION}"


def test_every_answer_tells_the_budget(fivetran: Served) -> None:
    first, second = (fivetran.api.get("/v1/groups").headers for _ in range(2))
    assert first["X-Rate-Limit"] == "20000"
    assert int(first["X-Rate-Limit-Remaining"]) == int(second["X-Rate-Limit-Remaining"]) + 1
    assert 0 < int(second["X-Rate-Limit-Reset"]) <= 3600
    assert "X-Rate-Limit" in fivetran.api.get("/v1/nothing").headers


def test_a_trial_has_500_calls_an_hour(fivetran: Served) -> None:
    fivetran.behave(plan="trial")
    assert fivetran.api.get("/v1/groups").headers["X-Rate-Limit"] == "500"
    fivetran.data("PUT", "/_local/limit", json={"hourly_limit": 1})
    refused = fivetran.api.get("/v1/groups")
    assert (refused.status_code, refused.headers["X-Rate-Limit-Remaining"]) == (429, "0")
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600


def test_a_change_runs_the_setup_tests_unless_it_says_otherwise(fivetran: Served) -> None:
    fivetran.behave(setup_test_seconds=40, time_lapse=100)
    answers = {}
    for asked, body in {"silent": {}, "without": {"run_setup_tests": False}}.items():
        began = time.monotonic()
        answers[asked] = fivetran.data("PATCH", _PATH, json={"paused": False} | body)
        assert (time.monotonic() - began >= 0.4) == (asked == "silent")
    assert answers["silent"]["setup_tests"][0]["status"] == "PASSED"
    assert "setup_tests" not in answers["without"]


@pytest.mark.parametrize(("plan", "limit"), [("trial", 50), ("standard", 2500)])
def test_setup_tests_have_an_hourly_limit_of_their_own(fivetran: Served, plan: str, limit: int) -> None:
    fivetran.behave(plan=plan)
    for _ in range(50):
        fivetran.data("PATCH", _PATH, json={"paused": False})
    answer = fivetran.api.post(f"{_PATH}/test", json={})
    assert (answer.status_code == 429) == (limit == 50)
    if limit == 50:
        assert "50 setup tests" in answer.json()["message"] and answer.headers["Retry-After"]
        change = {"sync_frequency": 60, "run_setup_tests": False}
        assert fivetran.data("PATCH", _PATH, json=change)["sync_frequency"] == 60


def test_setup_tests_can_fail(fivetran: Served) -> None:
    fivetran.control("PATCH", CONNECTION, setup_tests_fail="The instance is asleep.")
    (failed,) = fivetran.data("POST", f"{_PATH}/test", json={})["setup_tests"]
    assert (failed["status"], failed["message"]) == ("FAILED", "The instance is asleep.")
    fivetran.control("PATCH", CONNECTION, setup_tests_fail="")
    (passed,) = fivetran.data("POST", f"{_PATH}/test", json={})["setup_tests"]
    assert passed["status"] == "PASSED"


def test_a_connection_is_set_up_by_a_change_that_brings_what_signs_in(fivetran: Served) -> None:
    body = {"service": "servicenow", "group_id": "local", "config": {"schema": "x_servicenow"}}
    made = fivetran.data("POST", "/v1/connections", json=body | {"run_setup_tests": False, "paused": True})
    path = f"/v1/connections/{made['id']}"
    assert fivetran.data("POST", f"{path}/test", json={})["status"]["setup_state"] == "incomplete"
    change = {"config": {"password": "sesame"}}
    assert fivetran.data("PATCH", path, json=change)["status"]["setup_state"] == "connected"


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_one_connection_can_fail_while_the_list_and_all_others_work(fivetran: Served, status: int) -> None:
    fault = {"connection": CONNECTION, "status": status, "times": 0}
    fivetran.data("POST", "/_local/faults", json=fault)
    for path in (_PATH, _PATH.replace("connections", "connectors"), f"{_PATH}/schemas"):
        assert fivetran.api.get(path).status_code == status
    assert CONNECTION in {item["id"] for item in fivetran.data("GET", "/v1/connections")["items"]}
    assert fivetran.connection("umbra_servicenow")["id"] == "umbra_servicenow"


def test_connections_of_foreign_services_are_listed_and_cannot_sync(fivetran: Served) -> None:
    for service in ("salesforce_marketing_cloud", "google_sheets"):
        fivetran.control("POST", "", id=f"a_{service}", service=service)
        assert fivetran.sync(f"a_{service}")["failed_at"]
    services = {item["service"] for item in fivetran.data("GET", "/v1/connections")["items"]}
    assert {"salesforce_marketing_cloud", "google_sheets", "salesforce"} <= services


@pytest.mark.parametrize("body", [{"plan": "gold"}, {"speed": 3}, {"time_lapse": 0}, {"reload_seconds": -1}])
def test_a_behaviour_that_there_is_not_is_refused(fivetran: Served, body: dict[str, Any]) -> None:
    before = fivetran.data("GET", "/_local/behaviour")
    answer = fivetran.api.patch("/_local/behaviour", json=body)
    assert answer.status_code == 400 and next(iter(body)) in answer.json()["message"]
    assert fivetran.data("GET", "/_local/behaviour") == before
