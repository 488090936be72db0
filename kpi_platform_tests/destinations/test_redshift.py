"""The conformance suite with the real clients of Redshift, against PostgreSQL behind a proxy."""

from collections.abc import Iterator

import pytest

from kpi_platform_tests.destinations.conformance import DestinationConformance
from kpi_platform_tests.destinations.redshift_server import redshift_server
from kpi_platform_tests.destinations.started import StartedDestination
from kpi_platform_tests.postgres import PostgresServer

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("destinations")]


@pytest.fixture(scope="module")
def place(postgres_server: PostgresServer) -> Iterator[StartedDestination]:
    with (
        postgres_server.database() as url,
        redshift_server(postgres_server.port, url.replace("+psycopg", "")) as port,
    ):
        address = {"host": "127.0.0.1", "port": port, "database": url.rpartition("/")[2]}
        yield StartedDestination(
            service="redshift",
            landing=address | {"user": "postgres", "password_env": "WAREHOUSE_PASSWORD", "ssl": False},
            warehouse={"type": "redshift", **address, "username": "postgres"},
            environment={"WAREHOUSE_PASSWORD": "trusted", "WAREHOUSE_SSLMODE": "disable"},
        )


class TestRedshift(DestinationConformance):
    pass
