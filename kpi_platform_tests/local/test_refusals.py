"""Calls that Fivetran does not serve are refused: no call without effect succeeds."""

from typing import Any

import httpx
import pytest

from kpi_platform_tests.local.conftest import Served

CONNECTION = "northwind_salesforce"
_PATH = f"/v1/connections/{CONNECTION}"
_TABLE = f"{_PATH}/schemas/salesforce/tables/event"
_NEW = {"service": "salesforce", "group_id": "local"}
_HOOK = {"url": "https://dashboard.example/hook", "events": ["sync_end"], "active": False}


@pytest.fixture(scope="module")
def known(module_server: Served) -> Served:
    """A server that knows the schema of the connection."""
    module_server.data("POST", f"{_PATH}/schemas/reload", json={})
    return module_server


def _whole(fivetran: Served) -> list[Any]:
    """All that the refused requests could have changed."""
    paths = ("/v1/connections?limit=1000", _PATH, f"{_PATH}/schemas", "/v1/webhooks", "/v1/groups")
    syncs = fivetran.data("GET", "/_local/state")["connections"]
    return [syncs, *(fivetran.data("GET", path) for path in (*paths, "/v1/destinations"))]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        # Nothing to change.
        ("PATCH", _PATH, {}, 400),
        ("PATCH", _PATH, {"run_setup_tests": False}, 400),
        ("PATCH", _PATH, {"paused": None}, 400),
        ("PATCH", f"{_PATH}/schemas", {}, 400),
        ("PATCH", f"{_PATH}/schemas", {"schemas": {}}, 400),
        ("PATCH", f"{_PATH}/schemas", {"schemas": {"salesforce": {}}}, 400),
        ("PATCH", f"{_PATH}/schemas", {"schemas": {"salesforce": {"tables": {}}}}, 400),
        ("PATCH", f"{_PATH}/schemas/salesforce", {}, 400),
        ("PATCH", _TABLE, {}, 400),
        ("PATCH", f"{_TABLE}/columns/subject", {}, 400),
        ("PATCH", "/v1/groups/local", {}, 400),
        ("PATCH", "/v1/destinations/local", {}, 400),
        ("POST", f"{_PATH}/connect-card", {}, 400),
        ("POST", f"{_PATH}/resync", {"scope": {}}, 400),
        ("POST", f"{_PATH}/resync", {"scope": {"salesforce": []}}, 400),
        ("POST", f"{_PATH}/schemas/tables/resync", {}, 400),
        ("POST", f"{_PATH}/test", None, 400),
        # What there is not.
        ("PATCH", f"{_PATH}/schemas", {"schemas": {"nonsense": {"enabled": False}}}, 404),
        ("PATCH", f"{_PATH}/schemas", {"schemas": {"Salesforce": {"enabled": False}}}, 404),
        ("PATCH", f"{_PATH}/schemas", {"schemas": {CONNECTION: {"enabled": False}}}, 404),
        ("PATCH", f"{_PATH}/schemas/nonsense", {"enabled": False}, 404),
        ("PATCH", f"{_PATH}/schemas/nonsense/tables/event", {"enabled": False}, 404),
        ("PATCH", f"{_PATH}/schemas/salesforce/tables/Event", {"enabled": False}, 404),
        ("PATCH", f"{_TABLE}/columns/Subject", {"enabled": False}, 404),
        ("DELETE", f"{_TABLE}/columns/nonsense", None, 404),
        ("DELETE", f"{_TABLE}/columns/subject", None, 409),
        ("GET", f"{_PATH}/schemas/nonsense/tables/event/columns", None, 404),
        ("POST", f"{_PATH}/resync", {"scope": {"nonsense": ["event"]}}, 404),
        ("POST", f"{_PATH}/schemas/tables/resync", {"salesforce": ["nonsense"]}, 404),
        ("POST", f"{_PATH}/schemas", {"schemas": {"salesforce": {"enabled": True}}}, 409),
        ("GET", "/v1/users/nobody", None, 404),
        ("GET", "/v1/metadata/connector-types/google_sheets", None, 404),
        ("GET", "/v1/teams", None, 404),
        ("POST", f"{_PATH}/force", None, 404),
        # What is not served, or never.
        ("PATCH", _PATH, {"paused": True, "rhythm": 5}, 400),
        ("PATCH", _PATH, {"networking_method": "SshTunnel"}, 400),
        ("PATCH", _PATH, {"sync_frequency": "60"}, 400),
        ("PATCH", _PATH, {"daily_sync_time": "03:30", "sync_frequency": 1440}, 400),
        ("PATCH", _PATH, {"daily_sync_time": "03:00"}, 400),
        ("PATCH", _PATH, {"config": {"schema": "elsewhere"}}, 400),
        ("PATCH", _TABLE, {"sync_mode": "LIVE"}, 400),
        ("PATCH", f"{_TABLE}/columns/id", {"enabled": False}, 400),
        ("PATCH", f"{_TABLE}/columns/id", {"hashed": True}, 400),
        ("POST", f"{_PATH}/schemas/reload", {"exclude_mode": "SOME"}, 400),
        ("POST", f"{_PATH}/sync", {"forced": True}, 400),
        ("POST", "/v1/connections", _NEW, 400),
        ("POST", "/v1/connections", _NEW | {"config": {}}, 400),
        ("POST", "/v1/connections", _NEW | {"config": {"schema": ""}}, 400),
        ("POST", "/v1/connections", _NEW | {"service": "google_sheets", "config": {"schema": "x"}}, 400),
        ("POST", "/v1/connections", _NEW | {"group_id": "nobody", "config": {"schema": "x"}}, 404),
        ("POST", "/v1/destinations", {"group_id": "local", "service": "duckdb"}, 400),
        ("POST", "/v1/groups", {}, 400),
        ("POST", "/v1/groups", {"name": "local"}, 409),
        ("POST", "/v1/webhooks/account", _HOOK | {"url": "http://dashboard.example/hook"}, 400),
        ("POST", "/v1/webhooks/account", _HOOK | {"url": "nonsense"}, 400),
        ("POST", "/v1/webhooks/account", _HOOK | {"url": "https://[x"}, 400),
        ("POST", "/v1/webhooks/account", _HOOK | {"events": []}, 400),
        ("POST", "/v1/webhooks/account", {"url": "https://dashboard.example/hook"}, 400),
        ("POST", "/v1/webhooks/group/nobody", _HOOK, 404),
    ],
)
def test_a_request_without_effect_is_refused_and_changes_nothing(
    known: Served, method: str, path: str, body: Any, status: int
) -> None:
    before = _whole(known)
    answer = known.api.request(method, path, **({} if body is None else {"json": body}))
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"code", "message"}
    assert _whole(known) == before


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;version=3", "nonsense"])
def test_a_caller_that_takes_no_json_of_a_known_version_gets_none(known: Served, accept: str) -> None:
    answer = known.api.get("/v1/groups", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (406, "NotAcceptable")


@pytest.mark.parametrize(
    "accept", ["application/json", "application/json;version=2", "text/html, */*;q=0.8", "application/*", ""]
)
def test_a_caller_that_takes_json_gets_it(known: Served, accept: str) -> None:
    assert known.api.get("/v1/groups", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_no_json_is_refused(known: Served, kind: str) -> None:
    answer = known.api.patch(_PATH, content=b'{"paused": true}', headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "UnsupportedMediaType")


def test_a_body_that_is_broken_json_is_invalid(known: Served) -> None:
    answer = known.api.patch(_PATH, content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidInput")


def test_a_field_that_is_missing_is_named(known: Served) -> None:
    answer = known.api.post("/v1/connections", json={"service": "salesforce"})
    assert answer.json()["message"] == "Field 'group_id' is required"


def test_a_path_may_end_with_a_slash(known: Served) -> None:
    with httpx.Client(base_url=known.url, auth=("local", "local"), follow_redirects=False) as api:
        assert api.get("/v1/groups/").json() == api.get("/v1/groups").json()


def test_secrets_are_answered_as_asterisks_and_never_stored(known: Served) -> None:
    config = {
        "schema": "secret_salesforce",
        "client_secret": "sesame",
        "access": [{"password": "sesame", "user": "u"}],
    }
    body = _NEW | {"config": config, "auth": {"refresh_token": "sesame"}, "schedule_type": "manual"}
    made = known.data("POST", "/v1/connections", json=body)
    assert made["config"]["client_secret"] == "******"
    assert made["config"]["access"] == [{"password": "******", "user": "u"}]
    change = {"config": {"private_key": "sesame"}, "run_setup_tests": False}
    changed = known.data("PATCH", f"/v1/connections/{made['id']}", json=change)
    assert changed["config"]["private_key"] == "******"
    state = known.configuration.local_fivetran_home
    assert not any(b"sesame" in file.read_bytes() for file in state.iterdir() if file.is_file())
    known.data("DELETE", f"/v1/connections/{made['id']}")
