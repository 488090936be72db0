"""Syncs land new and changed rows, mark deletions, and obey the schema configuration."""

import time
from datetime import datetime

import pytest

from kpi_platform_tests.local.conftest import Served
from kpi_platform_tests.local.waiting import eventually

SALESFORCE, SERVICENOW = "northwind_salesforce", "northwind_servicenow"


def test_the_first_sync_is_historical_and_lands_typed_columns(fivetran: Served) -> None:
    assert fivetran.connection(SALESFORCE)["status"]["is_historical_sync"]
    assert not fivetran.sync(SALESFORCE)["status"]["is_historical_sync"]
    account = fivetran.columns(SALESFORCE, "account")
    assert account["annual_revenue"] == "DOUBLE"
    assert account["is_deleted"] == "BOOLEAN"
    assert account["_fivetran_synced"] == account["created_date"] == "TIMESTAMP WITH TIME ZONE"
    assert fivetran.columns(SALESFORCE, "opportunity")["close_date"] == "DATE"
    assert "_fivetran_deleted" in fivetran.columns(SALESFORCE, "user")
    assert "_fivetran_deleted" not in account
    assert "nps_score_c" in account and "churn_risk_score_c" not in account


def test_a_later_sync_writes_only_what_is_new_or_changed(fivetran: Served) -> None:
    fivetran.sync(SERVICENOW)
    before = dict(fivetran.query("select sys_id, _fivetran_synced from northwind_servicenow.incident"))
    fivetran.advance(days=3)
    fivetran.sync(SERVICENOW)
    after = dict(fivetran.query("select sys_id, _fivetran_synced from northwind_servicenow.incident"))
    written = {key for key, synced in after.items() if before.get(key) != synced}
    assert 0 < len(written) < len(after)
    assert len({after[key] for key in written}) == 1
    assert set(before) <= set(after) and len(after) > len(before)
    changed = written & set(before)
    states = fivetran.query(
        "select count(distinct incident_state) from northwind_servicenow.incident where sys_id in"
        " (select unnest(?))",
        [list(changed)],
    )
    assert changed and states[0][0] >= 1
    assert fivetran.syncs(SERVICENOW)[-1]["rows"]["incident"] == len(written)


def test_incremental_syncs_end_where_one_historical_sync_ends(fivetran: Served) -> None:
    for days in (0, 2, 5, 5):
        fivetran.advance(days=days)
        fivetran.sync(SALESFORCE)
        fivetran.sync(SERVICENOW)
    incremental = {
        table: fivetran.query(f'select * exclude (_fivetran_synced) from "{schema}"."{table}" order by all')
        for schema, table in [(SALESFORCE, "opportunity"), (SALESFORCE, "case"), (SERVICENOW, "task")]
    }
    for schema in (SALESFORCE, SERVICENOW):
        fivetran.data("POST", f"/v1/connections/{schema}/resync")
        fivetran.settled(schema)
    for schema, table in [(SALESFORCE, "opportunity"), (SALESFORCE, "case"), (SERVICENOW, "task")]:
        whole = fivetran.query(f'select * exclude (_fivetran_synced) from "{schema}"."{table}" order by all')
        assert whole == incremental[table]


def test_rows_deleted_at_the_source_are_marked_with_the_first_deletion(fivetran: Served) -> None:
    fivetran.sync(SERVICENOW)
    assert "_fivetran_deleted" not in fivetran.columns(SERVICENOW, "incident")
    keys = [key for (key,) in fivetran.query("select sys_id from northwind_servicenow.incident limit 2")]
    body = {"table": "incident", "keys": keys}
    fivetran.data("POST", f"/_local/connections/{SERVICENOW}/deletes", json=body)
    fivetran.sync(SERVICENOW)
    marked = fivetran.query("select sys_id from northwind_servicenow.incident where _fivetran_deleted")
    assert sorted(key for (key,) in marked) == sorted(keys)
    rows, known = fivetran.query(
        "select count(*), count(_fivetran_deleted) from northwind_servicenow.incident"
    )[0]
    assert rows == known
    assert "_fivetran_deleted" not in fivetran.columns(SERVICENOW, "task_sla")


