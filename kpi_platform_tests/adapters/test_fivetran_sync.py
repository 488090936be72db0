"""One sync against the local Fivetran, through our client of dagster-fivetran."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from kpi_platform.adapters.fivetran_dagster import KpiFivetranClient, KpiFivetranWorkspace
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import FivetranRefused, SyncFailed
from kpi_platform.local.server import running

CONNECTION = "northwind_servicenow"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Configuration]:
    home = {"KPI_PLATFORM_HOME": str(tmp_path_factory.mktemp("sync")), "KPI_SYNC_POLL_SECONDS": "0.2"}
    sample = {"accounts": 2, "history_days": 10}
    with running(Configuration.from_environment(home), sample=sample, tick_seconds=0.1) as url:
        yield Configuration.from_environment({**home, "FIVETRAN_API_URL": url})


@pytest.fixture
def client(server: Configuration) -> Iterator[KpiFivetranClient]:
    client = KpiFivetranWorkspace.of(server).get_client()
    client.api.modify_connection(CONNECTION, paused=False, schedule_type="manual")
    control(server, "PATCH", f"connections/{CONNECTION}", {"setup_state": "connected", "tasks": []})
    with client.api:
        yield client


def control(server: Configuration, method: str, path: str, body: object) -> None:
    httpx.request(
        method, f"{server.fivetran_api_url}/_local/{path}", json=body, timeout=30
    ).raise_for_status()


def plan(server: Configuration, outcome: str, **more: object) -> None:
    control(server, "POST", f"connections/{CONNECTION}/outcomes", {"outcome": outcome, **more})


def syncs(server: Configuration) -> int:
    state = httpx.get(f"{server.fivetran_api_url}/_local/state", timeout=30).json()["data"]
    return len(state["connections"][CONNECTION]["syncs"])


def test_a_sync_is_started_waited_for_and_leaves_the_schedule_as_it_was(
    server: Configuration, client: KpiFivetranClient
) -> None:
    client.api.modify_connection(CONNECTION, schedule_type="auto")
    output = client.sync_and_poll(CONNECTION)
    assert output.connector_details["id"] == CONNECTION
    assert output.schema_config["schemas"]
    assert client.api.connection(CONNECTION).last_sync_succeeded
    assert client.api.connection(CONNECTION).schedule_type == "auto"


def test_a_sync_that_runs_already_is_joined_and_not_doubled(
    server: Configuration, client: KpiFivetranClient
) -> None:
    before = syncs(server)
    plan(server, "success", duration_seconds=2)
    ends: list[datetime | None] = []
    threads = [
        threading.Thread(target=lambda: ends.append(client.sync(CONNECTION).completed_at)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.3)
    for thread in threads:
        thread.join()
    assert len(set(ends)) == 1
    assert syncs(server) == before + 1


def test_a_sync_that_succeeded_since_the_run_began_is_not_repeated(
    server: Configuration, client: KpiFivetranClient
) -> None:
    began = datetime.now(UTC)
    first = client.sync(CONNECTION, since=began)
    before = syncs(server)
    assert client.sync(CONNECTION, since=began).succeeded_at == first.succeeded_at
    assert syncs(server) == before


def test_a_paused_connection_is_an_error_and_no_success(client: KpiFivetranClient) -> None:
    client.api.modify_connection(CONNECTION, paused=True)
    with pytest.raises(SyncFailed, match="is paused") as raised:
        client.sync_and_poll(CONNECTION)
    assert raised.value.details["retry"] is False


def test_an_incomplete_set_up_says_what_fivetran_says(
    server: Configuration, client: KpiFivetranClient
) -> None:
    broken = {
        "setup_state": "incomplete",
        "tasks": [{"code": "reconnect", "message": "Sign in to Salesforce anew"}],
    }
    control(server, "PATCH", f"connections/{CONNECTION}", broken)
    with pytest.raises(SyncFailed, match="Sign in to Salesforce anew"):
        client.sync(CONNECTION)


def test_a_failed_sync_says_why_and_may_be_tried_again(
    server: Configuration, client: KpiFivetranClient
) -> None:
    plan(server, "failed", reason="The source is asleep.")
    with pytest.raises(SyncFailed, match="The source is asleep") as raised:
        client.sync(CONNECTION)
    assert raised.value.details["retry"] is True
    assert client.sync(CONNECTION).last_sync_succeeded


def test_a_rescheduled_sync_is_waited_for_where_there_is_time(
    server: Configuration, client: KpiFivetranClient
) -> None:
    plan(server, "rescheduled", reschedule_seconds=1)
    assert client.sync(CONNECTION, timeout_seconds=30).last_sync_succeeded


def test_a_rescheduled_sync_that_comes_too_late_fails_clearly(
    server: Configuration, client: KpiFivetranClient
) -> None:
    plan(server, "rescheduled", reschedule_seconds=3)
    with pytest.raises(SyncFailed, match="was put off by Fivetran until"):
        client.sync(CONNECTION, timeout_seconds=1.5)
    assert client.sync(CONNECTION, timeout_seconds=30).last_sync_succeeded


def test_a_sync_that_does_not_end_is_given_up_with_its_limit(
    server: Configuration, client: KpiFivetranClient
) -> None:
    plan(server, "success", duration_seconds=3)
    with pytest.raises(SyncFailed, match="did not end its sync within 1 seconds"):
        client.sync(CONNECTION, timeout_seconds=1)
    assert client.sync(CONNECTION, timeout_seconds=30).last_sync_succeeded


def test_an_unknown_connection_is_refused_by_its_id(client: KpiFivetranClient) -> None:
    with pytest.raises(FivetranRefused, match="nobody"):
        client.sync("nobody")


def test_the_inherited_calls_go_the_same_way(client: KpiFivetranClient) -> None:
    assert client.get_connector_details(CONNECTION)["id"] == CONNECTION
    assert [group["id"] for group in client.get_groups()["items"]] == ["local"]
    connections = {connection["id"] for connection in client.list_connectors_for_group("local")}
    assert CONNECTION in connections
    assert client.get_destination_details("local")["service"] == "duckdb"
