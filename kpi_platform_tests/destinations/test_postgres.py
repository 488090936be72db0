"""The conformance suite on a real PostgreSQL server."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from kpi_platform_tests.destinations.conformance import DestinationConformance
from kpi_platform_tests.destinations.started import StartedDestination
from kpi_platform_tests.postgres import PostgresServer

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("destinations")]


@pytest.fixture(scope="module")
def place(postgres_server: PostgresServer) -> Iterator[StartedDestination]:
    with postgres_server.database() as url:
        parts = sa.make_url(url)
        address = {"host": "127.0.0.1", "port": postgres_server.port, "database": parts.database}
        yield StartedDestination(
            service="postgres",
            landing=address | {"user": "postgres"},
            warehouse={"type": "postgres", **address, "username": "postgres"},
            environment={"WAREHOUSE_PASSWORD": "trusted"},
        )


class TestPostgres(DestinationConformance):
    pass
