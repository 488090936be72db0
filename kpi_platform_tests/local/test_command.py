"""`kpi-platform local-fivetran` in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.local.behaviour import parse_behaviour
from kpi_platform_tests.local.waiting import eventually


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/groups", auth=("local", "local")).is_success
    except httpx.TransportError:
        return False


def test_it_says_where_it_is_serves_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = (
        "import typer; from kpi_platform.cli.local import register; app = typer.Typer(); register(app); app()"
    )
    arguments = ["--port", str(port), "--home", str(tmp_path), "--behaviour", "plan=trial"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIVETRAN_")}
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        eventually(lambda: _answers(f"http://127.0.0.1:{port}"), seconds=60)
        answer = httpx.get(f"http://127.0.0.1:{port}/v1/groups", auth=("local", "local"))
        assert answer.headers["X-Rate-Limit"] == "500"
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}" in output and "key local, secret local" in output
    assert all(key in output for key in ("northwind_salesforce", "initech_servicenow", "umbra_salesforce"))
    assert (tmp_path / "local_fivetran" / "state.db").exists()


@pytest.mark.parametrize("setting", ["plan=gold", "speed=1", "time_lapse=0", "plan"])
def test_a_behaviour_that_there_is_not_is_named_with_those_that_there_are(setting: str) -> None:
    with pytest.raises(InvalidInput, match=setting.partition("=")[0]) as refused:
        parse_behaviour(["loopback_webhooks=true", setting])
    assert "historical_sync_seconds" in refused.value.next_step


def test_a_behaviour_is_read_from_the_command_line() -> None:
    behaviour = parse_behaviour(["loopback_webhooks=true", "time_lapse=60"])
    assert behaviour.loopback_webhooks and behaviour.real_seconds(120) == 2
