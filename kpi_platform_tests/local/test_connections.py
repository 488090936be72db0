"""Making, setting up and removing connections, groups and destinations."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from kpi_platform_tests.local.conftest import Served
from kpi_platform_tests.local.waiting import eventually

CARD = {"connect_card_config": {"redirect_uri": "https://dashboard.example/back?tab=1"}}
NEW: dict[str, Any] = {
    "service": "servicenow",
    "group_id": "local",
    "config": {"schema": "acme_servicenow", "sample": {"accounts": 3, "history_days": 20}},
    "schedule_type": "manual",
    "run_setup_tests": False,
    **CARD,
}


def test_a_connection_is_set_up_on_the_connect_card_and_then_syncs(fivetran: Served) -> None:
    made = fivetran.data("POST", "/v1/connections", json=NEW)
    assert made["status"]["setup_state"] == "incomplete"
    refused = fivetran.api.post(f"/v1/connections/{made['id']}/sync")
    assert (refused.status_code, refused.json()["code"]) == (409, "Conflict")

    card = made["connect_card"]
    assert parse_qs(urlsplit(card["uri"]).query) == {"auth": [card["token"]]}
    page = httpx.get(card["uri"])
    assert page.status_code == 200 and "acme_servicenow" in page.text
    done = httpx.post(card["uri"])
    assert done.status_code == 303
    assert done.headers["location"] == f"https://dashboard.example/back?tab=1&id={made['id']}"
    assert httpx.post(card["uri"]).status_code == 403

    assert fivetran.sync(made["id"])["succeeded_at"] is not None
    assert fivetran.query("select count(*) > 0 from acme_servicenow.incident") == [(True,)]


def test_a_new_card_replaces_the_old_one(fivetran: Served) -> None:
    made = fivetran.data("POST", "/v1/connections", json=NEW)
    again = fivetran.data("POST", f"/v1/connections/{made['id']}/connect-card", json=CARD)["connect_card"]
    assert httpx.get(made["connect_card"]["uri"]).status_code == 403
    assert httpx.post(again["uri"]).status_code == 303
    assert fivetran.connection(made["id"])["status"]["setup_state"] == "connected"


def test_a_schema_belongs_to_one_connection_of_a_group(fivetran: Served) -> None:
    fivetran.data("POST", "/v1/connections", json=NEW)
    assert fivetran.api.post("/v1/connections", json=NEW).status_code == 409


def test_an_unknown_service_is_invalid(fivetran: Served) -> None:
    answer = fivetran.api.post("/v1/connections", json=NEW | {"service": "carrier_pigeon"})
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidInput")


def test_the_sources_own_names_land_where_asked_for(fivetran: Served) -> None:
    body = NEW | {
        "service": "salesforce",
        "config": {"schema": "acme_salesforce", "sample": {"accounts": 3, "history_days": 20}},
        "destination_schema_names": "SOURCE_NAMING",
        "run_setup_tests": True,
    }
    made = fivetran.data("POST", "/v1/connections", json=body)
    fivetran.sync(made["id"])
    assert {"Id", "AnnualRevenue", "NPS_Score__c", "_fivetran_synced"} <= set(
        fivetran.columns("acme_salesforce", "Account")
    )


def test_a_connection_on_a_schedule_begins_by_itself_once_it_is_set_up(fivetran: Served) -> None:
    made = fivetran.data("POST", "/v1/connections", json=NEW | {"schedule_type": "auto"})
    httpx.post(made["connect_card"]["uri"])
    eventually(lambda: fivetran.connection(made["id"])["succeeded_at"] is not None)


def test_a_deleted_connection_is_gone(fivetran: Served) -> None:
    made = fivetran.data("POST", "/v1/connections", json=NEW)
    fivetran.data("DELETE", f"/v1/connections/{made['id']}")
    assert fivetran.api.get(f"/v1/connections/{made['id']}").status_code == 404


def test_a_group_gets_its_own_destination(fivetran: Served) -> None:
    group = fivetran.data("POST", "/v1/groups", json={"name": "second"})
    elsewhere = str(fivetran.configuration.home / "second.duckdb")
    destination = {
        "group_id": group["id"],
        "service": "duckdb",
        "time_zone_offset": "0",
        "config": {"path": elsewhere},
    }
    fivetran.data("POST", "/v1/destinations", json=destination)
    assert fivetran.data("GET", f"/v1/destinations/{group['id']}")["config"]["path"] == elsewhere
    fivetran.data("POST", "/v1/connections", json=NEW | {"group_id": group["id"], "run_setup_tests": True})
    assert fivetran.api.delete(f"/v1/groups/{group['id']}").status_code == 409
    unknown = fivetran.api.post("/v1/destinations", json=destination | {"service": "abacus"})
    assert unknown.status_code == 409


def test_a_destination_that_cannot_be_landed_in_is_refused(fivetran: Served) -> None:
    group = fivetran.data("POST", "/v1/groups", json={"name": "third"})
    body = {"group_id": group["id"], "service": "abacus", "time_zone_offset": "0", "config": {}}
    answer = fivetran.api.post("/v1/destinations", json=body)
    assert answer.status_code == 400 and "abacus" in answer.json()["message"]
