"""The cycle "all syncs are done → all dashboards are loaded", from a cold start, by stage.

`python -m kpi_platform_tests.bench.scale` grows customers and accounts; `… scale 1000x100` measures one size,
on the embedded default and on PostgreSQL (dashboard and Dagster storage). Each cycle is a process of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import duckdb
import sqlalchemy as sa
from tabulate import tabulate

from kpi_platform.adapters.dbt import manifest_path
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform_tests.bench.scaling.data import Rows, add_customers, customer_keys, land
from kpi_platform_tests.postgres import DURABLE_OPTIONS, PostgresServer

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
INCIDENTS_PER_ACCOUNT = 200
SIZES = ("10x100", "100x100", "10x1000", "10x10000")
"""Customers and accounts of each. `1000x100` has 20,000,000 incidents, and is a target of its own."""

SECONDS_AT_1000, GIBIBYTES, EVENT_MS = 60.0, 4.0, 12.0
"""What is asked of 1000x100 (2 cores)."""


@dataclass(frozen=True, slots=True)
class Size:
    customers: int
    accounts: int

    @classmethod
    def parse(cls, text: str) -> "Size":
        customers, accounts = text.split("x")
        return cls(int(customers), int(accounts))

    @property
    def incidents(self) -> int:
        return self.customers * self.accounts * INCIDENTS_PER_ACCOUNT


def cycles(size: Size) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Backend and figures of a first cycle on each, over the same raw data."""
    with tempfile.TemporaryDirectory() as home, PostgresServer.start(options=DURABLE_OPTIONS) as server:
        embedded = {"KPI_PLATFORM_HOME": home}
        configuration = Configuration.from_environment(embedded)
        keys = customer_keys(size.customers)
        # As `kpi-platform up` does when it is installed.
        manifest_path(configuration)
        land(configuration.warehouse_file, keys, Rows.of(size.accounts, incidents=INCIDENTS_PER_ACCOUNT))
        with server.database() as dashboard, server.database() as dagster:
            postgres = embedded | {
                "DASHBOARD_DATABASE_URL": dashboard,
                "DAGSTER_DATABASE_URL": dagster.replace("+psycopg", "+psycopg2"),
            }
            for name, environment in (("embedded", embedded), ("postgresql", postgres)):
                with dashboard_of(Configuration.from_environment(environment)) as engine:
                    add_customers(engine, keys, AS_OF)
                # Nobody's marts are there yet, and the raw data are on the disk.
                with duckdb.connect(str(configuration.warehouse_file)) as warehouse:
                    warehouse.execute("drop schema if exists kpi cascade")
                os.sync()
                yield name, cold_cycle(environment, AS_OF, "processor")


def cold_cycle(
    environment: Mapping[str, str], as_of: datetime, clock: Literal["wall", "processor"] = "wall"
) -> Mapping[str, float]:
    """What refreshing every customer of an installation takes, in processes of its own: seconds of the clock
    by stage, and in all those that pass; GiB of all of them together."""
    started = time.perf_counter()
    module = "kpi_platform_tests.bench.scaling.cycle"
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, as_of.isoformat(), clock],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return figures | {"total": time.perf_counter() - started}


@contextmanager
def dashboard_of(configuration: Configuration) -> Iterator[sa.Engine]:
    """The installation's dashboard database, with its schema."""
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def main(names: list[str]) -> int:
    """Prints a row for each size and backend; 1 if the largest size takes longer than is asked."""
    rows, failed = [], False
    for name in names or SIZES:
        size = Size.parse(name)
        for backend, figures in cycles(size):
            rows.append(
                {"customers": size.customers, "accounts": size.accounts, "incidents": f"{size.incidents:,}"}
                | {"on": backend}
                | {key: round(value, 2) for key, value in figures.items()}
            )
            sys.stdout.write(tabulate(rows[-1:], headers="keys") + "\n\n")
            sys.stdout.flush()
            if size.customers >= 1000:
                failed |= figures["total"] > SECONDS_AT_1000 or figures["GiB"] > GIBIBYTES
                failed |= figures["Dagster ms"] > EVENT_MS
    sys.stdout.write(tabulate(rows, headers="keys") + "\n")
    sys.stdout.write(
        "`total`: seconds that pass; the stages: seconds of the processor, of all processes together; "
        "`Dagster ms`: for each customer and asset.\n"
    )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