def test_salesforce_says_of_deleted_rows_that_they_are(fivetran: Served) -> None:
    fivetran.sync(SALESFORCE)
    (key,) = fivetran.query("select id from northwind_salesforce.contact where not is_deleted limit 1")[0]
    body = {"table": "Contact", "keys": [key]}
    fivetran.data("POST", f"/_local/connections/{SALESFORCE}/deletes", json=body)
    fivetran.sync(SALESFORCE)
    deleted = "select is_deleted, name is not null from northwind_salesforce.contact where id = ?"
    assert fivetran.query(deleted, [key]) == [(True, True)]
    assert fivetran.syncs(SALESFORCE)[-1]["rows"]["Contact"] == 1
    assert "_fivetran_deleted" not in fivetran.columns(SALESFORCE, "contact")
    fivetran.data("POST", f"/v1/connections/{SALESFORCE}/resync")
    fivetran.settled(SALESFORCE)
    assert fivetran.query(deleted, [key]) == [(True, True)]


def test_two_connections_sync_at_once(fivetran: Served) -> None:
    for connection in (SALESFORCE, SERVICENOW, "umbra_servicenow"):
        fivetran.data("POST", f"/v1/connections/{connection}/sync")
    for connection in (SALESFORCE, SERVICENOW, "umbra_servicenow"):
        assert fivetran.settled(connection)["succeeded_at"]


def test_tables_that_are_switched_off_are_left_out_from_the_next_sync_on(fivetran: Served) -> None:
    fivetran.data("POST", f"/v1/connections/{SALESFORCE}/schemas/reload")
    change = {"schemas": {"salesforce": {"tables": {"event": {"enabled": False}}}}}
    configuration = fivetran.data("PATCH", f"/v1/connections/{SALESFORCE}/schemas", json=change)
    assert configuration["schemas"]["salesforce"]["tables"]["event"]["enabled"] is False
    fivetran.sync(SALESFORCE)
    assert fivetran.columns(SALESFORCE, "event") == {}
    change["schemas"]["salesforce"]["tables"]["event"]["enabled"] = True
    fivetran.data("PATCH", f"/v1/connectors/{SALESFORCE}/schemas", json=change)
    fivetran.sync(SALESFORCE)
    first, second = fivetran.syncs(SALESFORCE)
    assert "Event" not in first["rows"] and second["rows"]["Event"] > 0


def test_columns_that_are_switched_off_do_not_land(fivetran: Served) -> None:
    fivetran.data("POST", f"/v1/connections/{SALESFORCE}/schemas/reload")
    path = f"/v1/connections/{SALESFORCE}/schemas/salesforce/tables/account"
    fivetran.data("PATCH", path, json={"columns": {"annual_revenue": {"enabled": False}}})
    refused = fivetran.api.patch(path, json={"columns": {"id": {"enabled": False}}})
    assert refused.status_code == 400
    fivetran.sync(SALESFORCE)
    assert "annual_revenue" not in fivetran.columns(SALESFORCE, "account")
    assert fivetran.data("GET", f"{path}/columns")["columns"]["annual_revenue"]["enabled"] is False


def test_an_unknown_table_changes_no_switch(fivetran: Served) -> None:
    fivetran.data("POST", f"/v1/connections/{SALESFORCE}/schemas/reload")
    tables = {"event": {"enabled": False}, "nonsense": {"enabled": False}}
    change = {"schemas": {"salesforce": {"tables": tables}}}
    assert fivetran.api.patch(f"/v1/connections/{SALESFORCE}/schemas", json=change).status_code == 404
    configuration = fivetran.data("GET", f"/v1/connections/{SALESFORCE}/schemas")
    assert configuration["schemas"]["salesforce"]["tables"]["event"]["enabled"] is True


def test_a_table_in_history_mode_is_made_anew_and_keeps_its_versions(fivetran: Served) -> None:
    fivetran.sync(SERVICENOW)
    path = f"/v1/connections/{SERVICENOW}/schemas/{SERVICENOW}/tables/incident"
    fivetran.data("PATCH", path, json={"sync_mode": "HISTORY"})
    for days in (0, 3):
        fivetran.advance(days=days)
        fivetran.sync(SERVICENOW)
    versions = fivetran.query(
        "select max(versions), max(active), mode(active) from (select count(*) as versions,"
        " count(*) filter (_fivetran_active) as active from northwind_servicenow.incident group by sys_id)"
    )
    assert versions == [(2, 1, 1)]
    assert "_fivetran_active" not in fivetran.columns(SERVICENOW, "task")


