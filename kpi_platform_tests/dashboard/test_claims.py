"""Claims: how long they last, who wins, and what becomes of those of an older schema."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database, tables
from kpi_platform.dashboard.claims import all_claims, claimed_twice, end_claims, record_place
from kpi_platform.dashboard.customers import add_customer, get_customer
from kpi_platform.dashboard.offboarding import erase_dashboard, find_leaver, retire
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.domain.errors import Conflict


def at(host: str, schema: str = "crm", **warehouse: Any) -> dict[str, Any]:
    place = {"type": "postgres", "host": host, "database": "kpi", **warehouse}
    return {"warehouse": place, "salesforce": {"schema": schema}, "servicenow": {"enabled": False}}


def save(engine: sa.Engine, customer: str, document: dict[str, Any]) -> None:
    with engine.begin() as connection:
        save_settings(connection, customer, document, who="ann")


@pytest.fixture
def engine(any_dashboard_engine: sa.Engine) -> sa.Engine:
    with any_dashboard_engine.begin() as connection:
        for key in ("acme", "bolt"):
            add_customer(connection, key, key)
    return any_dashboard_engine


def holders(engine: sa.Engine) -> dict[tuple[str, str], str | None]:
    with engine.connect() as connection:
        return {(one.place, one.name): one.customer for one in all_claims(connection) if one.held}


def test_of_two_who_claim_at_once_one_wins(engine: sa.Engine) -> None:
    start, outcomes = threading.Barrier(2), dict[str, str]()

    def claim(customer: str) -> None:
        start.wait()
        try:
            save(engine, customer, at("db"))
            outcomes[customer] = "has it"
        except Conflict as conflict:
            outcomes[customer] = conflict.for_operator.message

    threads = [threading.Thread(target=claim, args=[key]) for key in ("acme", "bolt")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [key for key, outcome in outcomes.items() if outcome == "has it"]
    (loser,) = outcomes.keys() - {winner}
    assert f"belongs to customer '{winner}'" in outcomes[loser]


def test_two_spellings_that_prove_to_be_one_place_leave_one_holder(engine: sa.Engine) -> None:
    save(engine, "acme", at("db"))
    save(engine, "bolt", at("warehouse.example"))
    with engine.begin() as connection:
        assert record_place(connection, "server:db:5432/kpi", "postgres:1/1")
        assert not record_place(connection, "server:db:5432/kpi", "postgres:1/1")
        assert record_place(connection, "server:warehouse.example:5432/kpi", "postgres:1/1")
        [twice] = claimed_twice(connection)
    assert (twice.name, twice.customer, twice.owner) == ("crm", "bolt", "acme")
    assert holders(engine) == {("postgres:1/1", "crm"): "acme"}
    # Other settings of who came later can still be changed, and what it leaves was never its own.
    save(engine, "bolt", {**at("warehouse.example"), "alerts": {"on_stale_hours": 5}})
    with engine.connect() as connection:
        assert len(claimed_twice(connection)) == 1
    save(engine, "bolt", at("warehouse.example", "bolt_crm"))
    with engine.connect() as connection:
        assert claimed_twice(connection) == []
    # A spelling that is known to be the place is refused at once.
    with pytest.raises(Conflict) as taken:
        save(engine, "bolt", at("warehouse.example", "CRM"))
    assert "'acme'" in taken.value.for_operator.message


def test_a_server_that_has_become_another_takes_its_claims_along(engine: sa.Engine) -> None:
    save(engine, "acme", at("db"))
    for place in ("postgres:1/1", "postgres:2/1"):
        with engine.begin() as connection:
            record_place(connection, "server:db:5432/kpi", place)
        assert holders(engine) == {(place, "crm"): "acme"}


def test_who_waited_for_a_schema_has_it_when_its_data_is_erased(engine: sa.Engine) -> None:
    save(engine, "acme", at("db"))
    save(engine, "bolt", at("warehouse.example"))
    with engine.begin() as connection:
        for host in ("db", "warehouse.example"):
            record_place(connection, f"server:{host}:5432/kpi", "postgres:1/1")
        end_claims(connection, get_customer(connection, "acme").id, "postgres:1/1", ["CRM"])
        assert claimed_twice(connection) == []
    assert holders(engine) == {("postgres:1/1", "crm"): "bolt"}


def test_data_that_outlives_its_customer_is_nobodys(engine: sa.Engine) -> None:
    save(engine, "acme", at("db"))
    with engine.begin() as connection:
        leaver = find_leaver(connection, "acme")
        retire(connection, leaver, who="ann")
    assert all(one.proved for one in erase_dashboard(engine, leaver, who="ann"))
    with pytest.raises(Conflict) as taken:
        save(engine, "bolt", at("db"))
    assert "belongs to a customer that was erased" in taken.value.for_operator.message


OLD = [
    ("connection", "Conn_1", "acme"),
    ("schema", "postgres/localhost/5432/kpi//crm", "acme"),
    ("schema", "postgres/127.0.0.1//kpi//crm", "bolt"),
    ("schema", "duckdb/////bolt_crm", "bolt"),
    ("schema", "duckdb///x//bolt_crm", "acme"),
    ("schema", "snowflake/xy1.eu-west-1/443/kpi//sf", "acme"),
    ("schema", "bigquery////data/sf", "bolt"),
]


def test_an_upgrade_loses_no_claim(configuration: Configuration) -> None:
    engine = database.open_engine(configuration.dashboard_database_url)
    database.upgrade(engine, "0010")
    gone = '{"salesforce": {"schema": "gone_crm"}, "servicenow": {"enabled": false}}'
    with engine.begin() as connection:
        for key in ("acme", "bolt", "gone"):
            add_customer(connection, key, key)
        ids = {key: get_customer(connection, key).id for key in ("acme", "bolt", "gone")}
        for kind, value, customer in OLD:
            connection.execute(
                sa.text("INSERT INTO settings_claims (kind, value, customer_id) VALUES (:k, :v, :c)"),
                {"k": kind, "v": value, "c": ids[customer]},
            )
        versions = tables.customer_settings_versions
        connection.execute(
            sa.insert(versions).values(
                customer_id=ids["gone"], version=1, document=sa.text(f"'{gone}'"), saved_by="ann",
                saved_at=sa.func.current_timestamp(), note="", changes=[],
            )
        )  # fmt: skip
        connection.execute(
            sa.update(tables.customers)
            .where(tables.customers.c.key == "gone")
            .values(removed_at=sa.func.current_timestamp())
        )
    database.upgrade(engine, "0011")
    owned = {
        ("", "conn_1"): "acme",
        ("server:127.0.0.1:5432/kpi", "crm"): "acme",
        ("duckdb", "bolt_crm"): "acme",
        ("snowflake:xy1/kpi", "sf"): "acme",
        ("bigquery:data", "sf"): "bolt",
        ("duckdb", "gone_crm"): "gone",
    }
    assert holders(engine) == owned
    with engine.connect() as connection:
        found = {(one.place, one.name, one.customer) for one in claimed_twice(connection)}
    assert found == {("server:127.0.0.1:5432/kpi", "crm", "bolt"), ("duckdb", "bolt_crm", "bolt")}
    database.downgrade(engine, "0010")
    database.upgrade(engine, "0011")
    assert holders(engine) == owned
    engine.dispose()
