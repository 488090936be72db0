"""A raw schema of another customer is refused however it is spelled, over HTTP and on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from kpi_platform.dashboard.customers import remove_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.web.conftest import Web

POSTGRES = {"type": "postgres", "host": "127.0.0.1", "port": 5432, "database": "kpi", "username": "u"}
SNOWFLAKE = {
    "type": "snowflake", "host": "xy12345.eu-central-1.snowflakecomputing.com", "database": "KPI",
    "warehouse": "w", "username": "u",
}  # fmt: skip
BIGQUERY = {"type": "bigquery", "project": "acme-data"}
REDSHIFT = {"type": "redshift", "host": "sales.c0.eu-west-1.redshift.amazonaws.com", "database": "dev"}

SPELLINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "alike": (POSTGRES, {}),
    "port left out": (POSTGRES, {"port": None}),
    "dot at the end": ({**POSTGRES, "host": "db.example.com"}, {"host": "db.example.com."}),
    "capitals in the host": ({**POSTGRES, "host": "db.example.com"}, {"host": "DB.example.COM"}),
    "localhost": (POSTGRES, {"host": "localhost"}),
    "IPv6": (POSTGRES, {"host": "::1"}),
    "IPv4 in IPv6": (POSTGRES, {"host": "::ffff:127.0.0.1"}),
    "a number": (POSTGRES, {"host": "2130706433"}),
    "a short address": (POSTGRES, {"host": "127.1"}),
    "a socket": (POSTGRES, {"host": "/var/run/postgresql"}),
    "another database's capitals": (POSTGRES, {"database": "KPI"}),
    "another user and role": (POSTGRES, {"username": "other", "role": "r", "project": "p"}),
    "other marts": (POSTGRES, {"schema": "marts_of_bolt"}),
    "short Snowflake account": (SNOWFLAKE, {"host": "xy12345"}),
    "account with region": (SNOWFLAKE, {"host": "XY12345.eu-central-1"}),
    "Snowflake's port": (SNOWFLAKE, {"port": 443, "role": "r"}),
    "Snowflake's database in small letters": (SNOWFLAKE, {"database": "kpi"}),
    "BigQuery's own host": (BIGQUERY, {"host": "bigquery.googleapis.com", "database": "x"}),
    "another dataset of marts": (BIGQUERY, {"dataset": "marts_of_bolt", "project": "ACME-data"}),
    "Redshift as PostgreSQL": (REDSHIFT, {"type": "postgres", "port": 5439, "username": "u"}),
    "a database beside DuckDB": ({"type": "duckdb"}, {"database": "x"}),
    "a host beside DuckDB": ({"type": "duckdb"}, {"host": "db.example.com", "port": 1, "project": "p"}),
}
ONLY = {"servicenow": {"enabled": False}}


def owned(warehouse: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"warehouse": warehouse, "salesforce": {"schema": "acme_crm"}, **ONLY, **more}


def put(web: Web, customer: str, document: dict[str, Any]) -> Any:
    return web.operator(customer).put("/api/fivetran/config", json=document)


@pytest.mark.parametrize("case", SPELLINGS)
def test_every_spelling_of_anothers_schema_is_refused_over_http(web: Web, case: str) -> None:
    warehouse, other = SPELLINGS[case]
    saved = put(web, "acme", owned(warehouse))
    assert saved.status_code == 200, saved.text
    for name in ("acme_crm", "ACME_crm"):
        stolen = owned({**warehouse, **other}, salesforce={"schema": name})
        answer = put(web, "bolt", stolen)
        assert answer.status_code == 409, answer.text
        assert "'acme'" in answer.json()["error"]["message"]
    assert put(web, "bolt", owned({**warehouse, **other}, salesforce={"schema": "b"})).status_code == 200


@pytest.mark.parametrize("case", SPELLINGS)
def test_every_spelling_of_anothers_schema_is_refused_on_the_command_line(
    web: Web, tmp_path: Path, case: str
) -> None:
    warehouse, other = SPELLINGS[case]
    home = web.configuration.home
    for customer, section in (("acme", warehouse), ("bolt", {**warehouse, **other})):
        file = tmp_path / f"{customer}.json"
        file.write_text(json.dumps(owned(section)))
        result = run_command(home, "settings", "import", customer, str(file))
        assert result.exit_code == (0 if customer == "acme" else 1), result.output
    assert "'acme'" in result.stderr


def test_a_schema_stays_its_owners_when_the_source_is_switched_off_or_the_settings_name_another(
    web: Web,
) -> None:
    warehouse = {"type": "duckdb"}
    off = {"salesforce": {"enabled": False, "schema": "acme_crm"}}
    for later in (off, {"salesforce": {"enabled": False}}, {"salesforce": {"schema": "acme_new"}}):
        assert put(web, "acme", owned(warehouse)).status_code == 200
        assert put(web, "acme", owned(warehouse, **later)).status_code == 200
        assert put(web, "bolt", owned(warehouse)).status_code == 409


def test_a_schema_stays_that_of_a_customer_that_was_removed(web: Web) -> None:
    named = owned({"type": "duckdb"}, salesforce={"schema": "acme_crm", "connection_id": "Conn_1"})
    with web.engine.begin() as connection:
        save_settings(connection, "acme", named, who="test")
        remove_customer(connection, "acme")
    answer = put(web, "bolt", owned({"type": "duckdb"}))
    assert answer.status_code == 409
    assert "customer erase acme --raw-schemas" in answer.json()["error"]["message"]
    other = owned({"type": "duckdb"}, salesforce={"schema": "bolt_crm", "connection_id": "conn_1"})
    assert put(web, "bolt", other).status_code == 409


def test_a_source_that_a_customer_never_had_claims_nothing(web: Web) -> None:
    assert put(web, "acme", {"salesforce": {"schema": "acme_crm"}, **ONLY}).status_code == 200
    assert put(web, "bolt", {"salesforce": {"schema": "bolt_crm"}}).status_code == 200


@pytest.mark.parametrize("marts", ["acme_crm", "ACME_CRM"])
def test_marts_are_never_built_where_fivetran_lands(web: Web, marts: str) -> None:
    assert put(web, "acme", owned({"type": "duckdb"})).status_code == 200
    other = {"salesforce": {"schema": "bolt_crm"}, **ONLY}
    assert put(web, "bolt", {"warehouse": {"schema": marts}, **other}).status_code == 409
    for raw in ("kpi", "KPI", "kpi_preview"):
        assert put(web, "bolt", {"salesforce": {"schema": raw}, **ONLY}).status_code == 409
        assert put(web, "acme", {"salesforce": {"schema": raw}, **ONLY}).status_code == 409
    assert put(web, "bolt", {"warehouse": {"schema": "kpi"}, **other}).status_code == 200


def test_a_place_that_cannot_be_asked_is_saved_with_a_warning(web: Web) -> None:
    answer = put(web, "acme", owned({**POSTGRES, "host": "db.example.com"}))
    [warning] = answer.json()["warnings"]
    assert "db.example.com" in warning
    assert "KPI_ALLOWED_HOSTS" in warning
    again = put(web, "acme", owned({**POSTGRES, "host": "db.example.com"}, health_score={}))
    assert again.json()["warnings"] == []


def test_the_settings_page_shows_the_warning_too(web: Web) -> None:
    assert put(web, "acme", owned({"type": "duckdb"})).status_code == 200
    place = {f"warehouse.{name}": str(value) for name, value in POSTGRES.items()}
    typed = {**place, "warehouse.host": "db.example.com", "expected_version": "1"}
    page = web.operator("acme").post("/settings?section=warehouse", data=typed)
    assert page.status_code == 200
    assert "Saved as version 2" in page.text
    assert "KPI_ALLOWED_HOSTS" in page.text.partition("Saved as version 2")[2].partition("</div>")[0]
