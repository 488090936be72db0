"""Syncs that wait side by side share one list of connections."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.fivetran_watch import ConnectionWatch
from kpi_platform.domain.errors import FivetranUnavailable
from kpi_platform_tests.adapters.scripted_server import Answer, scripted

NAMES = [f"c{number}" for number in range(8)]


def details(name: str, **status: str) -> dict[str, object]:
    return {"id": name, "service": "salesforce", "status": {"setup_state": "connected", **status}}


def test_many_waiting_syncs_cost_one_list_a_poll() -> None:
    listed = Answer(body={"data": {"items": [details(name) for name in NAMES]}})
    with scripted(listed) as server, FivetranApi(server.url, "key", "secret") as api:
        watch = ConnectionWatch(api, len(NAMES))
        with ThreadPoolExecutor(len(NAMES)) as threads:
            for _ in range(3):
                assert [one.id for one in threads.map(watch.read, NAMES)] == NAMES
    assert len(server.requests) == 3


def test_what_the_list_does_not_say_enough_of_is_asked_for_itself() -> None:
    listed = Answer(body={"data": {"items": [{"id": "c0", "service": "salesforce"}, details("c1")]}})
    with scripted(listed, Answer(body={"data": details("c0", sync_state="syncing")})) as server:
        with FivetranApi(server.url, "key", "secret") as api:
            watch = ConnectionWatch(api, 2)
            assert watch.read("c0").is_syncing
            assert not watch.read("c1").is_syncing
        assert [path for _, path, _ in server.requests] == [
            "/v1/connections?limit=1000",
            "/v1/connections/c0",
        ]


@pytest.mark.parametrize(
    "refusal", [Answer(403, {"code": "Forbidden"}), Answer(500), Answer(body={"data": {}})]
)
def test_where_the_list_fails_each_connection_is_asked_for_itself(refusal: Answer) -> None:
    with scripted(refusal, Answer(body={"data": details("c0")})) as server:
        with FivetranApi(server.url, "key", "secret", max_attempts=1) as api:
            watch = ConnectionWatch(api, 5)
            for _ in range(3):
                assert watch.read("c0").id == "c0"
        assert [path for _, path, _ in server.requests][1:] == ["/v1/connections/c0"] * 3


def test_a_sync_that_waits_alone_asks_for_its_connection_alone() -> None:
    with scripted(Answer(body={"data": details("c0")})) as server:
        with FivetranApi(server.url, "key", "secret") as api:
            watch = ConnectionWatch(api, 2)
            watch.done()
            watch.read("c0")
        assert [path for _, path, _ in server.requests] == ["/v1/connections/c0"]


def test_a_used_up_rate_limit_is_no_reason_to_ask_for_each() -> None:
    limited = Answer(429, {"code": "TooManyRequests"}, {"Retry-After": "3600"})
    with (
        scripted(limited) as server,
        FivetranApi(server.url, "key", "secret") as api,
        pytest.raises(FivetranUnavailable),
    ):
        ConnectionWatch(api, 5).read("c0")
    assert len(server.requests) == 1
