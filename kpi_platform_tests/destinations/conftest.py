"""DuckDB's marts, once a process, and each destination with the suite's customers built in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from kpi_platform_tests.destinations.customers import AS_OF
from kpi_platform_tests.destinations.expected import Expected, expect
from kpi_platform_tests.destinations.installation import Installation
from kpi_platform_tests.destinations.started import StartedDestination


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    return expect(tmp_path_factory.mktemp("duckdb"))


@pytest.fixture(scope="module")
def built(
    place: StartedDestination, expected: Expected, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The destination of the module with all customers landed and built at AS_OF."""
    with Installation.open(tmp_path_factory.mktemp(place.service), place) as installation:
        installation.adopt(expected.customers)
        installation.build([one.key for one in expected.customers], AS_OF)
        yield installation


@pytest.fixture
def customer_document(expected: Expected) -> dict[str, Any]:
    """The settings of a customer whose raw schemas are there."""
    return expected.customers[0].document
