"""The cost of an idle `kpi-platform up`: `python -m kpi_platform_tests.bench.idle [SECONDS [HOME]]`.

HOME is one in which `kpi-platform demo` ran (three customers); without one it is run first.
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from tabulate import tabulate

from kpi_platform_tests.bench.before import beside, figures_before
from kpi_platform_tests.bench.server import COMMAND, demo, environment_of, wait_for
from kpi_platform_tests.ports import free_port

GOAL_SHARE = 0.03
"""Of one core, all processes together."""
SETTLED_SECONDS = 30
"""From the time at which the web app and Dagster answer until all is idle."""
_ALL = "all"
_PARTS = {
    "local-fivetran": "local Fivetran", " web ": "web app", "grpc": "code location",
    "dagster_webserver": "Dagster's web UI", "_daemon": "Dagster's daemon", " up ": "up",
}  # fmt: skip


def main(seconds: int = 60, home: str = "") -> int:
    """Prints the share of a core that each process takes, beside the older program; 1 if it is too much."""
    now = figures(seconds, home)
    before = figures_before(__file__, seconds)
    rows = [(name, share, *beside(share, before.get(name))) for name, share in now.items()]
    print(tabulate(rows, ("process", "% of a core", "before", "ratio"), floatfmt=".2f"))
    print(f"At most {GOAL_SHARE:.0%} in all")
    return int(now[_ALL] > 100 * GOAL_SHARE)


def figures(seconds: int = 60, home: str = "") -> dict[str, float]:
    """Returns by process per cent of a core that it takes over `seconds`, and those of all."""
    with _idle(home) as processes:
        began, at = _seconds_of_processor(processes), time.perf_counter()
        time.sleep(seconds)
        ended, passed = _seconds_of_processor(processes), time.perf_counter() - at
    found = {name: 100 * (ended[name] - began[name]) / passed for name in sorted(ended)}
    return found | {_ALL: sum(found.values())}


@contextmanager
def _idle(home: str) -> Iterator[psutil.Process]:
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
        environment = environment_of(home) if home else demo(folder)
        port, dagster_port = free_port(), free_port()
        command = [*COMMAND, "up", "--port", str(port), "--dagster-port", str(dagster_port)]
        nowhere = subprocess.DEVNULL
        started = subprocess.Popen(command, env=environment, stdout=nowhere, stderr=nowhere)
        try:
            for address in (f"{port}/healthz", f"{dagster_port}/server_info"):
                wait_for(f"http://127.0.0.1:{address}")
            time.sleep(SETTLED_SECONDS)
            if started.poll() is not None:
                raise RuntimeError(f"`up` ended with the exit code {started.returncode}")
            yield psutil.Process(started.pid)
        finally:
            started.send_signal(signal.SIGINT)
            started.wait()


def _seconds_of_processor(up: psutil.Process) -> dict[str, float]:
    """Of each process, by its part, what has ended since and was waited for included."""
    found: dict[str, float] = {}
    for process in (up, *up.children(recursive=True)):
        command = f"{' '.join(process.cmdline())} "
        name = next((title for mark, title in _PARTS.items() if mark in command), "others")
        times = process.cpu_times()
        found[name] = found.get(name, 0) + sum(times[:4])
    return found


if __name__ == "__main__":
    sys.exit(main(*(int(one) if one.isdigit() else one for one in sys.argv[1:])))  # type: ignore[arg-type]
