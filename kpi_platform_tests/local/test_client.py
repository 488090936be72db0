"""The stock Dagster client against the local Fivetran; only its base URL is ours."""

import httpx
import pytest
from dagster import Failure, RetryRequested
from dagster_fivetran import FivetranOutput
from dagster_fivetran.resources import FivetranClient

from kpi_platform_tests.local.conftest import Served


class LocalClient(FivetranClient):
    def __init__(self, url: str, *, disable_schedule_on_trigger: bool = False, secret: str = "local") -> None:
        super().__init__(
            api_key="local",
            api_secret=secret,
            request_max_retries=0,
            request_retry_delay=0,
            request_backoff_factor=1,
            disable_schedule_on_trigger=disable_schedule_on_trigger,
        )
        self._url = url

    @property
    def api_base_url(self) -> str:
        return f"{self._url}/v1"


@pytest.fixture
def client(fivetran: Served) -> LocalClient:
    return LocalClient(fivetran.url)


def _ready(fivetran: Served, connection_id: str) -> str:
    """The stock client asks for the schema configuration, which is not there before the first sync."""
    fivetran.data("POST", f"/v1/connections/{connection_id}/schemas/reload")
    return connection_id


def test_groups_destinations_and_connections_are_listed(client: LocalClient) -> None:
    groups = client.get_groups()["items"]
    assert [group["id"] for group in groups] == ["local"]
    assert client.get_destination_details("local")["service"] == "duckdb"
    assert [c["id"] for c in client.list_connectors_for_group("local")] == [
        f"{key}_{source}"
        for key in ("northwind", "initech", "umbra")
        for source in ("salesforce", "servicenow")
    ]


def test_sync_and_poll_lands_every_table(fivetran: Served, client: LocalClient) -> None:
    output = client.sync_and_poll(
        _ready(fivetran, "northwind_servicenow"), poll_interval=0.05, poll_timeout=60
    )
    assert isinstance(output, FivetranOutput)
    tables = output.schema_config["schemas"]["northwind_servicenow"]["tables"]
    landed = fivetran.query(
        "select table_name from information_schema.tables where table_schema = 'northwind_servicenow'"
    )
    assert {name for (name,) in landed} == {table["name_in_destination"] for table in tables.values()}
    assert output.connector_details["succeeded_at"] is not None


def test_a_failed_sync_fails_in_the_client(fivetran: Served, client: LocalClient) -> None:
    connection = _ready(fivetran, "umbra_salesforce")
    fivetran.data("POST", f"/_local/connections/{connection}/outcomes", json={"outcome": "failed"})
    with pytest.raises(Failure, match="failed"):
        client.sync_and_poll(connection, poll_interval=0.05, poll_timeout=60)


def test_a_rescheduled_sync_asks_the_client_to_come_back(fivetran: Served, client: LocalClient) -> None:
    connection = _ready(fivetran, "umbra_salesforce")
    plan = {"outcome": "rescheduled", "reschedule_seconds": 3600}
    fivetran.data("POST", f"/_local/connections/{connection}/outcomes", json=plan)
    with pytest.raises(RetryRequested) as asked:
        client.sync_and_poll(connection, poll_interval=0.05, poll_timeout=60)
    assert 3500 < (asked.value.seconds_to_wait or 0) <= 3600


def test_a_paused_connection_is_not_synced(fivetran: Served, client: LocalClient) -> None:
    connection = _ready(fivetran, "umbra_salesforce")
    fivetran.data("PATCH", f"/v1/connections/{connection}", json={"paused": True})
    assert client.sync_and_poll(connection, poll_interval=0.05, poll_timeout=60) is None
    assert fivetran.connection(connection)["status"]["sync_state"] == "paused"
    assert fivetran.syncs(connection) == []


def test_a_broken_setup_is_refused(fivetran: Served, client: LocalClient) -> None:
    connection = _ready(fivetran, "umbra_salesforce")
    fivetran.data("PATCH", f"/_local/connections/{connection}", json={"setup_state": "broken"})
    with pytest.raises(Exception, match="setup"):
        client.sync_and_poll(connection, poll_interval=0.05, poll_timeout=60)
    assert fivetran.syncs(connection) == []


def test_triggering_with_the_clients_default_flips_the_schedule_to_manual(fivetran: Served) -> None:
    connection = _ready(fivetran, "umbra_salesforce")
    client = LocalClient(fivetran.url, disable_schedule_on_trigger=True)
    client.sync_and_poll(connection, poll_interval=0.05, poll_timeout=60)
    assert fivetran.connection(connection)["schedule_type"] == "manual"


def test_resync_and_poll_writes_every_row_again(fivetran: Served, client: LocalClient) -> None:
    connection = _ready(fivetran, "umbra_salesforce")
    client.sync_and_poll(connection, poll_interval=0.05, poll_timeout=60)
    tables = {"salesforce": ["opportunity"]}
    client.resync_and_poll(connection, poll_interval=0.05, poll_timeout=60, resync_parameters=tables)
    first, second = fivetran.syncs(connection)
    assert second["rows"]["Opportunity"] == first["rows"]["Opportunity"] > 0
    assert second["rows"]["User"] == 0 < first["rows"]["User"]


def test_columns_are_told_under_the_names_they_land_with(fivetran: Served, client: LocalClient) -> None:
    connection = _ready(fivetran, "umbra_salesforce")
    columns = client.get_columns_config_for_table(connection, "salesforce", "account")["columns"]
    assert {"id", "annual_revenue", "client_nps_c"} <= set(columns)


def test_the_wrong_secret_is_refused(fivetran: Served) -> None:
    with pytest.raises(Failure, match="401"):
        LocalClient(fivetran.url, secret="wrong").get_groups()


def test_the_client_pages_through_all_connections(
    fivetran: Served, client: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dagster_fivetran.resources.DAGSTER_FIVETRAN_LIST_CONNECTIONS_FOR_GROUP_INDIVIDUAL_REQUEST_LIMIT", 4
    )
    assert len({connection["id"] for connection in client.list_connectors_for_group("local")}) == 6
    assert httpx.get(f"{fivetran.url}/v1/groups").status_code == 401
