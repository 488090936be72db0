"""A real RabbitMQ and real Celery workers, for as long as a test wants them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kpi_platform_tests.defs.installation import eventually
from kpi_platform_tests.ports import free_port

CHECKOUT = Path(__file__).parents[2]
# Debian's wrapper on the path starts it as a system user, with the system's own folders.
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def is_installed() -> bool:
    return RABBITMQ.exists() and shutil.which("erl") is not None


@contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    """The URL of a broker that lives in `folder`."""
    folder.mkdir(parents=True)
    port, distribution = free_port(), free_port()
    environment = {
        **os.environ,
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"kpi{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
    }
    with _process([str(RABBITMQ)], environment, folder / "rabbitmq.out"):
        eventually(lambda: _listens(port), 120, "RabbitMQ listens")
        yield f"amqp://guest:guest@127.0.0.1:{port}//"


@dataclass(frozen=True, slots=True)
class Worker:
    name: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """-9, with the processes that it works in."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def worker(name: str, environment: Mapping[str, str], folder: Path) -> Iterator[Worker]:
    """A worker with one process to work in."""
    command = [
        sys.executable, "-m", "dagster_celery.cli", "worker", "start", "--app", "dagster_celery.app",
        "--name", name, "--config-yaml", str(CHECKOUT / "deploy" / "celery.yaml"), "--", "--concurrency", "1",
    ]  # fmt: skip
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    surroundings = {**os.environ, **environment, "PATH": path, "PYTHONPATH": str(CHECKOUT)}
    with _process(command, surroundings, folder / f"{name}.out") as process:
        yield Worker(name, process)


@contextmanager
def _process(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True, cwd=log.parent
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
