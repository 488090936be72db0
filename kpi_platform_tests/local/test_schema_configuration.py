"""The schema configuration: locks, switches of schemas and columns, what is asked before it is known."""

import time
from typing import Any

import pytest

from kpi_platform_tests.local.conftest import Served

CONNECTION = "northwind_salesforce"
_PATH = f"/v1/connections/{CONNECTION}"
_TABLE = f"{_PATH}/schemas/salesforce/tables/account"


def _tables(fivetran: Served) -> dict[str, Any]:
    tables: dict[str, Any] = fivetran.data("GET", f"{_PATH}/schemas")["schemas"]["salesforce"]["tables"]
    return tables


def _switch(fivetran: Served, tables: dict[str, bool]) -> Any:
    switches = {table: {"enabled": on} for table, on in tables.items()}
    body = {"schemas": {"salesforce": {"enabled": True, "tables": switches}}}
    return fivetran.api.patch(f"{_PATH}/schemas", json=body)


def test_a_locked_table_says_why_and_changes_nothing_with_it(fivetran: Served) -> None:
    fivetran.data("POST", f"{_PATH}/schemas/reload", json={})
    fivetran.control("PATCH", CONNECTION, locked_tables={"event": "SYSTEM_TABLE", "task": "OTHER"})
    settings = {name: table["enabled_patch_settings"] for name, table in _tables(fivetran).items()}
    assert settings["event"] == {"allowed": False, "reason_code": "SYSTEM_TABLE"}
    assert settings["task"]["reason_code"] == "OTHER" and settings["task"]["reason"]
    assert settings["case"] == {"allowed": True}
    refused = _switch(fivetran, {"case": False, "event": False})
    assert refused.status_code == 400 and "SYSTEM_TABLE" in refused.json()["message"]
    assert _tables(fivetran)["case"]["enabled"]
    assert _switch(fivetran, {"case": False, "event": True}).status_code == 200


def test_a_change_may_be_answered_with_less_than_was_asked(fivetran: Served) -> None:
    fivetran.data("POST", f"{_PATH}/schemas/reload", json={})
    fivetran.control("PATCH", CONNECTION, ignored_tables=["event"])
    answer = _switch(fivetran, {"case": False, "event": False})
    tables = answer.json()["data"]["schemas"]["salesforce"]["tables"]
    assert (answer.status_code, tables["case"]["enabled"], tables["event"]["enabled"]) == (200, False, True)


def test_a_schema_has_a_switch_of_its_own(fivetran: Served) -> None:
    fivetran.data("POST", f"{_PATH}/schemas/reload", json={})
    body = {"enabled": False, "tables": {"event": {"enabled": True}}}
    answer = fivetran.data("PATCH", f"{_PATH}/schemas/salesforce", json=body)["schemas"]["salesforce"]
    assert not answer["enabled"] and all(table["enabled"] for table in answer["tables"].values())
    fivetran.sync(CONNECTION)
    assert fivetran.syncs(CONNECTION)[-1]["rows"] == {}
    fivetran.data("PATCH", f"{_PATH}/schemas/salesforce", json={"enabled": True})
    fivetran.sync(CONNECTION)
    assert fivetran.syncs(CONNECTION)[-1]["rows"]["Account"] > 0


@pytest.mark.parametrize(("mode", "enabled"), [("EXCLUDE", False), ("INCLUDE", True)])
def test_a_reload_can_switch_all_tables(fivetran: Served, mode: str, enabled: bool) -> None:
    fivetran.data("POST", f"{_PATH}/schemas/reload", json={})
    _switch(fivetran, {"case": not enabled})
    fivetran.data("POST", f"{_PATH}/schemas/reload", json={"exclude_mode": mode})
    assert {table["enabled"] for table in _tables(fivetran).values()} == {enabled}


