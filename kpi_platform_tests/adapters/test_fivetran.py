"""The one HTTP path to Fivetran: what is tried again, what is not, and what a failure says."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.domain.errors import FivetranRefused, FivetranUnavailable
from kpi_platform_tests.adapters.scripted_server import Answer, ScriptedServer, scripted

SECRET = "do-not-show-me"
DETAILS: dict[str, Any] = {
    "id": "acme_crm",
    "service": "salesforce",
    "group_id": "group",
    "schema": "acme_salesforce",
    "paused": False,
    "succeeded_at": "2026-03-01T06:00:00.250Z",
    "failed_at": "2026-03-01T05:00:00Z",
    "sync_frequency": 360,
    "schedule_type": "auto",
    "status": {
        "setup_state": "connected",
        "sync_state": "scheduled",
        "update_state": "on_schedule",
        "is_historical_sync": False,
        "tasks": [{"code": "reconnect", "message": "Reconnect", "details": "The password has changed."}],
        "warnings": [],
    },
}
DONE = Answer(body={"code": "Success", "data": DETAILS})
BUSY = Answer(503, {"code": "Unavailable", "message": "later"})


class Sleeper:
    """Stands in for the clock: notes how long it was to wait, and does not."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


@contextmanager
def api(*answers: Answer, **options: Any) -> Iterator[tuple[FivetranApi, ScriptedServer, Sleeper]]:
    sleeper = Sleeper()
    with (
        scripted(*answers) as server,
        FivetranApi(server.url, "key", SECRET, sleep=sleeper, **options) as fivetran,
    ):
        yield fivetran, server, sleeper


def limited(seconds: int) -> Answer:
    return Answer(429, {"code": "TooManyRequests", "message": "slow down"}, {"Retry-After": str(seconds)})


def test_a_connection_is_parsed_once_with_its_times_in_utc() -> None:
    with api(DONE) as (fivetran, _, _):
        connection = fivetran.connection("acme_crm")
    assert connection.succeeded_at is not None
    assert connection.succeeded_at.isoformat() == "2026-03-01T06:00:00.250000+00:00"
    assert connection.last_sync_succeeded
    assert connection.completed_at == connection.succeeded_at
    assert connection.tasks == ("Reconnect: The password has changed.",)


def test_a_used_up_rate_limit_waits_as_long_as_fivetran_says() -> None:
    with api(limited(7), limited(9), DONE) as (fivetran, server, sleeper):
        assert fivetran.connection("acme_crm").id == "acme_crm"
    assert sleeper.slept == [7, 9]
    assert len(server.requests) == 3


def test_a_rate_limit_that_lasts_too_long_is_reported_instead_of_waited_for() -> None:
    with (
        api(limited(3000)) as (fivetran, server, sleeper),
        pytest.raises(FivetranUnavailable, match="3000 seconds"),
    ):
        fivetran.connections()
    assert sleeper.slept == []
    assert len(server.requests) == 1


def test_server_errors_and_lost_connections_are_tried_again_with_growing_pauses() -> None:
    with api(BUSY, Answer(hang_up=True), BUSY, DONE) as (fivetran, server, sleeper):
        assert fivetran.connection("acme_crm").id == "acme_crm"
    assert len(server.requests) == 4
    assert sleeper.slept == sorted(sleeper.slept)
    assert sleeper.slept[0] < sleeper.slept[-1]


def test_server_errors_end_after_the_last_attempt() -> None:
    with api(BUSY, max_attempts=3) as (fivetran, server, _), pytest.raises(FivetranUnavailable, match="503"):
        fivetran.groups()
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_a_refusal_is_never_tried_again(status: int) -> None:
    refusal = Answer(status, {"code": "SomeCode", "message": "no"})
    with api(refusal) as (fivetran, server, _), pytest.raises(FivetranRefused) as raised:
        fivetran.connection("acme_crm")
    assert len(server.requests) == 1
    assert raised.value.details == {"status": status, "code": "SomeCode", "reason": "no"}


def test_a_wrong_key_names_its_variables_and_shows_no_value() -> None:
    refusal = Answer(401, {"code": "Unauthorized", "message": "Invalid authorization credentials"})
    with api(refusal) as (fivetran, _, _), pytest.raises(FivetranRefused) as raised:
        fivetran.connections()
    assert "FIVETRAN_API_KEY" in str(raised.value)
    assert "FIVETRAN_API_SECRET" in str(raised.value)
    assert SECRET not in str(raised.value)


def test_an_address_where_nobody_listens_is_named_with_the_next_step() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with (
        FivetranApi(url, "key", SECRET, sleep=Sleeper()) as fivetran,
        pytest.raises(FivetranUnavailable) as raised,
    ):
        fivetran.connections()
    assert url in raised.value.message
    assert "FIVETRAN_API_URL" in raised.value.next_step


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[]", b'{"data": 3}'])
def test_an_answer_that_is_not_fivetrans_is_named_as_such(body: bytes) -> None:
    with (
        api(Answer(body=body)) as (fivetran, _, _),
        pytest.raises(FivetranUnavailable, match="not Fivetran's API"),
    ):
        fivetran.connection("acme_crm")


