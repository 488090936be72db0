"""The first page over 5,000 accounts: `python -m kpi_platform_tests.bench.web [ACCOUNTS]`."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from fastapi.testclient import TestClient

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database
from kpi_platform.web.app import create_app
from kpi_platform_tests.web.seeding import seed

GOAL_SECONDS = 0.3
_ROUNDS = 15
_PAGES = {
    "first page": "/",
    "sorted by a KPI": "/?sort=sla_compliance&descending=true",
    "filtered by a KPI's band": "/?kpi=nps&kpi_band=at_risk",
    "searched": "/?search=works+49",
    "last page": "/?offset=4950",
}


def main(accounts: int = 5_000) -> None:
    """Prints the first request of a fresh server and the median of later ones, against the goal."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
        configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(Path(folder) / "home")})
        engine = database.open_engine(configuration.dashboard_database_url)
        database.upgrade(engine)
        customer = seed(configuration, engine, "bench", accounts=accounts, uploads=3)
        app = create_app(configuration)
        client = TestClient(
            app, "http://127.0.0.1", headers={"Authorization": f"Bearer {customer.token('read')}"}
        )
        print(f"{accounts:,} accounts, goal {GOAL_SECONDS * 1000:.0f} ms")
        for name, path in _PAGES.items():
            seconds = [_seconds(client, path) for _ in range(_ROUNDS)]
            median = statistics.median(seconds[1:])
            met = "met" if median <= GOAL_SECONDS else "MISSED"
            print(f"  {name:26} first {seconds[0] * 1000:6.0f} ms   median {median * 1000:6.0f} ms   {met}")
        app.state.engine.dispose()
        engine.dispose()


def _seconds(client: TestClient, path: str) -> float:
    started = time.perf_counter()
    answer = client.get(path)
    seconds = time.perf_counter() - started
    if answer.status_code != 200 or "Accounts" not in answer.text:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    return seconds


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
