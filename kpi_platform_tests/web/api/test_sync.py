import json

import pytest

from kpi_platform.dashboard.sync_requests import advance_sync_request, finish_sync_request
from kpi_platform_tests.web.conftest import Web


def test_a_sync_is_queued_at_once_and_answered_where_it_stands(web: Web) -> None:
    client = web.client()
    answer = client.post("/api/fivetran/sync", json={"data_source": "salesforce", "dry_run": True})
    assert answer.status_code == 202
    request = answer.json()
    assert (request["state"], request["dry_run"], request["run_url"]) == ("queued", True, None)
    with web.engine.begin() as connection:
        advance_sync_request(
            connection, request["id"], "syncing", progress={"salesforce": "done"}, run_id="r1"
        )
    now = client.get(f"/api/fivetran/sync/{request['id']}").json()
    assert (now["state"], now["progress"], now["run_id"]) == ("syncing", {"salesforce": "done"}, "r1")
    assert now["run_url"] == "http://127.0.0.1:3000/runs/r1"
    assert [one["id"] for one in client.get("/api/fivetran/sync").json()] == [request["id"]]


def test_the_same_key_and_the_same_queue_give_the_same_request(web: Web) -> None:
    client = web.client()
    body = {"data_source": "combined"}
    first = client.post("/api/fivetran/sync", json=body, headers={"Idempotency-Key": "k1"}).json()
    again = client.post("/api/fivetran/sync", json=body, headers={"Idempotency-Key": "k1"}).json()
    queued = client.post("/api/fivetran/sync", json=body).json()
    assert first["id"] == again["id"] == queued["id"]
    other = client.post(
        "/api/fivetran/sync", json={"data_source": "salesforce"}, headers={"Idempotency-Key": "k1"}
    )
    assert other.status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"salesforce_password": "hunter2"},
        {"warehouse_config": {"host": "db.example"}},
        {"sync_config": {"servicenow": {"instance_url": "https://x.example", "password": "hunter2"}}},
    ],
)
def test_credentials_and_hosts_are_refused_with_the_place_where_they_belong(
    web: Web, body: dict[str, object]
) -> None:
    answer = web.client().post("/api/fivetran/sync", json=body)
    assert answer.status_code == 400
    assert "belong in" in answer.json()["error"]["message"]
    assert "hunter2" not in answer.text


def test_overrides_are_checked_before_a_run_starts(web: Web) -> None:
    client = web.client()
    config = {"kpi_mapping": {"nps": {"thresholds": {"healthy": 1, "at_risk": 50}}}}
    assert client.post("/api/fivetran/sync", json={"sync_config": config}).status_code == 400
    unknown = {"kpi_mapping": {"npx": {"category": "x"}}}
    assert client.post("/api/fivetran/sync", json={"sync_config": unknown}).status_code == 400
    good = {"kpi_mapping": {"nps": {"impact_level": "Low"}}}
    assert client.post("/api/fivetran/sync", json={"sync_config": good}).status_code == 202


def test_events_tell_every_state_until_the_end(web: Web) -> None:
    client = web.client()
    request = client.post("/api/fivetran/sync", json={}).json()
    with web.engine.begin() as connection:
        finish_sync_request(connection, request["id"], "done", results={"kpis_synced": 3})
    with client.stream("GET", f"/api/fivetran/sync/{request['id']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in stream.iter_lines() if line]
    assert lines[0] == "event: sync"
    assert json.loads(lines[1].removeprefix("data: "))["results"] == {"kpis_synced": 3}
    assert web.client("bolt").get(f"/api/fivetran/sync/{request['id']}/events").status_code == 404
