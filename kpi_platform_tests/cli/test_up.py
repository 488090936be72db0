"""`kpi-platform up` as a person has it: real servers on ports of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.ports import free_port

PATIENCE = 240


@dataclass
class Up:
    process: subprocess.Popen[bytes]
    output: Path
    port: int

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.2)

    @property
    def text(self) -> str:
        return self.output.read_text()

    def server(self, words: str) -> psutil.Process:
        (found,) = (
            one for one in psutil.Process(self.process.pid).children() if words in " ".join(one.cmdline())
        )
        return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    output, port = tmp_path / "output", free_port()
    environment = os.environ | {
        "KPI_PLATFORM_HOME": str(tmp_path / "home"),
        "KPI_LOCAL_FIVETRAN_PORT": str(free_port()),
    }
    arguments = ["up", "--port", str(port), "--dagster-port", str(free_port())]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "kpi_platform", *arguments], env=environment, stdout=file, stderr=file
        )
    yield Up(process, output, port)
    process.terminate()
    process.wait(120)


@pytest.mark.timeout(600)
def test_up_shows_the_links_restarts_what_ends_and_ends_all_at_ctrl_c(up: Up, tmp_path: Path) -> None:
    up.until(lambda: "All servers answer" in up.text)
    links, _, told = up.text.partition("\n\n")
    link = next(line.split()[-1] for line in links.splitlines() if line.startswith("Web app"))
    assert httpx.get(link).status_code == 303
    # What the servers say is in their files. On a slow machine some are said to be starting still.
    assert len([line for line in told.splitlines() if "is still starting" not in line]) == 1
    assert {file.name for file in (tmp_path / "home" / "logs" / "up").glob("*.log")} == {
        "daemon.log", "dagster.log", "definitions.log", "fivetran.log", "web.log",
    }  # fmt: skip

    up.server("kpi_platform web").kill()
    up.until(lambda: "The web app answers again." in up.text)
    assert "The web app has ended (SIGKILL), and starts again in 1 s." in up.text
    assert httpx.get(f"http://127.0.0.1:{up.port}/healthz").status_code == 200
    assert "Dagster" not in up.text.partition("All servers answer")[2]

    children = psutil.Process(up.process.pid).children(recursive=True)
    assert len(children) >= 5
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(120) == 0
    assert psutil.wait_procs(children, 10)[1] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--port", "99999"), "65535"),
        (("--port", "http"), "valid integer"),
        (("--host", "203.0.113.7"), "This machine has no address '203.0.113.7' to listen on."),
        (("--host", "not a host"), "This machine has no address 'not a host' to listen on."),
        (("--port", "3000"), "cannot share the port 3000"),
    ],
)
def test_an_address_that_cannot_be_used_is_named(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    answer = run_command(tmp_path, "up", *arguments)
    assert answer.exit_code != 0
    assert message in answer.stderr
