"""Two installations beside each other on one machine: neither reaches the other's local Fivetran."""

import socket
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from kpi_platform.adapters.duckdb_file import connect
from kpi_platform.adapters.fivetran import open_fivetran
from kpi_platform.cli.demo import local_fivetran
from kpi_platform.cli.up import starts_fivetran
from kpi_platform.configuration import LOCAL_FIVETRAN_PORT_FILE, Configuration
from kpi_platform.domain.errors import FivetranRefused
from kpi_platform.local.port import with_free_port
from kpi_platform.local.server import running
from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.ports import free_port

CONNECTION = "northwind_servicenow"
SMALL = {"accounts": 3, "history_days": 20}


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Configuration, Configuration]:
    """Two homes for which the same port is the usual one."""
    port = free_port()
    made = []
    for name in ("first", "second"):
        home = tmp_path / name
        home.mkdir()
        (home / LOCAL_FIVETRAN_PORT_FILE).write_text(str(port))
        made.append(Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)}))
    first, second = made
    return first, second


def rows(configuration: Configuration) -> int:
    if not configuration.warehouse_file.exists():
        return 0
    with connect(configuration.warehouse_file, read_only=True) as warehouse:
        (count,) = warehouse.execute("select count(*) from information_schema.tables").fetchone() or (0,)
    return int(count)


def sync(configuration: Configuration) -> None:
    with open_fivetran(configuration) as fivetran:
        fivetran.sync(CONNECTION)
        deadline = time.monotonic() + 60
        while fivetran.connection(CONNECTION).is_syncing:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_demo_never_talks_to_another_homes_server(homes: tuple[Configuration, Configuration]) -> None:
    first, second = homes
    with (
        running(first, first.local_fivetran_port, sample=SMALL, tick_seconds=0.05) as url,
        local_fivetran(second) as reached,
    ):
        assert reached.local_fivetran_port != first.local_fivetran_port
        # What is started in this home from now on goes there too.
        again = Configuration.from_environment(second.environment)
        assert again.local_fivetran_port == reached.local_fivetran_port
        sync(reached)
        assert rows(second) > 0
        assert rows(first) == 0
        assert httpx.get(f"{url}/_local/calls").json()["data"] == []
        sync(first)
        assert rows(first) > 0


def test_the_server_refuses_the_calls_of_another_home(homes: tuple[Configuration, Configuration]) -> None:
    first, second = homes
    with running(first, first.local_fivetran_port, sample=SMALL), open_fivetran(second) as fivetran:
        with pytest.raises(FivetranRefused, match="serves another home") as refused:
            fivetran.sync(CONNECTION)
        assert "KPI_LOCAL_FIVETRAN_PORT" in refused.value.next_step
    # Who names the address means that server, whatever home it serves.
    with running(first, sample=SMALL) as url:
        named = Configuration.from_environment({**second.environment, "FIVETRAN_API_URL": url})
        with open_fivetran(named) as fivetran:
            assert fivetran.groups()
        assert not starts_fivetran(named)
    assert starts_fivetran(named)
    assert starts_fivetran(second)


def test_a_demo_uses_the_server_that_serves_its_home_already(
    homes: tuple[Configuration, Configuration],
) -> None:
    first, _ = homes
    with (
        running(first, first.local_fivetran_port, sample=SMALL) as url,
        local_fivetran(first) as reached,
    ):
        assert reached.fivetran_api_url == url
        answer = run_command(first.home, "up", "--port", str(free_port()), "--dagster-port", str(free_port()))
        assert answer.exit_code == 1
        assert f"The local Fivetran of {first.home} runs already." in answer.stderr


def test_a_home_that_is_not_there_yet_remembers_its_port(tmp_path: Path) -> None:
    home = tmp_path / "new"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        usual = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)})
        busy = replace(usual, fivetran_api_url=f"http://127.0.0.1:{port}")
        chosen = with_free_port(busy).local_fivetran_port
    assert chosen > port
    assert (home / LOCAL_FIVETRAN_PORT_FILE).read_text() == f"{chosen}\n"


def test_a_port_that_was_named_and_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        answer = run_command(tmp_path, "demo", "--no-history", KPI_LOCAL_FIVETRAN_PORT=port)
    assert answer.exit_code == 1
    assert f"Port {port}, which KPI_LOCAL_FIVETRAN_PORT names, is in use" in answer.stderr


@pytest.mark.parametrize("option", ["--port", "--dagster-port"])
def test_up_suggests_a_port_that_is_free(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        others = {"--port": str(free_port()), "--dagster-port": str(free_port()), option: port}
        arguments = [word for pair in others.items() for word in pair]
        answer = run_command(tmp_path, "up", *arguments)
    assert answer.exit_code == 1
    assert f"Port {port}" in answer.stderr
    assert f"kpi-platform up {option} " in answer.stderr