def test_a_failed_sync_moves_failed_at_and_lands_nothing(fivetran: Served) -> None:
    plan = {"outcome": "failed", "reason": "The token has expired."}
    fivetran.data("POST", f"/_local/connections/{SALESFORCE}/outcomes", json=plan)
    connection = fivetran.sync(SALESFORCE)
    assert connection["failed_at"] and not connection["succeeded_at"]
    assert connection["status"]["update_state"] == "delayed"
    assert connection["status"]["tasks"] == [{"code": "reconnect", "message": "The token has expired."}]
    assert not fivetran.configuration.warehouse_file.exists()
    connection = fivetran.sync(SALESFORCE)
    assert connection["succeeded_at"] > connection["failed_at"]
    assert connection["status"]["tasks"] == []


def test_a_rescheduled_sync_starts_again_by_itself_on_fivetrans_schedule(fivetran: Served) -> None:
    fivetran.control("PATCH", SALESFORCE, setup_state="incomplete")
    patch = {"schedule_type": "auto", "run_setup_tests": False}
    fivetran.data("PATCH", f"/v1/connections/{SALESFORCE}", json=patch)
    plan = {"outcome": "rescheduled", "reschedule_seconds": 0.5}
    fivetran.data("POST", f"/_local/connections/{SALESFORCE}/outcomes", json=plan)
    fivetran.control("PATCH", SALESFORCE, setup_state="connected")
    eventually(lambda: fivetran.connection(SALESFORCE)["status"]["rescheduled_for"])
    assert fivetran.connection(SALESFORCE)["status"]["sync_state"] == "rescheduled"
    eventually(lambda: fivetran.connection(SALESFORCE)["succeeded_at"] is not None)
    assert [sync["status"] for sync in fivetran.syncs(SALESFORCE)] == ["RESCHEDULED", "SUCCESSFUL"]


def test_a_rescheduled_sync_of_a_manual_connection_waits_to_be_asked_for(fivetran: Served) -> None:
    fivetran.control("POST", f"{SALESFORCE}/outcomes", outcome="rescheduled", reschedule_seconds=0.1)
    status = fivetran.sync(SALESFORCE)["status"]
    assert status["sync_state"] == "rescheduled" and status["rescheduled_for"]
    time.sleep(0.5)
    assert fivetran.connection(SALESFORCE)["status"] == status
    assert fivetran.sync(SALESFORCE)["succeeded_at"] is not None
    assert fivetran.connection(SALESFORCE)["status"]["rescheduled_for"] is None


def test_a_broken_connection_is_mended_by_a_sync_that_goes_through_and_by_nothing_else(
    fivetran: Served,
) -> None:
    fivetran.control("POST", f"{SALESFORCE}/outcomes", outcome="broken")
    assert fivetran.sync(SALESFORCE)["status"]["setup_state"] == "broken"
    tested = fivetran.data("POST", f"/v1/connections/{SALESFORCE}/test", json={})
    assert tested["setup_tests"][0]["status"] == "FAILED" and tested["status"]["setup_state"] == "broken"
    refused = fivetran.api.post(f"/v1/connections/{SALESFORCE}/schemas/reload", json={})
    assert refused.status_code == 400 and "'broken'" in refused.json()["message"]
    assert fivetran.sync(SALESFORCE)["status"]["setup_state"] == "connected"


@pytest.mark.parametrize("way", ["planned", "by hand"])
def test_a_cancelled_sync_moves_neither_time(fivetran: Served, way: str) -> None:
    before = fivetran.sync(SALESFORCE)
    plan = {"outcome": "cancelled"} if way == "planned" else {"duration_seconds": 60}
    fivetran.control("POST", f"{SALESFORCE}/outcomes", **plan)
    fivetran.data("POST", f"/v1/connections/{SALESFORCE}/sync")
    if way == "by hand":
        assert fivetran.control("POST", f"{SALESFORCE}/cancel") == {"cancelled": True}
    after = fivetran.settled(SALESFORCE)
    assert after == before and after["status"]["sync_state"] == "scheduled"
    assert fivetran.syncs(SALESFORCE)[-1]["status"] == "CANCELED"


