"""The refresh of one big customer, from a cold start; and ten times its data beside a script by hand.

`python -m kpi_platform_tests.bench.refresh [usual] [whale] [tenfold]` (default: all).
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tabulate import tabulate

from kpi_platform.adapters.dbt import manifest_path
from kpi_platform.configuration import Configuration
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform_tests.bench.scale import AS_OF, cold_cycle, dashboard_of
from kpi_platform_tests.bench.scaling.by_hand import compute_by_hand, differences, mart_rows
from kpi_platform_tests.bench.scaling.data import Rows, add_customers, land

CUSTOMER = "big"
USUAL = Rows(10_000, 100_000, 1_000_000, 500_000, 200_000, 2_000_000)
TENFOLD = Rows(100_000, 1_000_000, 10_000_000, 5_000_000, 2_000_000, 20_000_000)
SECONDS, GIBIBYTES, RATIO = 10.0, 2.0, 3.0
"""What is asked of the usual and the whale's refresh (dbt with its own start, matching, load), and of dbt at
ten times the data."""


@contextmanager
def installation(rows: Rows, *, whale: bool = False) -> Iterator[Mapping[str, str]]:
    """The environment of one with this customer, synced and not refreshed yet."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as home:
        environment = {"KPI_PLATFORM_HOME": home}
        configuration = Configuration.from_environment(environment)
        # As `kpi-platform up` does when it is installed.
        manifest_path(configuration)
        prepare_dagster_home(configuration)
        land(configuration.warehouse_file, [CUSTOMER], rows, whale=whale)
        with dashboard_of(configuration) as engine:
            add_customers(engine, [CUSTOMER], AS_OF)
        yield environment


def refreshed(rows: Rows, *, whale: bool = False) -> Mapping[str, float]:
    with installation(rows, whale=whale) as environment:
        return cold_cycle(environment, AS_OF)


def tenfold() -> tuple[float, float, Mapping[str, int]]:
    """Seconds of dbt's build, planning included, and of the script by hand; and the rows of the marts, which
    must be the same."""
    with installation(TENFOLD) as environment:
        figures = cold_cycle(environment, AS_OF)
        build = figures["plan"] + figures["dbt"]
        warehouse = Configuration.from_environment(environment).warehouse_file
        started = time.perf_counter()
        compute_by_hand(warehouse, AS_OF)
        by_hand = time.perf_counter() - started
        if lines := differences(warehouse):
            raise SystemExit("\n".join(["dbt and the script by hand differ.", *lines]))
        return build, by_hand, mart_rows(warehouse)


def main(names: list[str]) -> int:
    """Prints the stages and the ratio; 1 if one misses what is asked."""
    failed = False
    for name in names or ["usual", "whale", "tenfold"]:
        if name == "tenfold":
            build, by_hand, rows = tenfold()
            print(f"20,000,000 incidents: dbt {build:.2f} s, by hand {by_hand:.2f} s")
            print(f"ratio: {build / by_hand:.2f} (at most {RATIO:g})")
            print(f"{len(rows)} marts with {sum(rows.values()):,} rows are equal\n")
            failed |= build > RATIO * by_hand
        else:
            figures = refreshed(USUAL, whale=name == "whale")
            refresh = sum(figures[stage] for stage in ("plan", "dbt", "match", "load"))
            row = {"customer": name, "plan to load": refresh} | dict(figures)
            print(tabulate([row], headers="keys", floatfmt=".2f"))
            print(f"plan to load: at most {SECONDS:g} s; {GIBIBYTES:g} GiB\n")
            failed |= refresh > SECONDS or figures["GiB"] > GIBIBYTES
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
