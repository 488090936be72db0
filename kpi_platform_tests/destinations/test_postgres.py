"""The conformance suite on a real PostgreSQL server."""

from collections.abc import Iterator

import pytest

from kpi_platform.adapters import duckdb_file
from kpi_platform.domain.errors import DestinationUnavailable
from kpi_platform.pipeline.build import build_kpis
from kpi_platform_tests.destinations.conformance import DestinationConformance
from kpi_platform_tests.destinations.customers import AS_OF, LATER
from kpi_platform_tests.destinations.expected import Expected
from kpi_platform_tests.destinations.installation import Installation
from kpi_platform_tests.destinations.postgres_roles import (
    LOADER,
    PASSWORD,
    create_roles,
    refusals,
    silent_port,
)
from kpi_platform_tests.destinations.started import StartedDestination
from kpi_platform_tests.pipeline.landing import ACCOUNT, account, customer, land
from kpi_platform_tests.pipeline.planning import plan_batches
from kpi_platform_tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server of its own: the last test stops it."""
    with PostgresServer.start(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def place(server: PostgresServer) -> Iterator[StartedDestination]:
    with silent_port() as silent:
        create_roles(server.url("postgres"))
        address = {"host": "127.0.0.1", "port": server.port, "database": "postgres"}
        yield StartedDestination(
            service="postgres",
            landing=address | {"user": LOADER, "password_env": "WAREHOUSE_PASSWORD"},
            warehouse={"type": "postgres", **address, "username": LOADER},
            environment={"WAREHOUSE_PASSWORD": PASSWORD},
            refusals=refusals(silent),
            secrets=[PASSWORD, "wr0ng"],
            says_which=r"postgres:\d+/\d+",
            json=("jsonb", "cast({} as jsonb)"),
        )


class TestPostgres(DestinationConformance):
    def test_a_build_is_labelled_with_its_run_and_customers(self, built: Installation) -> None:
        target = built.destination.dbt_target().templates["application_name"]
        assert "run_id" in target
        assert "customers" in target

    def test_marts_have_an_index_by_customer(self, built: Installation, expected: Expected) -> None:
        (batch,) = built.destination.query(
            "select tablename::text from pg_indexes"
            " where schemaname = 'kpi' and indexdef like '%(customer_id)'"
        )
        assert {row["tablename"] for row in batch.to_pylist()} == set(expected.later)


def test_a_destination_that_is_down_leaves_the_others_running(
    built: Installation, expected: Expected, server: PostgresServer
) -> None:
    """One customer lives in DuckDB, the others in PostgreSQL: one batch each, side by side."""
    configuration, engine = built.configuration, built.engine
    there = expected.customers[0].key
    customer(configuration, engine, "here", {"warehouse": {"type": "duckdb"}})
    land(configuration.warehouse_file, "here_sf", {"account": (ACCOUNT, [account(1)])})
    few = ["servicenow_tickets", "+kpi_accounts"]
    report = build_kpis(configuration, engine, ["here", there], AS_OF, select=few)
    assert report.failed == {}
    names = [batch.destination.name for batch in plan_batches(configuration, engine, ["here", there], AS_OF)]
    assert [name.partition(" ")[0] for name in names] == ["duckdb", "postgres"]
    with duckdb_file.connect(configuration.warehouse_file, read_only=True) as connection:
        assert connection.sql("select distinct customer_id from kpi.kpi_accounts").fetchall() == [("here",)]
    assert not list(built.destination.read_mart("kpi_accounts", "here"))
    server.stop()
    report = build_kpis(configuration, engine, [there, "here"], LATER, select=few)
    assert report.built["here"]["kpi_accounts"] == 1
    assert isinstance(report.failed[there], DestinationUnavailable)
    assert "postgres" in report.failed[there].message
    assert PASSWORD not in str(report.failed[there])
