"""A web app of its own process for a home, and a caller who may do everything."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from kpi_platform_tests.ports import free_port

COMMAND = [sys.executable, "-m", "kpi_platform"]
PATIENCE = 120
"""Seconds for a start, and for an answer."""


def environment_of(home: str) -> dict[str, str]:
    """Returns the environment of the programs of a home."""
    return os.environ | {"KPI_PLATFORM_HOME": home, "KPI_LOCAL_FIVETRAN_PORT": str(free_port())}


def demo(home: str) -> dict[str, str]:
    """Runs `kpi-platform demo` in a home, and returns the environment of its programs."""
    environment = environment_of(home)
    subprocess.run([*COMMAND, "demo", "--no-history"], env=environment, stdout=subprocess.DEVNULL, check=True)
    return environment


@contextmanager
def served(environment: Mapping[str, str]) -> Iterator[httpx.Client]:
    """Gives a client of the web app with the token of an operator."""
    port = free_port()
    made = [*COMMAND, "token", "create", "bench", "--operator", "--scope", "admin"]
    output = subprocess.run(made, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    headers = {"Authorization": f"Bearer {output.split()[-1]}"}
    server = subprocess.Popen(
        [*COMMAND, "web", "--port", str(port)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/healthz")
        with httpx.Client(base_url=address, headers=headers, timeout=PATIENCE) as client:
            yield client
    finally:
        server.terminate()
        server.wait(PATIENCE)


def wait_for(address: str) -> None:
    """Returns once the server answers. Raises httpx.TransportError if it does not in PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            httpx.get(address, timeout=PATIENCE).raise_for_status()
            return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
