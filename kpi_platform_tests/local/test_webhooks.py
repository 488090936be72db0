"""Webhooks over HTTP, to a receiver that answers what the test tells it to."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from kpi_platform.local.webhooks import EVENTS
from kpi_platform_tests.local.conftest import Served
from kpi_platform_tests.local.waiting import eventually


@dataclass
class Receiver:
    """`answers`: statuses for the first deliveries; then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    taken: list[tuple[bytes, str | None]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What came after the test messages."""
        messages = [json.loads(body) for body, _ in self.taken]
        return [message for message in messages if message["event"] != "test_event"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = made.answers.pop(0) if made.answers else 200
            made.taken.append((body, self.headers.get("X-Fivetran-Signature-256")))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def _webhook(fivetran: Served, receiver: Receiver, path: str = "account", **more: Any) -> dict[str, Any]:
    body = {"url": receiver.url, "events": ["sync_end"], **more}
    made: dict[str, Any] = fivetran.data("POST", f"/v1/webhooks/{path}", json=body)
    return made


def _shown(fivetran: Served, webhook: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = fivetran.data("GET", f"/v1/webhooks/{webhook['id']}")
    return shown


def test_a_new_webhook_gets_one_signed_test_message(fivetran: Served, receiver: Receiver) -> None:
    assert _webhook(fivetran, receiver, secret="s3cret")["secret"] == "******"
    ((raw, signature),) = receiver.taken
    assert signature == hmac.new(b"s3cret", raw, hashlib.sha256).hexdigest()
    message = json.loads(raw)
    assert set(message) == {"event", "created", "connector_type", "connector_id", "group_id"}
    assert message["event"] == "test_event"


@pytest.mark.parametrize("status", [301, 401, 404, 500])
def test_no_webhook_is_made_where_the_test_message_is_not_taken(
    fivetran: Served, receiver: Receiver, status: int
) -> None:
    receiver.answers = [status]
    answer = fivetran.api.post("/v1/webhooks/account", json={"url": receiver.url, "events": ["sync_end"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidInput")
    assert str(status) in answer.json()["message"]
    assert fivetran.data("GET", "/v1/webhooks")["items"] == []


def test_an_inactive_webhook_is_tested_when_it_is_activated(fivetran: Served, receiver: Receiver) -> None:
    made = _webhook(fivetran, receiver, active=False)
    assert receiver.taken == []
    path = f"/v1/webhooks/{made['id']}"
    receiver.answers = [500]
    assert fivetran.api.patch(path, json={"active": True}).status_code == 400
    assert not _shown(fivetran, made)["active"]
    assert fivetran.data("PATCH", path, json={"active": True})["active"]
    assert len(receiver.taken) == 2


def test_a_webhook_needs_https_and_loopback_addresses_a_switch(fivetran: Served, receiver: Receiver) -> None:
    fivetran.behave(loopback_webhooks=False)
    for url in (receiver.url, "http://dashboard.example/", "dashboard.example", "ftp://127.0.0.1/", ""):
        answer = fivetran.api.post("/v1/webhooks/account", json={"url": url, "events": ["sync_end"]})
        assert (answer.status_code, answer.json()["code"]) == (400, "InvalidInput")
    fivetran.behave(loopback_webhooks=True)
    answer = fivetran.api.post(
        "/v1/webhooks/account", json={"url": "http://dashboard.example/", "events": ["sync_end"]}
    )
    assert answer.status_code == 400 and "https" in answer.json()["message"]
    assert _webhook(fivetran, receiver)["active"]


def test_the_end_of_a_sync_is_told_with_a_signature_over_the_raw_body(
    fivetran: Served, receiver: Receiver
) -> None:
    _webhook(fivetran, receiver, secret="s3cret")
    connection = fivetran.sync("umbra_salesforce")
    eventually(lambda: len(receiver.taken) == 2)
    raw, signature = receiver.taken[1]
    assert signature == hmac.new(b"s3cret", raw, hashlib.sha256).hexdigest()
    event = json.loads(raw)
    assert (event["event"], event["data"]) == ("sync_end", {"status": "SUCCESSFUL"})
    assert (event["connector_id"], event["destination_group_id"]) == (connection["id"], "local")
    assert event["sync_id"] == fivetran.syncs(connection["id"])[0]["id"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("failed", "FAILURE_WITH_TASK"),
        ("broken", "FAILURE_WITH_TASK"),
        ("rescheduled", "RESCHEDULED"),
        ("cancelled", "CANCELED"),
    ],
)
def test_a_sync_that_does_not_succeed_is_told_too(
    fivetran: Served, receiver: Receiver, outcome: str, status: str
) -> None:
    _webhook(fivetran, receiver, "group/local")
    fivetran.control("POST", "umbra_salesforce/outcomes", outcome=outcome)
    fivetran.sync("umbra_salesforce")
    eventually(lambda: len(receiver.events) == 1)
    assert receiver.events[0]["data"]["status"] == status


def test_a_delivery_is_tried_again_until_it_is_taken(fivetran: Served, receiver: Receiver) -> None:
    fivetran.behave(time_lapse=3000)
    _webhook(fivetran, receiver)
    receiver.answers = [500, 503]
    fivetran.sync("umbra_salesforce")
    eventually(lambda: len(receiver.taken) == 4)
    assert len({body for body, _ in receiver.taken[1:]}) == 1


def test_a_webhook_that_takes_nothing_for_a_day_is_switched_off(fivetran: Served, receiver: Receiver) -> None:
    fivetran.behave(time_lapse=24 * 3600 / 0.3)
    made = _webhook(fivetran, receiver)
    receiver.answers = [500] * 1000
    fivetran.sync("umbra_salesforce")
    eventually(lambda: not _shown(fivetran, made)["active"])
    assert len(receiver.events) > 2
    receiver.answers = []
    fivetran.data("PATCH", f"/v1/webhooks/{made['id']}", json={"active": True})
    receiver.taken.clear()
    fivetran.sync("umbra_salesforce")
    eventually(lambda: len(receiver.events) == 1)


def test_only_active_webhooks_of_the_connections_group_are_told(fivetran: Served, receiver: Receiver) -> None:
    other = fivetran.data("POST", "/v1/groups", json={"name": "other"})["id"]
    _webhook(fivetran, receiver, f"group/{other}")
    _webhook(fivetran, receiver, active=False)
    gone = _webhook(fivetran, receiver)
    fivetran.data("DELETE", f"/v1/webhooks/{gone['id']}")
    _webhook(fivetran, receiver, events=["sync_start"])
    fivetran.sync("umbra_salesforce")
    eventually(lambda: len(receiver.events) == 1)
    assert receiver.events[0]["event"] == "sync_start"


def test_changes_of_a_connection_are_told_as_they_are_made(fivetran: Served, receiver: Receiver) -> None:
    _webhook(fivetran, receiver, events=[event for event in EVENTS if not event.startswith("sync_")])
    body = {"service": "salesforce", "group_id": "local", "config": {"schema": "told_salesforce"}}
    path = f"/v1/connections/{fivetran.data('POST', '/v1/connections', json=body)['id']}"
    fivetran.data("PATCH", path, json={"paused": True, "run_setup_tests": False})
    fivetran.data("PATCH", path, json={"paused": False, "sync_frequency": 60})
    fivetran.data("POST", f"{path}/resync", json={})
    fivetran.data("DELETE", path)
    told = ["create_connector", "connection_successful", "pause_connector", "resume_connector"]
    told += ["edit_connector", "connection_successful", "resync_connector", "delete_connector"]
    eventually(lambda: len(receiver.events) == len(told))
    assert sorted(event["event"] for event in receiver.events) == sorted(told)
    assert all("sync_id" not in event for event in receiver.events)


def test_other_events_can_be_sent_and_name_what_they_are_about(fivetran: Served, receiver: Receiver) -> None:
    _webhook(fivetran, receiver, events=["dbt_run_failed", "status"])
    fivetran.data("POST", "/_local/events", json={"event": "dbt_run_failed", "data": {"result": "x"}})
    eventually(lambda: len(receiver.events) == 1)
    assert "connector_id" not in receiver.events[0] and receiver.events[0]["data"] == {"result": "x"}
    fivetran.behave(webhook_prefix="connection")
    about = {"event": "status", "connection_id": "umbra_salesforce"}
    fivetran.data("POST", "/_local/events", json=about)
    eventually(lambda: len(receiver.events) == 2)
    assert receiver.events[1]["connection_id"] == "umbra_salesforce"
    assert "connector_id" not in receiver.events[1]


def test_a_webhook_can_be_tested(fivetran: Served, receiver: Receiver) -> None:
    path = f"/v1/webhooks/{_webhook(fivetran, receiver)['id']}/test"
    answer = fivetran.data("POST", path, json={"event": "sync_end"})
    assert (answer["succeed"], answer["status"]) == (True, 200)
    receiver.answers = [404]
    answer = fivetran.data("POST", path, json={"event": "sync_end"})
    assert (answer["succeed"], answer["status"]) == (False, 404)
    assert fivetran.api.post(path, json={}).status_code == 400


@pytest.mark.parametrize("events", [["noon"], [], None])
def test_a_webhook_names_events_that_there_are(fivetran: Served, events: list[str] | None) -> None:
    body = {"url": "https://dashboard.example/", "active": False, "events": events}
    assert fivetran.api.post("/v1/webhooks/account", json=body).status_code == 400
