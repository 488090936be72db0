"""Landing in DuckDB and PostgreSQL: by key, with new columns and deletions, and files as they are."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pytest
import sqlalchemy as sa
from pyarrow import csv

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import DestinationUnavailable, InvalidInput, MissingConfiguration
from kpi_platform.local.landing import Lander, LandingTable, open_lander, with_history
from kpi_platform_tests.local.conftest import served

Query = Callable[[str], Sequence[tuple[Any, ...]]]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _postgres(url: str) -> dict[str, Any]:
    parts = sa.make_url(url)
    return {
        "host": parts.host or parts.query.get("host"),
        "port": parts.port or int(str(parts.query.get("port", 5432))),
        "database": parts.database,
        "user": parts.username,
    }


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def destination(
    request: pytest.FixtureRequest, configuration: Configuration
) -> Iterator[tuple[Lander, Query]]:
    if request.param == "duckdb":
        lander = open_lander(configuration, "duckdb", {})

        def ask(statement: str) -> Sequence[tuple[Any, ...]]:
            with duckdb.connect(str(configuration.warehouse_file), read_only=True) as connection:
                connection.execute("set timezone = 'UTC'")
                return connection.execute(statement).fetchall()

        yield lander, ask
    else:
        config = _postgres(request.getfixturevalue("postgres_url"))
        dsn = {"dbname" if name == "database" else name: value for name, value in config.items()}
        with psycopg.connect(**dsn, autocommit=True) as connection:
            yield open_lander(configuration, "postgres", config), lambda q: connection.execute(q).fetchall()  # type: ignore[arg-type]


def _rows(**columns: pa.Array) -> pa.Table:
    count = len(next(iter(columns.values())))
    stamp = pa.array([NOON] * count, pa.timestamp("us", tz="UTC"))
    return pa.table(columns | {"_fivetran_synced": stamp})


def test_rows_are_replaced_by_key_and_new_columns_added(destination: tuple[Lander, Query]) -> None:
    lander, query = destination
    first = _rows(id=pa.array(["a", "b"]), Name=pa.array(["one", ""]), amount=pa.array([1.5, None]))
    lander.land("raw crm", [LandingTable("case", first, key="id")])
    day = pa.array([date(2026, 2, 3)])
    lander.land(
        "raw crm",
        [
            LandingTable(
                "case", _rows(id=pa.array(["b"]), Name=pa.array([None], pa.string()), day=day), key="id"
            )
        ],
    )
    rows = query('select id, "Name", amount, day from "raw crm"."case" order by id')
    assert rows == [("a", "one", 1.5, None), ("b", None, None, date(2026, 2, 3))]


def test_an_empty_text_stays_apart_from_none(destination: tuple[Lander, Query]) -> None:
    lander, query = destination
    odd = pa.array(["", None, 'say "yes",\nplease', "Żółć"])
    lander.land("raw", [LandingTable("notes", _rows(id=pa.array(list("abcd")), text=odd), key="id")])
    assert [text for (text,) in query("select text from raw.notes order by id")] == odd.to_pylist()


def test_timestamps_land_with_time_zone_and_dates_as_dates(destination: tuple[Lander, Query]) -> None:
    lander, query = destination
    lander.land(
        "raw", [LandingTable("task", _rows(id=pa.array(["a"]), day=pa.array([date(2026, 5, 1)])), key="id")]
    )
    types = query(
        "select column_name, lower(data_type) from information_schema.columns where table_name = 'task'"
    )
    assert dict(types)["_fivetran_synced"] == "timestamp with time zone"
    assert dict(types)["day"] == "date"
    assert query("select _fivetran_synced from raw.task")[0][0] == NOON


def test_the_first_deletion_brings_its_column(destination: tuple[Lander, Query]) -> None:
    lander, query = destination
    lander.land("raw", [LandingTable("task", _rows(id=pa.array(["a", "b"])), key="id")])
    later = datetime(2026, 1, 2, tzinfo=UTC)
    gone = LandingTable("task", _rows(id=pa.array(["c"])), key="id", deleted=["a", "z"], synced_at=later)
    lander.land("raw", [gone])
    rows = query("select id, _fivetran_deleted, _fivetran_synced from raw.task order by id")
    assert rows == [("a", True, later), ("b", False, NOON), ("c", False, NOON)]


def test_history_ends_a_version_and_begins_the_next(destination: tuple[Lander, Query]) -> None:
    lander, query = destination
    later = datetime(2026, 1, 2, tzinfo=UTC)

    def land(ids: list[str], at: datetime, deleted: Sequence[str] = (), *, recreate: bool = False) -> None:
        stamp = pa.array([at] * len(ids), pa.timestamp("us", tz="UTC"))
        rows = with_history(pa.table({"id": pa.array(ids), "_fivetran_synced": stamp}))
        table = LandingTable("t", rows, "id", deleted, at, history=True, recreate=recreate)
        lander.land("raw", [table])

    land(["a", "b", "c"], NOON)
    land(["a"], later, deleted=["b"])
    ended = later - timedelta(milliseconds=1)
    versions = "select id, _fivetran_start, _fivetran_active, {} from raw.t order by 1, 2"
    assert query(versions.format("case when not _fivetran_active then _fivetran_end end")) == [
        ("a", NOON, False, ended),
        ("a", later, True, None),
        ("b", NOON, False, ended),
        ("c", NOON, True, None),
    ]
    land(["a"], later, recreate=True)
    assert query("select id from raw.t") == [("a",)]


def test_one_table_that_cannot_be_written_undoes_all(destination: tuple[Lander, Query]) -> None:
    lander, query = destination
    lander.land("raw", [LandingTable("task", _rows(id=pa.array(["a"])), key="id")])
    good = LandingTable("task", _rows(id=pa.array(["b"])), key="id")
    with pytest.raises((duckdb.Error, psycopg.Error)):
        lander.land("raw", [good, LandingTable("other", _rows(id=pa.array(["b"])), key="no such column")])
    assert query("select id from raw.task") == [("a",)]


def test_files_land_unmodified(destination: tuple[Lander, Query], shared: Path) -> None:
    lander, query = destination
    files = sorted((shared / "data/fivetran_schemas").glob("*_data.csv"))
    tables = [LandingTable(file.name.removesuffix("_data.csv"), csv.read_csv(file)) for file in files]
    lander.land("files", tables)
    lander.land("files", tables[:2])
    for table in tables:
        assert query(f'select count(*) from files."{table.name}"') == [(len(table.rows),)]


def test_a_service_that_cannot_be_landed_in_is_named(configuration: Configuration) -> None:
    with pytest.raises(InvalidInput, match="abacus"):
        open_lander(configuration, "abacus", {})
    with pytest.raises(MissingConfiguration, match="PG_SECRET"):
        open_lander(configuration, "postgres", {"password_env": "PG_SECRET"})


def test_an_unreachable_server_is_named(configuration: Configuration) -> None:
    lander = open_lander(
        configuration, "postgres", {"host": "127.0.0.1", "port": 9, "database": "d", "user": "u"}
    )
    with pytest.raises(DestinationUnavailable, match=r"127\.0\.0\.1:9/d"):
        lander.land("raw", [])


@pytest.mark.postgres
def test_a_group_on_postgres_lands_there(configuration: Configuration, postgres_url: str) -> None:
    with served(configuration) as fivetran:
        group = fivetran.data("POST", "/v1/groups", json={"name": "postgres"})["id"]
        config = _postgres(postgres_url)
        body = {"group_id": group, "service": "postgres", "time_zone_offset": "0", "config": config}
        fivetran.data("POST", "/v1/destinations", json=body)
        config = {
            "schema": "acme_servicenow",
            "sample": {"customer": "northwind", "accounts": 3, "history_days": 20},
        }
        connection = {
            "service": "servicenow",
            "group_id": group,
            "schedule_type": "manual",
            "config": config,
        }
        made = fivetran.data("POST", "/v1/connections", json=connection)
        assert fivetran.sync(made["id"])["succeeded_at"]
        fivetran.advance(days=2)
        assert fivetran.sync(made["id"])["failed_at"] is None
        landed = fivetran.syncs(made["id"])
    engine = sa.create_engine(postgres_url)
    with engine.connect() as reader:
        count, newest = reader.execute(
            sa.text("select count(*), count(distinct _fivetran_synced) from acme_servicenow.incident")
        ).one()
    engine.dispose()
    assert landed[0]["rows"]["incident"] <= count <= sum(sync["rows"]["incident"] for sync in landed)
    assert newest == 2
