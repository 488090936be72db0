"""Fifty explanations at once, and explanations while the KPIs are computed: `python -m
kpi_platform_tests.bench.explanations [HOME]`.

HOME is one in which `kpi-platform demo` ran; without one it is run first.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
from tabulate import tabulate

from kpi_platform_tests.bench.before import beside, figures_before
from kpi_platform_tests.bench.server import COMMAND, PATIENCE, demo, environment_of, served

AT_ONCE = 50
RUNS = 2
HEALTH_SECONDS, BUILD_SECONDS = 0.05, 2.0
_HEALTH, _LONGEST = "/healthz meanwhile: 99 % within, ms", "during a run: longest, s"
_REFUSED = "during a run: refused"
_KPIS = ("support_ticket_volume", "sla_compliance", "nps", "churn_risk")


def main(home: str = "") -> int:
    """Prints both, beside the older program; 1 if one misses its goal."""
    now, before = figures(home), figures_before(__file__)
    rows = [(name, value, *beside(value, before.get(name))) for name, value in now.items()]
    print(tabulate(rows, ("", "now", "before", "ratio"), floatfmt=".2f"))
    print(f"/healthz: at most {HEALTH_SECONDS * 1000:.0f} ms; an explanation in a run: {BUILD_SECONDS:g} s")
    slow = now[_HEALTH] > 1000 * HEALTH_SECONDS or now[_LONGEST] > BUILD_SECONDS
    return int(slow or now[_REFUSED] > 0)


def figures(home: str = "") -> dict[str, float]:
    """Returns how 50 explanations at once ended and how long /healthz took meanwhile; and how long one
    explanation after another took while all customers' KPIs were computed twice."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
        environment = environment_of(home) if home else demo(folder)
        with served(environment) as client:
            asked = _asked(client)
            client.get(asked[0]).raise_for_status()
            alone = [_seconds(client, address)[0] for address in asked[:5]]
            return {
                "alone, s": statistics.median(alone),
                **_at_once(client, asked),
                **_in_a_run(client, asked, environment),
            }


def _at_once(client: httpx.Client, asked: list[str]) -> dict[str, float]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        began = time.perf_counter()
        answers = [threads.submit(client.get, address) for address in asked]
        looks = sorted(_looks(client, answers))
        took = time.perf_counter() - began
    ends = Counter(answer.result().status_code for answer in answers)
    return {
        f"{AT_ONCE} at once, s": took,
        f"{AT_ONCE} at once: answered": ends[200],
        _HEALTH: 1000 * looks[int(0.99 * (len(looks) - 1))],
        "/healthz meanwhile: longest, ms": 1000 * looks[-1],
    }


def _looks(client: httpx.Client, answers: list[Future[httpx.Response]]) -> Iterator[float]:
    with httpx.Client(base_url=client.base_url, timeout=PATIENCE) as probe:
        while not all(answer.done() for answer in answers):
            began = time.perf_counter()
            probe.get("/healthz").raise_for_status()
            yield time.perf_counter() - began
            time.sleep(0.02)


def _in_a_run(client: httpx.Client, asked: list[str], environment: Mapping[str, str]) -> dict[str, float]:
    seconds, refused = [], 0
    keys = [one["key"] for one in client.get("/api/customers").raise_for_status().json()]
    nowhere = subprocess.DEVNULL
    for _ in range(RUNS):
        run = subprocess.Popen(
            [*COMMAND, "run", *keys, "--skip-sync"], env=environment, stdout=nowhere, stderr=nowhere
        )
        while run.poll() is None:
            took, answered = _seconds(client, asked[len(seconds) % len(asked)])
            seconds.append(took)
            refused += not answered
            time.sleep(0.1)
        if run.returncode:
            raise RuntimeError(f"`run` ended with the exit code {run.returncode}")
    return {
        "during a run: asked": len(seconds),
        _REFUSED: refused,
        "during a run: median, s": statistics.median(seconds),
        _LONGEST: max(seconds),
    }


def _seconds(client: httpx.Client, address: str) -> tuple[float, bool]:
    began = time.perf_counter()
    answered = client.get(address).status_code == 200
    return time.perf_counter() - began, answered


def _asked(client: httpx.Client) -> list[str]:
    """Addresses of explanations of the accounts of the first customer, which the client names from now on."""
    client.headers["X-Customer-ID"] = client.get("/api/customers").raise_for_status().json()[0]["key"]
    found = client.get("/api/accounts", params={"limit": AT_ONCE}).raise_for_status().json()["accounts"]
    # Some have no values yet.
    found = [one for one in found if one["kpis"]]
    addresses = [
        f"/api/accounts/{one['id']}/kpis/{_KPIS[number % len(_KPIS)]}/explanation"
        for number, one in enumerate(found)
    ]
    return (addresses * AT_ONCE)[:AT_ONCE]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
