"""Answers that Fivetran's definition does not allow, or only half of one: none hangs, misleads or crashes."""

import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest

from kpi_platform.adapters.fivetran_connection import UNKNOWN
from kpi_platform.adapters.fivetran_http import MOST_PAGES, UNNAMED_WAIT_SECONDS
from kpi_platform.domain.errors import FivetranRefused, FivetranUnavailable
from kpi_platform.domain.fivetran_budget import LONGEST_BLOCK
from kpi_platform_tests.adapters.scripted_server import Answer
from kpi_platform_tests.adapters.test_fivetran import DETAILS, api


def said(data: Any) -> Answer:
    return Answer(body={"code": "Success", "data": data})


@pytest.mark.parametrize(
    "data", [{}, {"items": None}, {"items": 5}, {"items": {"id": "acme_crm"}}, {"items": "acme_crm"}]
)
def test_an_answer_without_a_list_is_no_empty_list(data: Any) -> None:
    with api(said(data)) as (fivetran, _, _), pytest.raises(FivetranUnavailable, match="is no list"):
        fivetran.connections()


def test_a_list_that_leads_back_to_itself_ends() -> None:
    with api(said({"items": [DETAILS], "next_cursor": "same"})) as (fivetran, server, _):
        with pytest.raises(FivetranUnavailable, match="does not end"):
            fivetran.connections()
        assert len(server.requests) == 2


def test_a_list_without_an_end_ends() -> None:
    pages = [said({"items": [], "next_cursor": str(number)}) for number in range(MOST_PAGES + 1)]
    with api(*pages) as (fivetran, server, _):
        with pytest.raises(FivetranUnavailable, match="does not end"):
            fivetran.connections()
        assert len(server.requests) == MOST_PAGES


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_that_nobody_can_parse_is_an_error_like_others(status: int) -> None:
    unparsable = Answer(status, b"[" * 100_000)
    with api(unparsable) as (fivetran, _, _), pytest.raises((FivetranUnavailable, FivetranRefused)):
        fivetran.connections()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3600"}, 3600),
        ({"Retry-After": "900.5"}, 900.5),
        ({"Retry-After": "9" * 400}, LONGEST_BLOCK.total_seconds()),
        ({"Retry-After": "soon"}, UNNAMED_WAIT_SECONDS),
        ({"Retry-After": "-5"}, UNNAMED_WAIT_SECONDS),
        ({"Retry-After": "0"}, UNNAMED_WAIT_SECONDS),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, UNNAMED_WAIT_SECONDS),
        ({}, UNNAMED_WAIT_SECONDS),
    ],
)
def test_a_used_up_rate_limit_always_has_a_time_to_ask_again(
    headers: Mapping[str, str], seconds: float
) -> None:
    with api(Answer(429, {"code": "TooManyRequests", "message": "no"}, dict(headers))) as (fivetran, _, _):
        with pytest.raises(FivetranUnavailable) as caught:
            fivetran.connections()
        assert caught.value.details["retry_after_seconds"] == seconds
        assert fivetran.blocked_until is not None


def test_the_time_to_ask_again_may_be_a_date() -> None:
    date = formatdate(time.time() + 1800, usegmt=True)
    with api(Answer(429, {}, {"Retry-After": date})) as (fivetran, server, _):
        with pytest.raises(FivetranUnavailable, match="takes calls again in") as caught:
            fivetran.connections()
        assert 1790 < caught.value.details["retry_after_seconds"] <= 1800
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("text", "limit"),
    [("500", 500), ("500, 500;w=3600", 500), ("0", None), ("-1", None), ("many", None), ("9" * 20, None)],
)
def test_a_limit_that_makes_no_sense_is_none(text: str, limit: int | None) -> None:
    with api(Answer(200, {"data": {"items": []}}, {"X-Rate-Limit-Limit": text})) as (fivetran, _, _):
        fivetran.connections()
        assert fivetran.hourly_limit == limit


@pytest.mark.parametrize("status", [None, {}, "syncing", {"setup_state": None, "sync_state": 5}])
def test_a_connection_of_which_no_state_is_said_is_not_called_incomplete(status: Any) -> None:
    with api(said(DETAILS | {"status": status})) as (fivetran, _, _):
        connection = fivetran.connection("acme_crm")
    assert (connection.setup_state, connection.sync_state) == (UNKNOWN, UNKNOWN)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", 5, {}])