def test_a_first_sync_is_historical_as_long_as_it_takes(fivetran: Served) -> None:
    fivetran.behave(historical_sync_seconds=7200, time_lapse=7200)
    fivetran.data("POST", f"/v1/connections/{SALESFORCE}/sync")
    status = fivetran.connection(SALESFORCE)["status"]
    assert status["sync_state"] == "syncing" and status["is_historical_sync"]
    assert not fivetran.settled(SALESFORCE)["status"]["is_historical_sync"]
    (sync,) = fivetran.syncs(SALESFORCE)
    took = datetime.fromisoformat(sync["ended_at"]) - datetime.fromisoformat(sync["started_at"])
    assert took.total_seconds() >= 1


def test_a_historical_sync_can_be_asked_for_with_a_patch(fivetran: Served) -> None:
    first = fivetran.sync(SALESFORCE)
    patch = {"is_historical_sync": True, "run_setup_tests": False}
    assert fivetran.data("PATCH", f"/v1/connections/{SALESFORCE}", json=patch)["status"]["is_historical_sync"]
    assert fivetran.settled(SALESFORCE)["succeeded_at"] > first["succeeded_at"]
    rows = [sync["rows"] for sync in fivetran.syncs(SALESFORCE)]
    assert rows[0] == rows[1]


def test_a_resync_of_a_paused_connection_comes_when_it_is_resumed(fivetran: Served) -> None:
    fivetran.sync(SALESFORCE)
    for paused in (True, False):
        patch = {"paused": paused, "run_setup_tests": False}
        fivetran.data("PATCH", f"/v1/connections/{SALESFORCE}", json=patch)
        if paused:
            fivetran.data("POST", f"/v1/connections/{SALESFORCE}/resync", json={})
    fivetran.sync(SALESFORCE)
    rows = [sync["rows"] for sync in fivetran.syncs(SALESFORCE)]
    assert rows[0] == rows[1]


def test_a_slow_sync_goes_on_unless_it_is_forced(fivetran: Served) -> None:
    fivetran.data("POST", f"/_local/connections/{SALESFORCE}/outcomes", json={"duration_seconds": 60})
    for _ in range(2):
        fivetran.data("POST", f"/v1/connections/{SALESFORCE}/sync")
        assert fivetran.connection(SALESFORCE)["status"]["sync_state"] == "syncing"
    fivetran.data("POST", f"/v1/connectors/{SALESFORCE}/force")
    assert fivetran.settled(SALESFORCE)["succeeded_at"]
    assert [sync["status"] for sync in fivetran.syncs(SALESFORCE)] == ["CANCELED", "SUCCESSFUL"]


def test_fivetrans_own_schedule_syncs_by_itself_until_it_is_paused(fivetran: Served) -> None:
    fivetran.data("PATCH", f"/v1/connections/{SALESFORCE}", json={"schedule_type": "auto"})
    eventually(lambda: fivetran.connection(SALESFORCE)["succeeded_at"] is not None)
    assert [sync["trigger"] for sync in fivetran.syncs(SALESFORCE)] == ["schedule"]
    paused = fivetran.data("PATCH", f"/v1/connections/{SALESFORCE}", json={"paused": True})
    assert paused["status"]["sync_state"] == "paused"
    assert fivetran.api.post(f"/v1/connections/{SALESFORCE}/sync").status_code == 409


def test_a_sync_that_fivetran_starts_can_be_triggered(fivetran: Served) -> None:
    assert fivetran.data("POST", f"/_local/connections/{SALESFORCE}/trigger") == {"started": True}
    assert fivetran.settled(SALESFORCE)["succeeded_at"]


@pytest.mark.parametrize("customer", ["initech", "umbra"])
def test_the_other_customers_sources_are_shaped_differently(fivetran: Served, customer: str) -> None:
    fivetran.sync(f"{customer}_salesforce")
    fivetran.sync(f"{customer}_servicenow")
    incident = fivetran.columns(f"{customer}_servicenow", "incident")
    assert {"opened_at", "made_sla", "resolved_at"} <= set(incident)
    assert fivetran.columns(f"{customer}_servicenow", "task") == {}
    if customer == "initech":
        assert "NPS_Score__c" in fivetran.columns("initech_salesforce", "Account")
        assert "u_customer_account_id_value" in incident
    else:
        for schema, table in [
            ("salesforce", "event"),
            ("salesforce", "contact"),
            ("servicenow", "core_company"),
        ]:
            assert fivetran.columns(f"umbra_{schema}", table) == {}
        assert "u_satisfaction_rating" not in incident
