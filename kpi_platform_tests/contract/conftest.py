"""One platform for all contract tests of a process: dbt parses its project once."""

from collections.abc import Iterator

import pytest

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database
from kpi_platform_tests.contract.platform import Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The embedded default, empty, for the tests of one module."""
    home = tmp_path_factory.mktemp("contract")
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)})
    engine = database.open_engine(configuration.dashboard_database_url)
    database.upgrade(engine)
    yield Platform(configuration, engine)
    engine.dispose()
