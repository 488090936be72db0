"""The conformance suite with the real clients of Redshift, against PostgreSQL behind a proxy."""

import gc
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpi_platform.adapters.destination import redshift_connection
from kpi_platform_tests.destinations.conformance import DestinationConformance
from kpi_platform_tests.destinations.expected import Expected
from kpi_platform_tests.destinations.installation import Installation
from kpi_platform_tests.destinations.postgres_roles import (
    LOADER,
    PASSWORD,
    create_roles,
    refusals,
    silent_port,
)
from kpi_platform_tests.destinations.redshift_lint import complaints
from kpi_platform_tests.destinations.redshift_server import RedshiftServer, redshift_server
from kpi_platform_tests.destinations.started import StartedDestination
from kpi_platform_tests.postgres import PostgresServer

_OF_THE_PROJECT = re.compile(r'"kpi"\."|"\w+__dbt_tmp')

pytestmark = [
    pytest.mark.postgres,
    # redshift_connector does not close the socket of a sign-in that failed.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """Such sockets are gone before the tests of other modules, where they would be errors."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def server(postgres_server: PostgresServer) -> Iterator[tuple[RedshiftServer, str]]:
    """The server, and the name of a database in it."""
    with postgres_server.database() as url:
        create_roles(url)
        with redshift_server(postgres_server.port, url.replace("+psycopg", "")) as started:
            yield started, url.rpartition("/")[2]


@pytest.fixture(scope="module")
def place(server: tuple[RedshiftServer, str]) -> Iterator[StartedDestination]:
    started, database = server
    address = {"host": "127.0.0.1", "port": started.port, "database": database}
    with silent_port() as silent:
        yield StartedDestination(
            service="redshift",
            landing=address | {"user": LOADER, "password_env": "WAREHOUSE_PASSWORD", "ssl": False},
            warehouse={"type": "redshift", **address, "username": LOADER},
            environment={"WAREHOUSE_PASSWORD": PASSWORD, "WAREHOUSE_SSLMODE": "disable"},
            refusals=refusals(silent),
            secrets=[PASSWORD, "wr0ng"],
            says_which=r"redshift:c0ffee00-[0-9-]+/\w+",
        )


@pytest.fixture
def ran(built: Installation, server: tuple[RedshiftServer, str]) -> list[str]:
    """What dbt ran of the project, as it reached the server."""
    assert built
    return [text for text in server[0].statements if _OF_THE_PROJECT.search(text)]


@pytest.mark.slow
@pytest.mark.timeout(2400)
class TestRedshift(DestinationConformance):
    def test_what_dbt_ran_is_redshifts_sql(self, ran: list[str]) -> None:
        found = {complaint for statement in ran for complaint in complaints(statement)}
        assert not found, "\n".join(sorted(found)[:20])

    def test_marts_are_distributed_and_sorted_by_customer(self, ran: list[str], expected: Expected) -> None:
        tables = [text for text in ran if re.search(r"create\s+table", text)]
        assert len(tables) == len(expected.later)
        for text in tables:
            assert "diststyle key distkey (customer_id)" in text
            assert re.search(r"compound sortkey\(\s*customer_id\s*\)", text)

    def test_a_refresh_touches_the_rows_of_its_customers_alone(
        self, ran: list[str], expected: Expected
    ) -> None:
        again, gone, *_ = (one.key for one in expected.customers)
        deletes = [text for text in ran if text.lstrip().startswith("delete from")]
        # Except for those of the customer that was erased.
        deletes = [text for text in deletes if f"customer_id in ('{again}')" not in text]
        assert len(deletes) == len(expected.later)
        assert all(f"customer_id in ('{gone}', '{again}')" in text for text in deletes)

    def test_queries_are_labelled_with_run_and_customers(
        self, ran: list[str], server: tuple[RedshiftServer, str], expected: Expected
    ) -> None:
        keys = ",".join(one.key for one in expected.customers)
        assert f"SET query_group TO 'kpi_platform run-1 {keys}'" in server[0].statements
        assert "select set_config('query_group', $1, false)" in server[0].statements


def test_a_statement_may_take_longer_than_a_sign_in(
    place: StartedDestination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redshift_connection, "CONNECT_SECONDS", 1)
    with Installation.open(tmp_path, place) as installation:
        (batch,) = installation.destination.query("select 1 as one from pg_sleep(1.5)")
    assert batch.to_pylist() == [{"one": 1}]
