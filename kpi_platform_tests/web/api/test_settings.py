"""The settings document over HTTP; the connections are the local Fivetran's, if one is asked."""

from typing import Any

from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform_tests.pipeline.uncomputable import COMPUTABLE, UNCOMPUTABLE, land_cases
from kpi_platform_tests.web.conftest import Web

REPLACE = {"update": {"mode": "replace"}}


def test_a_document_can_be_read_and_saved_again_without_a_change(web: Web) -> None:
    client = web.client()
    answer = client.get("/api/fivetran/config")
    document = answer.json()
    assert (answer.headers["etag"], document["fivetran"]["last_sync"]) == ('"0"', None)
    first = client.put("/api/fivetran/config", json=document, headers={"If-Match": '"0"'}).json()
    assert first["changes"] == []
    document["update"]["mode"] = "replace"
    saved = client.put("/api/fivetran/config", json=document)
    assert saved.headers["etag"] == f'"{saved.json()["version"]}"'
    assert [one["path"] for one in saved.json()["changes"]] == ["update.mode"]
    version = saved.json()["version"]
    stored = client.get(f"/api/fivetran/config/history/{version}").json()
    assert stored["document"] == {"update": {"mode": "replace"}}  # defaults stay defaults
    assert stored["saved_by"] == "acme write"


def test_another_table_prefix_renames_the_custom_fields_that_were_given_no_other_name(web: Web) -> None:
    client = web.client()
    document = client.get("/api/fivetran/config").json()
    # As a document that was stored before names made by the prefix were left out.
    with web.engine.begin() as connection:
        save_settings(connection, "acme", {"servicenow": document["servicenow"]}, who="test")
    document["servicenow"]["custom_fields"]["satisfaction_rating"] = "rating"
    client.put("/api/fivetran/config", json=document)
    document["servicenow"]["table_prefix"] = "x_"
    saved = client.put("/api/fivetran/config", json=document).json()
    fields = saved["settings"]["servicenow"]["custom_fields"]
    assert fields == {
        "customer_account_id": "x_customer_account_id",
        "customer_account_name": "x_customer_account_name",
        "first_responded_at": "x_first_responded_at",
        "satisfaction_rating": "rating",
    }
    changed = {one["path"].removeprefix("servicenow.") for one in saved["changes"]}
    renamed = {f"custom_fields.{name}" for name in fields if name != "satisfaction_rating"}
    assert changed == {"table_prefix"} | renamed


def test_whoever_comes_second_is_told_so(web: Web) -> None:
    client = web.client()
    mine: dict[str, Any] = {"update": {"mode": "replace"}}
    client.put("/api/fivetran/config", json=mine, headers={"If-Match": '"0"'})
    late = client.put(
        "/api/fivetran/config", json={"alerts": {"on_stale_hours": 2}}, headers={"If-Match": '"0"'}
    )
    assert late.status_code == 412
    assert late.json()["error"]["code"] == "precondition_failed"
    assert client.get("/api/fivetran/config").json()["alerts"]["on_stale_hours"] == 24


def test_wrong_settings_are_named_and_nothing_is_saved(web: Web) -> None:
    client = web.client()
    wrong = {"update": {"mode": "both"}, "warehouse": {"password": "hunter2"}}
    answer = client.put("/api/fivetran/config", json=wrong)
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json()["error"]["details"]["errors"]} == {
        "update.mode", "warehouse.password",
    }  # fmt: skip
    assert "hunter2" not in answer.text
    assert client.get("/api/fivetran/config/history").json() == []


def test_a_custom_kpi_that_cannot_be_computed_is_refused_at_its_field(web: Web) -> None:
    land_cases(web.configuration.warehouse_file, "salesforce_crm")
    client = web.client()

    def save(definition: Any) -> Any:
        document = {"servicenow": {"enabled": False}, "custom_kpis": [definition]}
        return client.put("/api/fivetran/config", json=document)

    for what, (change, path) in UNCOMPUTABLE.items():
        answer = save({**COMPUTABLE, **change})
        assert answer.status_code == 400, what
        errors = answer.json()["error"]["details"]["errors"]
        assert [one["field"] for one in errors] == [f"custom_kpis.0.{path}"], what
    assert client.get("/api/fivetran/config/history").json() == []
    assert save(COMPUTABLE).status_code == 200


def test_an_older_version_is_restored_as_a_new_one(web: Web) -> None:
    client = web.client()
    for hours in (5, 6):
        client.put("/api/fivetran/config", json={"alerts": {"on_stale_hours": hours}})
    restored = client.post("/api/fivetran/config/restore/1", headers={"If-Match": '"2"'})
    assert (restored.status_code, restored.json()["version"]) == (200, 3)
    assert [one["note"] for one in client.get("/api/fivetran/config/history").json()] == [
        "Restored version 1.", "", "",
    ]  # fmt: skip
    assert client.post("/api/fivetran/config/restore/9").status_code == 404


def test_the_schedule_is_a_part_of_the_settings(web: Web) -> None:
    client = web.client()
    body = {"frequency": 60, "window": {"start_hour": 22, "end_hour": 5}, "time_zone": "Europe/Berlin"}
    answer = client.post("/api/fivetran/schedule", json=body)
    assert answer.status_code == 200, answer.text
    schedule = answer.json()
    frequencies = schedule["frequencies"]
    assert (frequencies["salesforce"], frequencies["servicenow"]) == (60, 180)
    assert schedule["sync_window"] == {"start_hour": 22, "end_hour": 5}
    assert schedule["next_sync"] is None  # no connection, nothing to sync
    assert client.post("/api/fivetran/schedule", json={"enabled": False}).json()["enabled"] is False
    kept = client.get("/api/fivetran/schedule").json()
    assert (kept["timezone"], kept["enabled"], kept["version"]) == ("Europe/Berlin", False, 2)
    refused = client.post("/api/fivetran/schedule", json={"frequency": 7})
    assert refused.json()["error"]["details"]["errors"][0]["field"] == "fivetran.sync_frequency_minutes"


def test_a_claim_on_anothers_raw_schema_does_not_say_whose_it_is(web: Web) -> None:
    assert web.client("bolt").put("/api/fivetran/config", json=REPLACE).status_code == 200
    answer = web.client().put("/api/fivetran/config", json=REPLACE)
    assert answer.status_code == 409
    assert "bolt" not in answer.text
    assert "bolt" in web.operator().put("/api/fivetran/config", json=REPLACE).json()["error"]["message"]


def test_the_schedule_takes_a_frequency_as_text(web: Web) -> None:
    answer = web.client().post("/api/fivetran/schedule", json={"frequency": "360"})
    assert (answer.status_code, answer.json()["sync_frequency_minutes"]) == (200, 360)
