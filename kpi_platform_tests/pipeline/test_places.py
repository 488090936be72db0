"""A place is what its server says of itself: a run reads no schema that proves to be another customer's."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.claims import claimed_twice
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.domain.errors import Conflict, NotFound
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline.batch import CustomerInput, read_inputs
from kpi_platform.pipeline.change_settings import change_settings
from kpi_platform.pipeline.places import end_claim, settle
from kpi_platform_tests.editors import OPERATOR

ALIAS = "warehouse.example"


@pytest.fixture
def here(
    configuration: Configuration,
    sqlite_engine: sa.Engine,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator["Here"]:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **options: real("127.0.0.1" if host == ALIAS else host, *rest, **options),
    )
    given = {"KPI_ALLOWED_HOSTS": f"{ALIAS}, 127.0.0.1", "KPI_SECRET_ACME_PW": "x", "KPI_SECRET_BOLT_PW": "x"}
    with sqlite_engine.begin() as connection:
        for key in ("acme", "bolt"):
            add_customer(connection, key, key)
    yield Here(
        Configuration.from_environment({**configuration.environment, **given}),
        sqlite_engine,
        sa.make_url(postgres_url),
    )


def with_secret(document: dict[str, Any], customer: str) -> dict[str, Any]:
    secret = {"credentials_secret": f"KPI_SECRET_{customer.upper()}_PW"}
    return {**document, "warehouse": {**document["warehouse"], **secret}}


class Here:
    """Two customers and a PostgreSQL server with two names."""

    def __init__(self, configuration: Configuration, engine: sa.Engine, url: sa.URL) -> None:
        self.configuration, self.engine, self.url = configuration, engine, url

    def document(self, host: str, raw: str = "crm", **warehouse: Any) -> dict[str, Any]:
        place = {
            "type": "postgres", "host": host, "port": self.url.port, "database": self.url.database,
            "username": "postgres", **warehouse,
        }  # fmt: skip
        return {"warehouse": place, "salesforce": {"schema": raw}, "servicenow": {"enabled": False}}

    def change(self, customer: str, document: dict[str, Any]) -> tuple[str, ...]:
        mine = with_secret(document, customer)
        return change_settings(self.configuration, self.engine, customer, mine, by=OPERATOR).warnings

    def save_unasked(self, customer: str, document: dict[str, Any]) -> None:
        with self.engine.begin() as connection:
            save_settings(connection, customer, with_secret(document, customer), who="ann")

    def settle(self, *customers: str, again: bool = True) -> dict[str, str]:
        inputs, failed = read_inputs(self.configuration, self.engine, customers)
        return {
            key: str(error.for_operator)
            for key, error in (failed | settle(self.engine, inputs, again=again)).items()
        }

    def executes(self, statement: str) -> None:
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(sa.text(statement))
        engine.dispose()


@pytest.mark.postgres
def test_another_name_of_the_same_server_is_found_out_when_it_is_saved(here: Here) -> None:
    assert here.change("acme", here.document("127.0.0.1")) == ()
    with pytest.raises(Conflict, match=r"'crm' belongs to customer 'acme', so customer 'bolt'"):
        here.change("bolt", here.document(ALIAS, "CRM"))
    assert here.change("bolt", here.document(ALIAS, "bolt_crm")) == ()
    assert here.settle("acme", "bolt") == {}


@pytest.mark.postgres
def test_a_run_refuses_a_schema_that_proves_to_be_anothers(here: Here) -> None:
    here.save_unasked("acme", here.document("127.0.0.1"))
    here.save_unasked("bolt", here.document(ALIAS))
    refused = here.settle("acme", "bolt")
    assert refused.keys() == {"bolt"}
    assert "'acme'" in refused["bolt"]
    assert "'bolt'" in refused["bolt"]
    # From now on it is known without asking, to previews and explanations, too.
    _, failed = read_inputs(here.configuration, here.engine, ["bolt"])
    assert failed.keys() == {"bolt"}
    with here.engine.connect() as connection:
        assert [(one.name, one.customer, one.owner) for one in claimed_twice(connection)] == [
            ("crm", "bolt", "acme")
        ]


@pytest.mark.postgres
def test_marts_in_what_proves_to_be_anothers_raw_schema_are_refused(here: Here) -> None:
    here.save_unasked("acme", here.document("127.0.0.1"))
    here.save_unasked("bolt", here.document(ALIAS, "bolt_crm", schema="crm"))
    # Both would write to, or read from, a schema of the other's kind.
    assert here.settle("acme", "bolt").keys() == {"acme", "bolt"}


@pytest.mark.postgres
def test_a_server_says_the_same_of_itself_to_a_role_without_rights(here: Here) -> None:
    def place(host: str, username: str) -> str | None:
        settings = parse_settings(with_secret(here.document(host, username=username), "acme"))
        secrets = CustomerSecrets(here.configuration, "acme")
        return open_destination(here.configuration, settings.warehouse, secrets).place()

    assert place("127.0.0.1", "postgres") == place(ALIAS, "postgres")
    here.executes("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    here.executes("CREATE ROLE place_reader LOGIN")
    try:
        assert place("127.0.0.1", "place_reader") == place(ALIAS, "place_reader")
        assert f"127.0.0.1:{here.url.port}/" in str(place(ALIAS, "place_reader"))
    finally:
        here.executes("DROP ROLE place_reader")


def test_a_schema_that_nobody_has_belongs_to_who_reads_it_first(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    """Customers without settings all have the default schemas."""
    with sqlite_engine.begin() as connection:
        for key in ("acme", "bolt"):
            add_customer(connection, key, key)
    inputs, failed = read_inputs(configuration, sqlite_engine, ["bolt", "acme"])
    assert failed == {}
    refused = settle(sqlite_engine, inputs, again=True)
    assert refused.keys() == {"acme"}
    assert "salesforce.schema" in str(refused["acme"])


class Asked(DuckDbDestination):
    """Counts how often it is asked which place it is."""

    times = 0

    def place(self) -> None:
        type(self).times += 1


def test_servers_are_asked_once_and_queries_do_not_grow_with_customers(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    few, many = (queries_of_a_run(configuration, sqlite_engine, number) for number in (2, 60))
    assert few == many < 10
    assert Asked.times == 2


def queries_of_a_run(configuration: Configuration, engine: sa.Engine, number: int) -> int:
    keys = [f"c{number}_{one}" for one in range(number)]
    with engine.begin() as connection:
        for key in keys:
            add_customer(connection, key, key)
            sources = {source: {"schema": f"{key}_{source}"} for source in ("salesforce", "servicenow")}
            save_settings(connection, key, sources, who="ann")
    inputs, _ = read_inputs(configuration, engine, keys)
    destination = Asked(configuration.warehouse_file, "kpi")
    inputs = [CustomerInput(one.customer, one.settings, {}, destination) for one in inputs]
    statements: list[str] = []

    def count(*arguments: Any) -> None:
        statements.append(arguments[2])

    sa.event.listen(engine, "before_cursor_execute", count)
    assert settle(engine, inputs, again=True) == {}
    sa.event.remove(engine, "before_cursor_execute", count)
    return len(statements)


def test_the_claim_on_a_schema_that_is_gone_can_be_ended(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    with sqlite_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        save_settings(connection, "acme", {"salesforce": {"schema": "crm"}}, who="ann")
    end_claim(configuration, sqlite_engine, "CRM", None, who="ann")
    with pytest.raises(NotFound, match="Nobody"):
        end_claim(configuration, sqlite_engine, "crm", "acme", who="ann")
