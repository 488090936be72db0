"""Pages and CSV over 5,000 accounts, and the weight of a visit: `python -m kpi_platform_tests.bench.web
[ACCOUNTS]`.

Seconds of the processor in the server, as nothing here waits; those that pass are printed too.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa
from fastapi.testclient import TestClient
from tabulate import tabulate

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database, tables
from kpi_platform.process import tune_memory
from kpi_platform.web.app import create_app
from kpi_platform_tests.bench.before import beside, figures_before
from kpi_platform_tests.web.seeding import seed

TODAY_SECONDS, PAGE_SECONDS, CSV_SECONDS, VISIT_BYTES = 0.25, 0.15, 0.7, 20_000
_ROUNDS = 15
_VISIT = "unchanged visit"
_PAGES = {
    "today": ("/?period=quarter", TODAY_SECONDS),
    "accounts": ("/accounts", PAGE_SECONDS),
    "sorted by a KPI": ("/accounts?sort=sla_compliance&descending=true", PAGE_SECONDS),
    "filtered by a KPI's band": ("/accounts?kpi=nps&kpi_band=at_risk", PAGE_SECONDS),
    "searched": ("/accounts?search=works+49", PAGE_SECONDS),
    "last page": ("/accounts?offset=4950", PAGE_SECONDS),
    "one account": ("/accounts/1", PAGE_SECONDS),
    "CSV of all": ("/accounts.csv", CSV_SECONDS),
}
_BREACHES = [
    {
        "category": category, "total_tickets": 8, "tickets_with_sla": 4, "sla_breaches": 1,
        "breach_rate": 12.5, "breach_rate_of_sla": 25.0, "avg_breach_hours": 3.0, "routing_issues": 1,
        "complex_issues": 2, "critical_breaches": 1,
    }
    for category in ("Network", "Software", None)
]  # fmt: skip


def main(accounts: int = 5_000) -> int:
    """Prints milliseconds, the medians, beside those of the older program; 1 if one misses its goal."""
    now, before = figures(accounts), figures_before(__file__, accounts)
    rows = []
    for name, (_, goal) in _PAGES.items():
        busy = now[name]
        then, ratio = beside(busy, before.get(name))
        rows.append((name, now[f"{name}, passed"], busy, then, ratio, goal * 1000, busy <= goal * 1000))
    heads = ("page", "passed, ms", "processor, ms", "before", "ratio", "goal, ms", "met")
    print(tabulate(rows, heads, floatfmt=("", ".0f", ".0f", ".0f", ".1f", ".0f")))
    weight = now[_VISIT]
    print(f"An unchanged visit of the accounts: {weight:,.0f} bytes (at most {VISIT_BYTES:,})", end="")
    print(f", before: {before[_VISIT]:,.0f}" if before else "")
    return int(weight > VISIT_BYTES or not all(row[-1] for row in rows))


def figures(accounts: int) -> dict[str, float]:
    """Returns milliseconds of the processor for each page, those that passed, and bytes of a visit."""
    tune_memory()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
        configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(Path(folder) / "home")})
        engine = database.open_engine(configuration.dashboard_database_url)
        database.upgrade(engine)
        customer = seed(configuration, engine, "bench", accounts=accounts, uploads=3)
        _add_breaches(engine)
        app = create_app(configuration)
        headers = {"Authorization": f"Bearer {customer.token('read')}", "Accept": "text/html"}
        client = TestClient(app, "http://127.0.0.1", headers=headers)
        for name, (path, _) in _PAGES.items():
            measured = [_measured(client, path) for _ in range(_ROUNDS)][1:]
            found[f"{name}, passed"] = 1000 * statistics.median(passed for passed, _ in measured)
            found[name] = 1000 * statistics.median(busy for _, busy in measured)
        found[_VISIT] = _unchanged_visit(client)
        app.state.engine.dispose()
        engine.dispose()
    return found


def _add_breaches(engine: sa.Engine) -> None:
    """Gives every account breaches of three categories, if this version of the program knows them."""
    health = tables.account_health
    if "sla_breaches" in health.c:
        with engine.begin() as connection:
            connection.execute(sa.update(health).values(sla_breaches=json.dumps(_BREACHES)))


def _measured(client: TestClient, path: str) -> tuple[float, float]:
    passed, busy = time.perf_counter(), time.process_time()
    answer = client.get(path)
    seconds = time.perf_counter() - passed, time.process_time() - busy
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
