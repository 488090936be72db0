"""DuckDB's marts, once a process, and each destination with the suite's customers built in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from kpi_platform.pipeline.build import BuildReport
from kpi_platform_tests.destinations.customers import AS_OF
from kpi_platform_tests.destinations.expected import Expected, expect
from kpi_platform_tests.destinations.installation import Installation
from kpi_platform_tests.destinations.started import StartedDestination


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    return expect(tmp_path_factory.mktemp("duckdb"))


@pytest.fixture(scope="module")
def installed(place: StartedDestination, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation.open(tmp_path_factory.mktemp(place.service), place) as installation:
        yield installation


@pytest.fixture(scope="module")
def report(installed: Installation, expected: Expected) -> BuildReport:
    """What was said when all customers were built at AS_OF."""
    installed.adopt(expected.customers)
    return installed.build([one.key for one in expected.customers], AS_OF)


@pytest.fixture(scope="module")
def built(installed: Installation, report: BuildReport) -> Installation:
    """The destination of the module with all customers landed and built at AS_OF."""
    assert report.built
    return installed


@pytest.fixture
def customer_document(expected: Expected) -> dict[str, Any]:
    """The settings of a customer whose raw schemas are there."""
    return expected.customers[0].document
