"""A local Fivetran with small samples, reached over HTTP."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.local.behaviour import Behaviour
from kpi_platform.local.server import running
from kpi_platform_tests.local.waiting import eventually

SMALL = {"accounts": 6, "history_days": 40}
_DEFAULTS = {
    "tick_seconds": 0.05,
    "sample": SMALL,
    "behaviour": Behaviour(loopback_webhooks=True, setup_test_seconds=0),
}


@dataclass
class Served:
    """A running server: its API, its control path, and the warehouse that it lands in."""

    url: str
    api: httpx.Client
    configuration: Configuration

    def data(self, method: str, path: str, **arguments: Any) -> Any:
        response = self.api.request(method, path, **arguments)
        assert response.is_success, response.text
        return response.json().get("data")

    def connection(self, connection_id: str) -> dict[str, Any]:
        details: dict[str, Any] = self.data("GET", f"/v1/connections/{connection_id}")
        return details

    def sync(self, connection_id: str) -> dict[str, Any]:
        """Syncs, waits for the end, and returns the connection."""
        self.data("POST", f"/v1/connections/{connection_id}/sync")
        return self.settled(connection_id)

    def settled(self, connection_id: str) -> dict[str, Any]:
        eventually(lambda: self.connection(connection_id)["status"]["sync_state"] != "syncing")
        return self.connection(connection_id)

    def behave(self, **behaviour: Any) -> None:
        self.data("PATCH", "/_local/behaviour", json=behaviour)

    def control(self, method: str, path: str, **body: Any) -> Any:
        """A call of the control path about a connection."""
        return self.data(method, f"/_local/connections/{path}".rstrip("/"), json=body)

    def syncs(self, connection_id: str) -> list[dict[str, Any]]:
        connections = self.data("GET", "/_local/state")["connections"]
        syncs: list[dict[str, Any]] = connections[connection_id]["syncs"]
        return syncs

    def advance(self, days: float) -> None:
        """Moves the clocks of the sources on, to so many days after now."""
        self.data("PUT", "/_local/clock", json={"offset_seconds": days * 86400})

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with duckdb_file.connect(self.configuration.warehouse_file, read_only=True) as connection:
            return connection.execute(statement, parameters).fetchall()

    def columns(self, schema: str, table: str) -> dict[str, str]:
        rows = self.query(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = ? and table_name = ?",
            [schema, table],
        )
        return dict(rows)


@contextmanager
def served(configuration: Configuration, **options: Any) -> Iterator[Served]:
    with (
        running(configuration, **_DEFAULTS | options) as url,
        httpx.Client(base_url=url, auth=("local", "local"), timeout=30) as api,
    ):
        yield Served(url, api, configuration)


@pytest.fixture
def fivetran(configuration: Configuration) -> Iterator[Served]:
    with served(configuration) as server:
        yield server


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests of a file that leave nothing behind."""
    home = str(tmp_path_factory.mktemp("fivetran"))
    with served(Configuration.from_environment({"KPI_PLATFORM_HOME": home})) as server:
        yield server


@pytest.fixture
def serve(configuration: Configuration) -> Callable[..., Any]:
    """Starts a server on the test's own home, so that a test can stop it and start it again."""
    return lambda **options: served(configuration, **options)
