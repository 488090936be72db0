"""The refresh of one big customer, from a cold start; and ten times its data beside a script by hand.

`python -m kpi_platform_tests.bench.refresh [usual] [whale] [tenfold]` (default: all).
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
from tabulate import tabulate

from kpi_platform.adapters.dbt import manifest_path
from kpi_platform.configuration import Configuration
from kpi_platform_tests.bench.scale import AS_OF, cold_cycle, dashboard_of
from kpi_platform_tests.bench.scaling.data import Rows, add_customers, land

CUSTOMER = "big"
USUAL = Rows(10_000, 100_000, 1_000_000, 500_000, 200_000, 2_000_000)
TENFOLD = Rows(100_000, 1_000_000, 10_000_000, 5_000_000, 2_000_000, 20_000_000)
SECONDS, GIBIBYTES, RATIO = 10.0, 2.0, 3.0
"""What is asked of the usual and the whale's refresh, and of dbt at ten times the data."""

_DIFFERENCES = """
    select count(*)
    from (select * from kpi.kpi_values where customer_id = $customer) as built
    full outer join handwritten as ours on built.account_id = ours.account_id and built.kpi = ours.kpi
    where
        built.status is distinct from ours.status
        or built.sample_size is distinct from ours.sample_size
        or (built.value is null) <> (ours.value is null)
        or (built.numerator is null) <> (ours.numerator is null)
        or (built.denominator is null) <> (ours.denominator is null)
        or abs(built.value - ours.value) > 1e-9 * greatest(abs(built.value), 1)
        or abs(built.numerator - ours.numerator) > 1e-9 * greatest(abs(built.numerator), 1)
        or abs(built.denominator - ours.denominator) > 1e-9 * greatest(abs(built.denominator), 1)
"""


@contextmanager
def installation(rows: Rows, *, whale: bool = False) -> Iterator[Mapping[str, str]]:
    """The environment of one with this customer, synced and not refreshed yet."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as home:
        environment = {"KPI_PLATFORM_HOME": home}
        configuration = Configuration.from_environment(environment)
        # As `kpi-platform up` does when it is installed.
        manifest_path(configuration)
        land(configuration.warehouse_file, [CUSTOMER], rows, whale=whale)
        with dashboard_of(configuration) as engine:
            add_customers(engine, [CUSTOMER], AS_OF)
        yield environment


def refreshed(rows: Rows, *, whale: bool = False) -> Mapping[str, float]:
    with installation(rows, whale=whale) as environment:
        return cold_cycle(environment, AS_OF)


def tenfold() -> tuple[float, float]:
    """Seconds of dbt's build and of the script by hand, which must give the same values."""
    with installation(TENFOLD) as environment:
        build = cold_cycle(environment, AS_OF)["dbt"]
        with duckdb.connect(str(Configuration.from_environment(environment).warehouse_file)) as connection:
            connection.execute("SET enable_progress_bar = false")
            script = (Path(__file__).parent / "scaling" / "handwritten.sql").read_text()
            started = time.perf_counter()
            connection.execute(
                script.format(
                    as_of=AS_OF.replace(tzinfo=None), salesforce=f"{CUSTOMER}_sf", servicenow=f"{CUSTOMER}_sn"
                )
            )
            by_hand = time.perf_counter() - started
            (different,) = connection.execute(_DIFFERENCES, {"customer": CUSTOMER}).fetchone() or (1,)
    if different:
        raise SystemExit(f"{different:,} values differ between dbt and the script by hand.")
    return build, by_hand


def main(names: list[str]) -> int:
    """Prints the stages and the ratio; 1 where one misses what is asked."""
    failed = False
    for name in names or ["usual", "whale", "tenfold"]:
        if name == "tenfold":
            build, by_hand = tenfold()
            print(f"20,000,000 incidents: dbt {build:.2f} s, by hand {by_hand:.2f} s, all values equal")
            print(f"ratio: {build / by_hand:.2f} (at most {RATIO:g})\n")
            failed |= build > RATIO * by_hand
        else:
            figures = refreshed(USUAL, whale=name == "whale")
            print(tabulate([{"customer": name} | dict(figures)], headers="keys", floatfmt=".2f"))
            print(f"at most {SECONDS:g} s and {GIBIBYTES:g} GiB\n")
            failed |= figures["total"] > SECONDS or figures["GiB"] > GIBIBYTES
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
