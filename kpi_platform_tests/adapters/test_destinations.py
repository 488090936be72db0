"""Both destinations answer alike; every test here runs on a real DuckDB file and a real PostgreSQL."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
import sqlalchemy as sa

from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.postgres import PostgresDestination
from kpi_platform.adapters.destination.protocol import Destination, TableKey
from kpi_platform.adapters.door import AllowedHosts, Door
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import (
    DestinationUnavailable,
    InvalidInput,
    InvalidSettings,
    MissingConfiguration,
    NotFound,
)
from kpi_platform.domain.settings import parse_settings

Place = tuple[Destination, Callable[[str], object]]

MART = """
create schema kpi;
create table kpi.kpi_values (
    customer_id varchar(20), account_id varchar(40), value double precision, sample_size bigint,
    known boolean, day date, as_of timestamp, exact numeric(10, 2)
);
insert into kpi.kpi_values values
    ('acme', 'a''1"🎉', 1.5, 3, true, '2026-11-24', '2026-11-24 06:00:00', 1.25),
    ('acme', 'a2', null, null, null, null, null, null),
    ('other', 'a1', 9, 9, false, '2026-11-24', '2026-11-24 06:00:00', 9);
"""


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "duckdb":
        file = tmp_path / "warehouse.duckdb"

        def execute(sql: str) -> object:
            with duckdb.connect(str(file)) as connection:
                return connection.execute(sql)

        yield DuckDbDestination(file, "kpi"), execute
    else:
        url = sa.make_url(request.getfixturevalue("postgres_url"))
        destination = postgres(url)
        with psycopg.connect(
            url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
        ) as connection:
            yield destination, connection.execute


def postgres(url: sa.URL, **changes: Any) -> PostgresDestination:
    values = {
        "door": Door(AllowedHosts("127.0.0.1, *")),
        "host": url.host, "port": url.port, "database": url.database, "username": url.username,
        "password": url.password or "", "mart_schema": "kpi",
    }  # fmt: skip
    return PostgresDestination(**values | changes)


def test_columns_come_as_they_are_spelled_of_the_schemas_that_were_asked_for(place: Place) -> None:
    destination, execute = place
    execute('create schema raw_a; create table raw_a."Case" ("Náme 1" varchar(9), id integer)')
    execute("create schema raw_b; create table raw_b.task (id bigint)")
    execute("create schema raw_c; create table raw_c.hidden (id bigint)")
    found = destination.columns(["RAW_A", "raw_b", "missing"])
    assert set(found) == {"raw_a", "raw_b"}
    assert list(found["raw_a"]["Case"]) == ["Náme 1", "id"]
    assert found["raw_a"]["Case"]["id"] == "integer"
    assert destination.columns([]) == {}


def test_a_mart_is_read_of_one_customer_with_its_types(place: Place) -> None:
    destination, execute = place
    execute(MART)
    (batch,) = destination.read_mart("kpi_values", "acme")
    first, second = sorted(batch.to_pylist(), key=lambda row: str(row["account_id"]))
    assert first == {
        "customer_id": "acme", "account_id": "a'1\"🎉", "value": 1.5, "sample_size": 3, "known": True,
        "day": date(2026, 11, 24), "as_of": datetime(2026, 11, 24, 6), "exact": pytest.approx(1.25),
    }  # fmt: skip
    assert set(second.values()) == {"acme", "a2", None}


def test_a_mart_is_filtered_by_bound_values(place: Place) -> None:
    destination, execute = place
    execute(MART)

    def ids(**where: Any) -> list[str]:
        rows = destination.read_mart("kpi_values", "acme", ["account_id"], where=where)
        return [row["account_id"] for batch in rows for row in batch.to_pylist()]

    assert ids(account_id="a'1\"🎉") == ["a'1\"🎉"]
    assert ids(account_id=["a2", "x"]) == ["a2"]
    assert ids(account_id="' or 1=1 --") == []
    assert list(destination.read_mart("kpi_values", "acme' or '1'='1")) == []


def test_large_marts_come_in_batches_of_bounded_size(place: Place) -> None:
    destination, execute = place
    execute("create schema kpi; create table kpi.big (customer_id varchar(9), number integer)")
    execute("insert into kpi.big select 'acme', n from generate_series(1, 45000) as numbers(n)")
    sizes = [batch.num_rows for batch in destination.read_mart("big", "acme", ["number"])]
    assert sum(sizes) == 45000
    assert max(sizes) <= 20_000


def test_a_mart_that_is_not_there_is_named(place: Place) -> None:
    destination, execute = place
    execute("create schema kpi")
    with pytest.raises(NotFound, match="kpi_values"):
        list(destination.read_mart("kpi_values", "acme"))


def test_rows_are_counted_by_table_and_by_customer(place: Place) -> None:
    destination, execute = place
    execute(
        MART + 'create table kpi."Case" (customer_id varchar(9)); create table kpi.none (customer_id text)'
    )
    assert destination.row_counts("kpi", ["kpi_values", "Case"]) == {"kpi_values": 3, "Case": 0}
    assert destination.row_counts("kpi", []) == {}
    assert destination.mart_rows(["kpi_values", "none"], ["acme", "nobody"]) == {"acme": {"kpi_values": 2}}


def test_duckdb_knows_which_tables_hold_each_key_once(tmp_path: Path) -> None:
    """The two forms of a Salesforce id are one key; rows without a key do not count. Of a table that
    cannot be read nothing is known."""
    destination = DuckDbDestination(tmp_path / "warehouse.duckdb", "kpi")
    with duckdb.connect(str(destination.file)) as connection:
        connection.execute("""
            create schema raw;
            create table raw.once as select unnest(['001000000000001', '001000000000002', null, null]) as id;
            create table raw.twice as select unnest(['001000000000001AAA', '001000000000001']) as id;
            create table raw.numbers as select unnest([1, 2, 1]) as id;
            create view raw.broken as select error('the block is unreadable') as id from raw.once;
        """)
    once, twice, broken = (TableKey("raw", name, "id", 15) for name in ("once", "twice", "broken"))
    whole, numbers = TableKey("raw", "twice", "id", None), TableKey("raw", "numbers", "id", None)
    assert destination.without_repeats({once, twice, broken, whole, numbers}) == {once, whole}


def test_duckdb_tells_apart_tables_that_hold_equal_keys(tmp_path: Path) -> None:
    """More tables than are asked together; an id of one customer is not that of another."""
    destination = DuckDbDestination(tmp_path / "warehouse.duckdb", "kpi")
    keys = [TableKey("raw", f"of_{number}", "sys_id", None) for number in range(70)]
    with duckdb.connect(str(destination.file)) as connection:
        connection.execute("create schema raw")
        for key in keys:
            connection.execute(f"create table raw.{key.table} as select unnest(['a', 'b']) as sys_id")
        connection.execute("insert into raw.of_7 values ('b')")
    assert destination.without_repeats(keys) == {key for key in keys if key.table != "of_7"}


def test_the_values_of_a_landed_column_are_read_once_each_and_without_null(place: Place) -> None:
    destination, execute = place
    execute("""create schema "Raw"; create table "Raw"."Case" ("To" varchar(9))""")
    execute("""insert into "Raw"."Case" values ('a'), ('b'), ('a'), (null)""")
    assert sorted(destination.values("Raw", "Case", "To", 9)) == ["a", "b"]
    assert len(destination.values("Raw", "Case", "To", 1)) == 1


def test_a_compiled_statement_is_run_as_it_is(place: Place) -> None:
    destination, execute = place
    execute("create schema kpi")
    (batch,) = destination.query("select '100%' as share, ':x %s $1' as marks, cast(null as integer) as none")
    assert batch.to_pylist() == [{"share": "100%", "marks": ":x %s $1", "none": None}]


def test_a_statement_that_the_warehouse_file_does_not_answer_says_why(tmp_path: Path) -> None:
    destination = DuckDbDestination(tmp_path / "warehouse.duckdb", "kpi")
    duckdb.connect(str(destination.file)).close()
    with pytest.raises(DestinationUnavailable, match="the block is unreadable"):
        next(destination.query("select error('the block is unreadable') as id"))


def test_a_connection_test_names_each_step(place: Place) -> None:
    destination, execute = place
    execute("create schema raw; create table raw.account (id bigint)")
    steps = list(destination.test_connection(["raw"]))
    names = ["resolve", "connect", "authenticate", "database", "schema", "can_read"]
    assert [(step.name, step.ok, step.error) for step in steps] == [(name, True, None) for name in names]
    *_, last = destination.test_connection(["nope"])
    assert (last.name, last.ok) == ("schema", False)
    assert "nope" in (last.error or "")


@pytest.mark.postgres
def test_a_connection_test_stops_at_the_step_that_fails(postgres_url: str) -> None:
    url = sa.make_url(postgres_url)

    def failing(**changes: Any) -> str:
        *_, last = postgres(url, **changes).test_connection([])
        assert not last.ok
        assert "s3cr3t" not in (last.error or "")
        return last.name

    assert failing(host="no-such-host.invalid") == "resolve"
    assert failing(port=1) == "connect"
    assert failing(username="nobody", password="s3cr3t") == "authenticate"
    assert failing(database="nowhere") == "database"
    assert failing(door=Door(AllowedHosts(""))) == "resolve"


def test_a_missing_warehouse_file_has_no_columns_and_says_so_when_read(tmp_path: Path) -> None:
    destination = DuckDbDestination(tmp_path / "none.duckdb", "kpi")
    assert destination.columns(["raw"]) == {}
    with pytest.raises(DestinationUnavailable, match=r"none\.duckdb"):
        list(destination.read_mart("kpi_values", "acme"))
    assert not (tmp_path / "none.duckdb").exists()


def test_a_file_that_is_no_duckdb_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    file.write_text("no database" * 1000)
    with pytest.raises(DestinationUnavailable, match=r"warehouse\.duckdb"):
        DuckDbDestination(file, "kpi").columns(["raw"])


def test_settings_open_the_destination_they_name(tmp_path: Path) -> None:
    environment = {
        "KPI_PLATFORM_HOME": str(tmp_path),
        "KPI_SECRET_ACME_PASSWORD": "s3cr3t",
        "KPI_ALLOWED_HOSTS": "*",
    }
    configuration = Configuration.from_environment(environment)
    secrets = CustomerSecrets(configuration, "acme")

    def opened(**warehouse: Any) -> Destination:
        return open_destination(configuration, parse_settings({"warehouse": warehouse}).warehouse, secrets)

    assert opened().name == opened(type="duckdb").name
    assert opened().name != opened(schema="elsewhere").name
    server = {"type": "postgres", "host": "db", "database": "d", "username": "u"}
    destination = opened(**server, credentials_secret="KPI_SECRET_ACME_PASSWORD")
    assert destination.name == "postgres u@db:5432/d (kpi)"
    assert "s3cr3t" not in repr(destination)
    assert "s3cr3t" not in str(destination.dbt_target().output)
    with pytest.raises(MissingConfiguration, match="KPI_SECRET_ACME_OTHER"):
        opened(**server, credentials_secret="KPI_SECRET_ACME_OTHER")
    with pytest.raises(InvalidSettings, match=r"warehouse\.host"):
        opened(type="postgres", database="d", username="u")


def test_a_type_that_is_not_installed_names_the_extra(tmp_path: Path) -> None:
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(tmp_path)})
    warehouse = parse_settings({}).warehouse.model_copy(update={"type": "oracle"})
    with pytest.raises(InvalidInput, match="duckdb"):
        open_destination(configuration, warehouse, CustomerSecrets(configuration, "acme"))


@pytest.mark.parametrize("extra", ["redshift", "snowflake"])
def test_an_extra_that_is_missing_is_named_with_its_command(
    extra: str, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = {"redshift": "redshift_connector", "snowflake": "snowflake.connector"}[extra]
    for module in [
        name
        for name in sys.modules
        if name.startswith((f"kpi_platform.adapters.destination.{extra}", driver))
    ]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, driver, None)
    warehouse = parse_settings({"warehouse": {"type": extra, "host": "h", "database": "d", "username": "u"}})
    with pytest.raises(InvalidInput, match=rf"pip install 'kpi_platform\[{extra}\]'"):
        open_destination(configuration, warehouse.warehouse, CustomerSecrets(configuration, "acme"))


def test_timestamps_with_a_zone_are_read_in_utc(place: Place) -> None:
    destination, execute = place
    execute(
        "create schema kpi; create table kpi.zoned (customer_id varchar(9), moment timestamp with time zone)"
    )
    execute("insert into kpi.zoned values ('acme', '2026-11-24 06:00:00+02')")
    (batch,) = destination.read_mart("zoned", "acme", ["moment"])
    assert batch.to_pylist()[0]["moment"].astimezone(UTC) == datetime(2026, 11, 24, 4, tzinfo=UTC)
