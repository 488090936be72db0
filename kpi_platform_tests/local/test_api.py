"""The API over HTTP: authorization, pages, errors, limits, faults."""

from typing import Any

import httpx
import pytest

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import Conflict
from kpi_platform.local.server import running
from kpi_platform_tests.local.conftest import Served


def _error(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert set(body) == {"code", "message"}
    return response.status_code, body["code"]


def test_calls_without_the_key_and_secret_are_unauthorized(fivetran: Served) -> None:
    for auth in (None, ("local", "wrong"), ("wrong", "local")):
        assert _error(httpx.get(f"{fivetran.url}/v1/groups", auth=auth)) == (401, "Unauthorized")
    broken = {"Authorization": "Basic %%%"}
    assert _error(httpx.get(f"{fivetran.url}/v1/groups", headers=broken)) == (401, "Unauthorized")


def test_both_path_families_answer_the_same(fivetran: Served) -> None:
    for path in ("", "/northwind_salesforce"):
        new, old = (fivetran.data("GET", f"/v1/{family}{path}") for family in ("connections", "connectors"))
        assert new == old
    groups = [fivetran.data("GET", f"/v1/groups/local/{family}") for family in ("connections", "connectors")]
    assert groups[0] == groups[1]


def test_pages_join_to_the_whole_list(fivetran: Served) -> None:
    whole = [item["id"] for item in fivetran.data("GET", "/v1/connections")["items"]]
    pages: list[str] = []
    cursor: str | None = None
    while True:
        page = fivetran.data(
            "GET", "/v1/connections", params={"limit": 4} | ({"cursor": cursor} if cursor else {})
        )
        pages += [item["id"] for item in page["items"]]
        assert page.get("next_cursor") == page.get("nextCursor")
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert pages == whole and len(whole) == 6


@pytest.mark.parametrize("limit", ["0", "1001", "many"])
def test_a_limit_outside_1_to_1000_is_invalid(fivetran: Served, limit: str) -> None:
    assert _error(fivetran.api.get("/v1/connections", params={"limit": limit})) == (400, "InvalidInput")


def test_a_made_up_cursor_is_invalid(fivetran: Served) -> None:
    assert _error(fivetran.api.get("/v1/connections", params={"cursor": "bm9uZQ=="})) == (400, "InvalidInput")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/connections/nobody", 404, "NotFound_Connector"),
        ("POST", "/v1/connectors/nobody/force", 404, "NotFound_Connector"),
        ("GET", "/v1/groups/nobody/connections", 404, "NotFound_Group"),
        ("GET", "/v1/destinations/nobody", 404, "NotFound_Destination"),
        ("GET", "/v1/connections/umbra_salesforce/schemas", 404, "NotFound_SchemaConfig"),
        ("GET", "/v1/nothing", 404, "NotFound"),
        ("PUT", "/v1/groups", 405, "MethodNotAllowed"),
    ],
)
def test_what_is_not_there_is_an_error_with_its_code(
    fivetran: Served, method: str, path: str, status: int, code: str
) -> None:
    assert _error(fivetran.api.request(method, path)) == (status, code)


@pytest.mark.parametrize(
    "change",
    [{"sync_frequency": 7}, {"schedule_type": "often"}, {"daily_sync_time": "25:00"}, {"paused": "x"}],
)
def test_a_malformed_change_of_a_connection_changes_nothing(fivetran: Served, change: dict[str, Any]) -> None:
    before = fivetran.connection("umbra_salesforce")
    answer = fivetran.api.patch("/v1/connections/umbra_salesforce", json={"sync_frequency": 60} | change)
    assert _error(answer) == (400, "InvalidInput")
    assert fivetran.connection("umbra_salesforce") == before


def test_the_hourly_limit_answers_429_with_whole_seconds_to_wait(fivetran: Served) -> None:
    fivetran.data("PUT", "/_local/limit", json={"hourly_limit": 2})
    assert [fivetran.api.get("/v1/groups").status_code for _ in range(2)] == [200, 200]
    refused = fivetran.api.get("/v1/groups")
    assert _error(refused) == (429, "TooManyRequests")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600


def test_faults_hit_the_calls_that_match_and_end(fivetran: Served) -> None:
    fault = {"match": "GET /v1/groups", "status": 429, "retry_after": 7, "times": 2}
    fivetran.data("POST", "/_local/faults", json=fault)
    assert fivetran.api.get("/v1/connections").status_code == 200
    refused = fivetran.api.get("/v1/groups")
    assert (_error(refused), refused.headers["Retry-After"]) == ((429, "TooManyRequests"), "7")
    assert fivetran.api.get("/v1/groups").status_code == 429
    assert fivetran.api.get("/v1/groups").status_code == 200


def test_a_delay_longer_than_the_client_waits_is_a_timeout(fivetran: Served) -> None:
    fivetran.data("POST", "/_local/faults", json={"delay_seconds": 2, "match": "/v1/groups"})
    with pytest.raises(httpx.ReadTimeout):
        fivetran.api.get("/v1/groups", timeout=0.2)
    fivetran.data("POST", "/_local/faults", json={"status": 500, "times": 0})
    assert _error(fivetran.api.get("/v1/groups")) == (500, "InternalError")
    fivetran.data("DELETE", "/_local/faults")
    assert fivetran.api.get("/v1/groups").status_code == 200


def test_calls_are_counted(fivetran: Served) -> None:
    fivetran.api.get("/v1/groups")
    fivetran.api.get("/v1/connections/nobody")
    assert fivetran.data("GET", "/_local/calls")[-2:] == [
        {"method": "GET", "path": "/v1/groups", "status": 200},
        {"method": "GET", "path": "/v1/connections/nobody", "status": 404},
    ]


def test_two_servers_cannot_share_one_home(fivetran: Served, configuration: Configuration) -> None:
    with pytest.raises(Conflict, match="already runs"), running(configuration):
        pass


def test_a_port_in_use_is_named(fivetran: Served, configuration: Configuration) -> None:
    port = httpx.URL(fivetran.url).port
    assert port is not None
    with pytest.raises(Conflict, match=f"port {port} is in use"), running(configuration, port):
        pass
