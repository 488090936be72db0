"""Servers side by side, with small programs instead of ours."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kpi_platform.cli.servers import Server, Servers

LIVES = "import time; print('up', flush=True); time.sleep(600)"
HAS_A_CHILD = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(600)"
)


def server(
    name: str, program: str, *, answers: Callable[[], bool] = lambda: True, after: str | None = None
) -> Server:
    return Server(name, f"The {name}", [sys.executable, "-c", program], answers, after)


class Run:
    """Some servers, looked at ten times a second."""

    def __init__(self, folder: Path, *servers: Server) -> None:
        self.said: list[str] = []
        self.folder = folder
        self.servers = Servers(servers, folder, dict(os.environ), self.said.append)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, self.said
            self.servers.look()
            time.sleep(0.1)

    def log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(*servers: Server) -> Run:
        runs.append(Run(tmp_path / "logs", *servers))
        return runs[-1]

    yield begin
    for one in runs:
        one.servers.end()


def test_a_server_that_ends_is_started_again_and_takes_no_other_with_it(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    once = tmp_path / "once"
    at_first = f"import pathlib, sys; p = pathlib.Path({str(once)!r}); is_first = not p.exists(); p.touch()\n"
    fails_once = at_first + "if is_first: sys.exit('no room')\n"
    both = run(server("web", LIVES), server("daemon", fails_once + LIVES))

    both.until(lambda: "up" in both.log("daemon"))
    both.until(lambda: any("answers again" in sentence for sentence in both.said))

    (ended,) = (sentence for sentence in both.said if "has ended" in sentence)
    assert ended.startswith("The daemon has ended (exit code 1), and starts again in 1 s. It said: no room")
    assert str(tmp_path / "logs" / "daemon.log") in ended
    assert both.log("web") == "up\n"


def test_a_server_starts_when_the_one_that_it_needs_answers(run: Callable[..., Run], tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    both = run(server("first", LIVES, answers=ready.exists), server("second", LIVES, after="first"))
    both.until(lambda: both.log("first") == "up\n")
    assert both.log("second") == ""
    ready.touch()
    both.until(lambda: both.log("second") == "up\n" and bool(both.said))
    assert both.said[0].startswith("All servers answer")


def test_a_slow_server_is_waited_for_and_named(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("kpi_platform.cli.servers.SLOW", 0.3)
    ready = tmp_path / "ready"
    slow = run(server("web", LIVES, answers=ready.exists))
    slow.until(lambda: bool(slow.said))
    assert slow.said[0].startswith("The web is still starting")
    ready.touch()
    slow.until(lambda: slow.said[-1].startswith("All servers answer"))


def test_the_end_leaves_no_process_behind(run: Callable[..., Run], tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    child = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    one = run(server("web", HAS_A_CHILD.format(child=child)))
    one.until(lambda: pid.exists() and bool(pid.read_text()))
    one.servers.end()
    assert not _lives(int(pid.read_text()))


def test_a_log_does_not_grow_for_ever(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpi_platform.cli.servers.LARGEST_LOG", 1000)
    talks = "import time\nwhile True:\n print('x' * 99, flush=True); time.sleep(0.01)\n"
    one = run(server("web", talks))
    one.until(lambda: (one.folder / "web.log.1").exists())
    assert (one.folder / "web.log.1").stat().st_size > 1000
    one.until(lambda: (one.folder / "web.log").stat().st_size < 1000)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # What nobody has collected yet is dead all the same.
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_what_ends_by_a_signal_is_named_by_it(run: Callable[..., Run]) -> None:
    one = run(server("web", f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"))
    one.until(lambda: bool([sentence for sentence in one.said if "SIGKILL" in sentence]))