@pytest.mark.parametrize("spelling", ["next_cursor", "nextCursor"])
def test_all_pages_are_read_whichever_way_the_cursor_is_spelled(spelling: str) -> None:
    first = Answer(body={"data": {"items": [DETAILS], spelling: "more"}})
    second = Answer(body={"data": {"items": [{**DETAILS, "id": "acme_desk"}]}})
    with api(first, second) as (fivetran, server, _):
        assert [connection.id for connection in fivetran.connections()] == ["acme_crm", "acme_desk"]
    assert [path for _, path, _ in server.requests] == [
        "/v1/connections?limit=1000",
        "/v1/connections?limit=1000&cursor=more",
    ]


def test_creating_a_connection_is_not_tried_again_when_the_answer_was_lost() -> None:
    with api(Answer(hang_up=True), DONE) as (fivetran, server, _), pytest.raises(FivetranUnavailable):
        fivetran.create_connection(service="salesforce", group_id="group", config={"schema": "acme"})
    assert len(server.requests) == 1


def test_a_connection_is_created_without_the_sources_secret_and_with_a_page_to_sign_in() -> None:
    created = Answer(201, {"data": {**DETAILS, "connect_card": {"token": "t", "uri": "https://card"}}})
    with api(created) as (fivetran, server, _):
        new = fivetran.create_connection(
            service="salesforce",
            group_id="group",
            config={"schema": "acme_salesforce"},
            sync_frequency=180,
            schedule_type="manual",
            redirect_uri="https://kpi.example/back",
        )
    assert new.connect_card_url == "https://card"
    assert new.connection.id == "acme_crm"
    assert server.requests[0][2] == {
        "service": "salesforce",
        "group_id": "group",
        "config": {"schema": "acme_salesforce"},
        "paused": True,
        "run_setup_tests": False,
        "sync_frequency": 180,
        "schedule_type": "manual",
        "connect_card_config": {"redirect_uri": "https://kpi.example/back", "hide_setup_guide": False},
    }


def test_a_change_sends_only_what_is_given() -> None:
    changed = Answer(body={"data": DETAILS | {"schedule_type": "manual"}})
    with api(changed) as (fivetran, server, _):
        fivetran.modify_connection("acme_crm", paused=False, schedule_type="manual")
    body = {"paused": False, "schedule_type": "manual", "run_setup_tests": False}
    assert server.requests == [("PATCH", "/v1/connections/acme_crm", body)]


@pytest.mark.parametrize("lost", [Answer(hang_up=True), BUSY], ids=["no answer", "503"])
def test_a_change_whose_answer_was_lost_is_read_and_not_made_again(lost: Answer) -> None:
    with api(lost, DONE) as (fivetran, server, _):
        assert fivetran.modify_connection("acme_crm", sync_frequency=360).sync_frequency == 360
    assert [method for method, _, _ in server.requests] == ["PATCH", "GET"]


def test_a_lost_change_that_was_not_made_is_made_again_once() -> None:
    busy = Answer(hang_up=True)
    with api(busy, DONE, busy, DONE) as (fivetran, server, _), pytest.raises(FivetranUnavailable):
        fivetran.modify_connection("acme_crm", sync_frequency=60)
    assert [method for method, _, _ in server.requests] == ["PATCH", "GET", "PATCH"]


def test_the_limit_of_the_account_is_what_its_answers_say() -> None:
    trial = Answer(body={"data": DETAILS}, headers={"X-Rate-Limit-Limit": "500"})
    with api(trial) as (fivetran, _, _):
        assert fivetran.hourly_limit is None
        fivetran.connection("acme_crm")
        assert fivetran.hourly_limit == 500


def test_a_connection_that_is_described_by_halves_hides_no_other() -> None:
    half = {"id": "half", "succeeded_at": "yesterday", "status": ["?"], "paused": None}
    odd = {**half, "status": {"tasks": 7, "warnings": {"a": 1}, "rescheduled_for": 12}}
    items = [{"service": "github"}, "text", None, half, odd, DETAILS]
    with api(Answer(body={"data": {"items": items}})) as (fivetran, _, _):
        found = fivetran.connections()
    assert [connection.id for connection in found] == ["half", "half", "acme_crm"]
    assert found[0].succeeded_at is None


def test_a_connection_that_never_synced_has_no_schemas_yet() -> None:
    missing = Answer(404, {"code": "NotFound_SchemaConfig", "message": "no schema config"})
    with api(missing) as (fivetran, _, _):
        assert fivetran.schemas("acme_crm") == {}
    unknown = Answer(404, {"code": "NotFound_Connector", "message": "no"})
    with api(unknown) as (fivetran, _, _), pytest.raises(FivetranRefused):
        fivetran.schemas("acme_crm")


def test_an_id_cannot_lead_to_another_path() -> None:
    with api(DONE) as (fivetran, server, _):
        fivetran.connection("../groups?x=1")
    assert server.requests[0][1] == "/v1/connections/..%2Fgroups%3Fx%3D1"
