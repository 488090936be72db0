"""Looks for disagreements with the reference in more random customers than the tests have time for:
`python -m kpi_platform_tests.contract.search SEED COUNT`."""

import sys
import tempfile
from pathlib import Path

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database
from kpi_platform_tests.contract.comparison import disagreements, report
from kpi_platform_tests.contract.dirty_rows import AS_OFS
from kpi_platform_tests.contract.platform import Platform
from kpi_platform_tests.contract.random_customers import random_customers


def search(seed: str, count: int) -> list[str]:
    """All disagreements of `count` customers at every as_of."""
    with tempfile.TemporaryDirectory() as home:
        configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(Path(home))})
        engine = database.open_engine(configuration.dashboard_database_url)
        database.upgrade(engine)
        platform = Platform(configuration, engine)
        customers = random_customers(seed, count)
        platform.adopt(customers)
        found = []
        for as_of in AS_OFS:
            found += disagreements(platform.build(customers, as_of), customers, as_of)
        engine.dispose()
    return found


if __name__ == "__main__":
    print(report(search(sys.argv[1], int(sys.argv[2]))))
