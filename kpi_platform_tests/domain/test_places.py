"""Settings that name the same place spell it alike."""

from typing import Any

import pytest

from kpi_platform.domain.places import spelled_place, spelled_server
from kpi_platform.domain.settings import parse_settings


def place(kind: str, **warehouse: Any) -> str:
    return spelled_place(parse_settings({"warehouse": {"type": kind, **warehouse}}).warehouse)


POSTGRES = {"host": "db.example.com", "port": 5432, "database": "kpi"}
SNOWFLAKE = {"host": "xy12345.eu-central-1.snowflakecomputing.com", "database": "KPI"}


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("postgres", POSTGRES, {"port": None}),
        ("postgres", POSTGRES, {"host": "db.example.com."}),
        ("postgres", POSTGRES, {"host": "DB.Example.COM"}),
        ("postgres", POSTGRES, {"database": "KPI"}),
        ("postgres", POSTGRES, {"username": "somebody", "role": "else", "warehouse": "w", "project": "p"}),
        ("postgres", POSTGRES, {"schema": "marts", "dataset": "marts"}),
        *(
            ("postgres", POSTGRES | {"host": "127.0.0.1"}, {"host": host})
            for host in (
                "localhost", "LOCALHOST.", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "127.1",
                "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.2", "0.0.0.0", "db.localhost",
                "/var/run/postgresql",
            )
        ),
        ("postgres", POSTGRES | {"host": "10.1.0.5"}, {"host": "10.1.5"}),
        ("redshift", POSTGRES | {"port": 5439}, {"port": None}),
        ("redshift", POSTGRES | {"port": 5439}, {"type": "postgres"}),
        ("snowflake", SNOWFLAKE, {"host": "xy12345"}),
        ("snowflake", SNOWFLAKE, {"host": "XY12345.eu-central-1"}),
        ("snowflake", SNOWFLAKE, {"host": "xy12345.eu-central-1.aws.snowflakecomputing.com."}),
        ("snowflake", SNOWFLAKE, {"host": "xy12345.privatelink.snowflakecomputing.com"}),
        ("snowflake", SNOWFLAKE, {"database": "kpi", "port": 443, "role": "r", "warehouse": "w"}),
        ("snowflake", SNOWFLAKE | {"host": "org-my-account"}, {"host": "org-my_account"}),
        ("bigquery", {"project": "acme-data"}, {"project": "Acme-Data", "dataset": "d", "database": "x"}),
        ("bigquery", {"project": "acme-data"}, {"host": "bigquery.googleapis.com", "port": 443}),
        ("duckdb", {}, {"database": "x", "host": "db.example.com", "port": 1}),
    ],
)  # fmt: skip
def test_spellings_of_one_place_are_equal(kind: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert place(**{"kind": kind, **one}) == place(**{"kind": other.pop("type", kind), **one, **other})


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("postgres", POSTGRES, {"host": "db2.example.com"}),
        ("postgres", POSTGRES, {"port": 5433}),
        ("postgres", POSTGRES, {"database": "other"}),
        ("postgres", POSTGRES | {"host": "10.1.0.5"}, {"host": "10.1.0.6"}),
        ("snowflake", SNOWFLAKE, {"host": "xy12346"}),
        ("snowflake", SNOWFLAKE, {"database": "other"}),
        ("bigquery", {"project": "acme-data"}, {"project": "bolt-data"}),
    ],
)
def test_other_places_differ(kind: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert place(kind, **one) != place(kind, **one | other)


def test_a_server_has_many_databases() -> None:
    one, other = (
        parse_settings({"warehouse": {"type": "postgres", **POSTGRES, "database": name}}).warehouse
        for name in ("a", "b")
    )
    assert spelled_server(one) == spelled_server(other) == "server:db.example.com:5432"