def test_a_reload_needs_a_complete_set_up_and_takes_its_time(fivetran: Served) -> None:
    fivetran.control("PATCH", CONNECTION, setup_state="incomplete")
    refused = fivetran.api.post(f"{_PATH}/schemas/reload", json={})
    assert (refused.status_code, refused.json()["code"]) == (400, "InvalidInput")
    assert "'incomplete'" in refused.json()["message"]
    fivetran.control("PATCH", CONNECTION, setup_state="connected")
    fivetran.behave(reload_seconds=60, time_lapse=200)
    began = time.monotonic()
    fivetran.data("POST", f"{_PATH}/schemas/reload", json={})
    assert time.monotonic() - began >= 0.3


def test_what_is_asked_before_the_schema_is_known_holds_from_the_first_sync_on(fivetran: Served) -> None:
    columns = {"annual_revenue": {"enabled": False}, "name": {"enabled": True, "hashed": True}}
    tables = {
        "event": {"enabled": False},
        "account": {"enabled": True, "columns": columns},
        "nonsense": {"enabled": False},
    }
    body = {"schemas": {"salesforce": {"enabled": True, "tables": tables}}}
    asked = fivetran.data("POST", f"{_PATH}/schemas", json=body)["schemas"]["salesforce"]["tables"]
    assert asked["account"]["columns"]["annual_revenue"]["enabled"] is False
    assert fivetran.api.get(f"{_PATH}/schemas").status_code == 404
    fivetran.sync(CONNECTION)
    assert fivetran.columns(CONNECTION, "event") == {}
    assert "annual_revenue" not in fivetran.columns(CONNECTION, "account")
    assert _hashes(fivetran) == [(88, 88)]
    assert not _tables(fivetran)["event"]["enabled"] and "nonsense" not in _tables(fivetran)


def test_a_column_can_be_hashed_and_no_longer(fivetran: Served) -> None:
    fivetran.sync(CONNECTION)
    plain = fivetran.query(f"select id, name from {CONNECTION}.account order by all")
    fivetran.data("PATCH", f"{_TABLE}/columns/name", json={"enabled": True, "hashed": True})
    fivetran.sync(CONNECTION)
    assert _hashes(fivetran) == [(88, 88)]
    fivetran.data("PATCH", f"{_TABLE}/columns/name", json={"enabled": True, "hashed": False})
    fivetran.sync(CONNECTION)
    assert fivetran.query(f"select id, name from {CONNECTION}.account order by all") == plain


def test_a_blocked_column_stays_until_it_is_dropped(fivetran: Served) -> None:
    fivetran.sync(CONNECTION)
    fivetran.data("PATCH", f"{_TABLE}/columns/annual_revenue", json={"enabled": False})
    fivetran.sync(CONNECTION)
    assert "annual_revenue" in fivetran.columns(CONNECTION, "account")
    fivetran.data("DELETE", f"{_TABLE}/columns/annual_revenue")
    fivetran.sync(CONNECTION)
    assert "annual_revenue" not in fivetran.columns(CONNECTION, "account")
    assert fivetran.query(f"select count(*) > 0 from {CONNECTION}.account") == [(True,)]
    written = fivetran.syncs(CONNECTION)[-1]["rows"]["Account"]
    fivetran.sync(CONNECTION)
    assert fivetran.syncs(CONNECTION)[-1]["rows"]["Account"] < written


def test_columns_are_told_of_a_connected_source_only(fivetran: Served) -> None:
    fivetran.data("POST", f"{_PATH}/schemas/reload", json={})
    columns = fivetran.data("GET", f"{_TABLE}/columns")["columns"]
    key = columns["id"]
    assert key["is_primary_key"] and key["enabled_patch_settings"]["reason_code"] == "SYSTEM_COLUMN"
    fivetran.control("PATCH", CONNECTION, setup_state="broken")
    assert fivetran.api.get(f"{_TABLE}/columns").status_code == 400


def _hashes(fivetran: Served) -> list[tuple[Any, ...]]:
    return fivetran.query(f"select min(length(name)), max(length(name)) from {CONNECTION}.account")