def test_a_time_that_is_none_hides_no_connection(text: Any) -> None:
    status = DETAILS["status"] | {"rescheduled_for": text}
    with api(said({"items": [DETAILS | {"succeeded_at": text, "status": status}]})) as (fivetran, _, _):
        (connection,) = fivetran.connections()
    assert connection.succeeded_at is None
    assert connection.rescheduled_for is None


LESS = {name: value for name, value in DETAILS.items() if name != "sync_frequency"}


@pytest.mark.parametrize("answer", [said(LESS), said({}), said(None), Answer(body=b"<html>")])
def test_a_change_that_is_answered_with_less_than_was_asked_for_is_read_back(answer: Answer) -> None:
    with api(answer, said(DETAILS)) as (fivetran, server, _):
        assert fivetran.modify_connection("acme_crm", sync_frequency=360).sync_frequency == 360
    assert [method for method, _, _ in server.requests] == ["PATCH", "GET"]


@pytest.mark.parametrize("data", [{}, {"connect_card": None}, {"connect_card": "x"}, {"connect_card": {}}])
def test_an_answer_without_the_page_to_sign_in_says_so(data: Any) -> None:
    with api(said(data)) as (fivetran, _, _), pytest.raises(FivetranUnavailable, match="'acme_crm'"):
        fivetran.connect_card("acme_crm", redirect_uri="https://kpi.example")


def test_webhooks_and_groups_that_are_described_by_halves_hide_no_other() -> None:
    webhooks = [None, {"url": "https://a"}, {"id": "w", "events": 5}, {"id": "x", "events": ["sync_end"]}]
    with api(said({"items": webhooks})) as (fivetran, _, _):
        assert [(one.id, one.events) for one in fivetran.webhooks()] == [("w", ()), ("x", ("sync_end",))]
    with api(said({"items": [None, {"name": "no id"}, {"id": "g"}]})) as (fivetran, _, _):
        assert fivetran.groups() == [{"id": "g"}]


def test_an_answer_that_describes_no_webhook_is_none() -> None:
    with api(said({})) as (fivetran, _, _), pytest.raises(FivetranUnavailable, match="no webhook"):
        fivetran.create_webhook("https://kpi.example", secret="s")


@pytest.mark.parametrize("said_so", ["Not yours", "Not yours."])
def test_a_refusal_ends_in_a_sentence_before_the_next_step(said_so: str) -> None:
    refusal = Answer(403, {"code": "Forbidden", "message": said_so})
    with api(refusal) as (fivetran, _, _), pytest.raises(FivetranRefused) as caught:
        fivetran.connection("acme_crm")
    assert str(caught.value).startswith(
        "Fivetran refused GET connections/acme_crm (403): Not yours. Give the API key's role the right"
    )


@pytest.mark.parametrize("answer", [Answer(201, {"data": {}}), Answer(hang_up=True), Answer(503)])
def test_a_connection_that_may_have_been_created_is_to_be_looked_for(answer: Answer) -> None:
    with api(answer) as (fivetran, server, _), pytest.raises(FivetranUnavailable, match="adopt it") as caught:
        fivetran.create_connection(service="salesforce", group_id="g", config={"schema": "acme_crm"})
    assert "'acme_crm'" in caught.value.next_step
    assert len(server.requests) == 1


def test_an_unknown_webhook_leads_to_the_list_of_webhooks() -> None:
    missing = Answer(404, {"code": "NotFound_Webhook", "message": "no such webhook"})
    with api(missing) as (fivetran, _, _), pytest.raises(FivetranRefused, match="webhook list"):
        fivetran.webhook("w0")


def test_an_answer_that_drips_in_byte_by_byte_ends_at_the_time_limit() -> None:
    slow = Answer(body={"data": {"id": "one"}}, seconds_between_bytes=0.05)  # 0.85 s
    with (
        api(slow, timeout_seconds=0.2, max_attempts=1) as (fivetran, _, _),
        pytest.raises(FivetranUnavailable, match="comes too slowly"),
    ):
        fivetran.request("GET", "connections/one")
