"""Fifty explanations at once, and whether the web app answers meanwhile.

`python -m kpi_platform_tests.bench.explanations [HOME]`: a home in which `kpi-platform demo` ran; without one
it is run first.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from kpi_platform_tests.ports import free_port

AT_ONCE = 50
HEALTH_SECONDS = 0.05
_COMMAND = [sys.executable, "-m", "kpi_platform"]
_PATIENCE = 120


def main(home: str = "") -> int:
    """Prints how long /healthz took while the explanations ran, and how they ended; 1 if one look took longer
    than asked."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
        environment = os.environ | {"KPI_PLATFORM_HOME": home or folder}
        if not home:
            environment["KPI_LOCAL_FIVETRAN_PORT"] = str(free_port())
            subprocess.run([*_COMMAND, "demo"], env=environment, stdout=subprocess.DEVNULL, check=True)
        with _served(environment) as client:
            asked = _asked(client)
            client.get(asked[0]).raise_for_status()
            with ThreadPoolExecutor(AT_ONCE) as threads:
                began = time.perf_counter()
                answers = [threads.submit(client.get, address) for address in asked]
                looks = sorted(_looks(client, answers))
                took = time.perf_counter() - began
            ends = Counter(answer.result().status_code for answer in answers)
    print(f"{AT_ONCE} explanations in {took:.1f} s: {dict(ends)}")
    share = looks[int(0.99 * (len(looks) - 1))]
    print(
        f"/healthz: {len(looks)} looks, 99 % within {share * 1000:.0f} ms, longest {looks[-1] * 1000:.0f} ms"
    )
    return int(looks[-1] > HEALTH_SECONDS)


def _looks(client: httpx.Client, answers: list[Future[httpx.Response]]) -> Iterator[float]:
    with httpx.Client(base_url=client.base_url) as probe:
        while not all(answer.done() for answer in answers):
            began = time.perf_counter()
            probe.get("/healthz").raise_for_status()
            yield time.perf_counter() - began
            time.sleep(0.02)


@contextmanager
def _served(environment: dict[str, str]) -> Iterator[httpx.Client]:
    port = free_port()
    made = [*_COMMAND, "token", "create", "bench", "--operator", "--scope", "admin"]
    output = subprocess.run(made, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    headers = {"Authorization": f"Bearer {output.split()[-1]}"}
    server = subprocess.Popen(
        [*_COMMAND, "web", "--port", str(port)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=_PATIENCE) as client:
            deadline = time.monotonic() + _PATIENCE
            while True:
                try:
                    client.get("/healthz").raise_for_status()
                    break
                except httpx.TransportError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)
            yield client
    finally:
        server.terminate()
        server.wait(_PATIENCE)


def _asked(client: httpx.Client) -> list[str]:
    """Addresses of explanations of the accounts of the first customer, which the client names from now on."""
    client.headers["X-Customer-ID"] = client.get("/api/customers").raise_for_status().json()[0]["key"]
    found = client.get("/api/accounts", params={"limit": AT_ONCE}).raise_for_status().json()["accounts"]
    addresses = [f"/api/accounts/{one['id']}/kpis/support_ticket_volume/explanation" for one in found]
    return (addresses * AT_ONCE)[:AT_ONCE]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
