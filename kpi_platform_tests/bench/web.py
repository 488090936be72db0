"""Pages and CSV over 5,000 accounts, and the weight of a visit: `python -m kpi_platform_tests.bench.web
[ACCOUNTS]`."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from fastapi.testclient import TestClient
from tabulate import tabulate

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database
from kpi_platform.web.app import create_app
from kpi_platform_tests.web.seeding import seed

PAGE_SECONDS, CSV_SECONDS, VISIT_BYTES = 0.15, 0.7, 20_000
_ROUNDS = 15
_HTML = {"Accept": "text/html"}
_PAGES = {
    "accounts": ("/accounts", PAGE_SECONDS),
    "sorted by a KPI": ("/accounts?sort=sla_compliance&descending=true", PAGE_SECONDS),
    "filtered by a KPI's band": ("/accounts?kpi=nps&kpi_band=at_risk", PAGE_SECONDS),
    "searched": ("/accounts?search=works+49", PAGE_SECONDS),
    "last page": ("/accounts?offset=4950", PAGE_SECONDS),
    "one account": ("/accounts/1", PAGE_SECONDS),
    "CSV of all": ("/accounts.csv", CSV_SECONDS),
}


def main(accounts: int = 5_000) -> int:
    """Prints the first request of a fresh server and the median of later ones, against the goals; 1 if one
    is missed."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
        configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(Path(folder) / "home")})
        engine = database.open_engine(configuration.dashboard_database_url)
        database.upgrade(engine)
        customer = seed(configuration, engine, "bench", accounts=accounts, uploads=3)
        app = create_app(configuration)
        token = {"Authorization": f"Bearer {customer.token('read')}"}
        client = TestClient(app, "http://127.0.0.1", headers=token | _HTML)
        rows = []
        for name, (path, goal) in _PAGES.items():
            seconds = [_seconds(client, path) for _ in range(_ROUNDS)]
            median = statistics.median(seconds[1:])
            rows.append((name, seconds[0] * 1000, median * 1000, goal * 1000, median <= goal))
        weight = _unchanged_visit(client)
        app.state.engine.dispose()
        engine.dispose()
    heads = ("page", "first, ms", "median, ms", "goal, ms", "met")
    print(tabulate(rows, heads, floatfmt=".0f"))
    print(f"An unchanged visit of the accounts: {weight:,} bytes (at most {VISIT_BYTES:,})")
    return int(weight > VISIT_BYTES or not all(row[-1] for row in rows))


def _seconds(client: TestClient, path: str) -> float:
    started = time.perf_counter()
    answer = client.get(path)
    seconds = time.perf_counter() - started
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    return seconds


def _unchanged_visit(client: TestClient) -> int:
    """Bytes of heads and bodies of a page that has not changed; its files are kept for a year."""
    first = client.get("/accounts")
    again = client.get("/accounts", headers={"If-None-Match": first.headers.get("etag", "")})
    return len(again.content) + sum(len(name) + len(value) + 4 for name, value in again.headers.items())


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
