"""Webhooks over HTTP, to a receiver that answers what the test tells it to."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from kpi_platform_tests.local.conftest import Served
from kpi_platform_tests.local.waiting import eventually


@dataclass
class Receiver:
    """`answers`: statuses for the first deliveries; then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    taken: list[tuple[bytes, str | None]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(body) for body, _ in self.taken]


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


def test_the_end_of_a_sync_is_told_with_a_signature_over_the_raw_body(
    fivetran: Served, receiver: Receiver
) -> None:
    body = {"url": receiver.url, "events": ["sync_end"], "secret": "s3cret"}
    webhook = fivetran.data("POST", "/v1/webhooks/account", json=body)
    assert webhook["secret"] == "******"
    connection = fivetran.sync("umbra_salesforce")
    eventually(lambda: len(receiver.taken) == 1)
    raw, signature = receiver.taken[0]
    assert signature == hmac.new(b"s3cret", raw, hashlib.sha256).hexdigest()
    event = json.loads(raw)
    assert (event["event"], event["data"]) == ("sync_end", {"status": "SUCCESSFUL"})
    assert (event["connector_id"], event["destination_group_id"]) == (connection["id"], "local")
    assert event["sync_id"] == fivetran.syncs(connection["id"])[0]["id"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("failed", "FAILURE_WITH_TASK"), ("broken", "FAILURE_WITH_TASK"), ("rescheduled", "RESCHEDULED")],
)
def test_a_sync_that_does_not_succeed_is_told_too(
    fivetran: Served, receiver: Receiver, outcome: str, status: str
) -> None:
    fivetran.data("POST", "/v1/webhooks/group/local", json={"url": receiver.url, "events": ["sync_end"]})
    fivetran.data("POST", "/_local/connections/umbra_salesforce/outcomes", json={"outcome": outcome})
    fivetran.sync("umbra_salesforce")
    eventually(lambda: len(receiver.taken) == 1)
    data = receiver.events[0]["data"]
    assert isinstance(data, dict) and data["status"] == status


def test_a_delivery_is_tried_again_until_it_is_taken(fivetran: Served, receiver: Receiver) -> None:
    receiver.answers = [500, 503]
    fivetran.data("POST", "/v1/webhooks/account", json={"url": receiver.url, "events": ["sync_end"]})
    fivetran.sync("umbra_salesforce")
    eventually(lambda: len(receiver.taken) == 3)
    assert len({body for body, _ in receiver.taken}) == 1


def test_only_active_webhooks_of_the_connections_group_are_told(fivetran: Served, receiver: Receiver) -> None:
    other = fivetran.data("POST", "/v1/groups", json={"name": "other"})["id"]
    events = {"url": receiver.url, "events": ["sync_end"]}
    fivetran.data("POST", f"/v1/webhooks/group/{other}", json=events)
    fivetran.data("POST", "/v1/webhooks/account", json=events | {"active": False})
    gone = fivetran.data("POST", "/v1/webhooks/account", json=events)
    fivetran.data("DELETE", f"/v1/webhooks/{gone['id']}")
    fivetran.data("POST", "/v1/webhooks/account", json={"url": receiver.url, "events": ["sync_start"]})
    fivetran.sync("umbra_salesforce")
    eventually(lambda: len(receiver.taken) == 1)
    assert receiver.events[0]["event"] == "sync_start"


def test_a_webhook_can_be_tested(fivetran: Served, receiver: Receiver) -> None:
    webhook = fivetran.data("POST", "/v1/webhooks/account", json={"url": receiver.url})
    answer = fivetran.data("POST", f"/v1/webhooks/{webhook['id']}/test", json={"event": "sync_end"})
    assert (answer["succeed"], answer["status"]) == (True, 200)
    receiver.answers = [404]
    answer = fivetran.data("POST", f"/v1/webhooks/{webhook['id']}/test")
    assert (answer["succeed"], answer["status"]) == (False, 404)


def test_unknown_events_are_refused(fivetran: Served) -> None:
    answer = fivetran.api.post(
        "/v1/webhooks/account", json={"url": "http://127.0.0.1:9/", "events": ["noon"]}
    )
    assert answer.status_code == 400
