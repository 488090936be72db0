"""What the daemon and the web server do all day, at size: `python -m kpi_platform_tests.bench.ticks`.

A tick of each sensor if nothing has happened, and the API calls that it makes, with 1,000 connections; and
how long the code location takes to load, as Dagster loads it, with 10,000 partitions.
"""

import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path

from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from tabulate import tabulate

from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.resources import Platform
from kpi_platform.local.account import DEFAULT_GROUP
from kpi_platform_tests.defs.installation import WORKSPACE, Installation, installed, tick

CUSTOMERS = 500
"""Each with a connection of Salesforce and one of ServiceNow."""
TICKS = 15
"""Ticks of each sensor; the median of their seconds is printed."""
PARTITIONS = 10_000
SENSORS = ("requests", "fivetran_syncs", "refresh")
TICK_SECONDS, CALLS, LOAD_SECONDS = 2.0, 2, 5.0
"""What is asked of a tick and of loading the code location."""


def main() -> int:
    """Prints both; 1 if one misses what is asked."""
    logging.disable(logging.WARNING)
    with (
        tempfile.TemporaryDirectory(prefix="kpi-bench-") as home,
        installed(Path(home), KPI_SENSOR_SECONDS="0") as installation,
    ):
        _connect(installation)
        rows = []
        for name in SENSORS:
            # The first one takes in what is new.
            tick(installation, name)
            calls = _calls(installation)
            seconds = [_seconds(installation, name) for _ in range(TICKS)]
            rows.append(
                {
                    "sensor": name,
                    "seconds": statistics.median(seconds),
                    "API calls": (_calls(installation) - calls) / TICKS,
                }
            )
        print(tabulate(rows, headers="keys", floatfmt=".2f"))
        print(f"A tick with {2 * CUSTOMERS:,} connections: at most {TICK_SECONDS:g} s and {CALLS} calls\n")
        seconds = _load(installation)
    print(f"The code location with {PARTITIONS:,} partitions: {seconds:.2f} s (at most {LOAD_SECONDS:g} s)")
    slow = any(row["seconds"] > TICK_SECONDS or row["API calls"] > CALLS for row in rows)
    return int(slow or seconds > LOAD_SECONDS)


def _connect(installation: Installation) -> None:
    """Adds the customers, with connections that Fivetran has and never synced."""
    platform = Platform(installation.configuration)
    for number in range(CUSTOMERS):
        document = {}
        for source in ("salesforce", "servicenow"):
            made = platform.fivetran.api.create_connection(
                service=source,
                group_id=DEFAULT_GROUP,
                config={"schema": f"c{number:05d}_{source}", "sample": {"customer": "northwind"}},
                schedule_type="manual",
            )
            document[source] = {"connection_id": made.connection.id, "schema": f"c{number:05d}_{source}"}
        with installation.engine.begin() as connection:
            add_customer(connection, f"c{number:05d}", f"Customer {number}")
            save_settings(connection, f"c{number:05d}", document, who="bench")
    platform.close()


def _seconds(installation: Installation, name: str) -> float:
    started = time.perf_counter()
    tick(installation, name)
    return time.perf_counter() - started


def _calls(installation: Installation) -> int:
    return len(installation.control("GET", "calls"))


def _load(installation: Installation) -> float:
    """Seconds until a code server of its own process has answered what it holds."""
    names = [f"p{number:05d}" for number in range(PARTITIONS)]
    installation.instance.add_dynamic_partitions(CUSTOMERS_NAME, names)
    started = time.perf_counter()
    with WorkspaceProcessContext(installation.instance, WorkspaceFileTarget([str(WORKSPACE)])) as workspace:
        (location,) = workspace.create_request_context().code_locations
        (repository,) = location.get_repositories().values()
        assert repository.get_sensors()
        return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
