"""Bodies as Fivetran's Go SDK, and the Terraform provider that is built on it, send them.

The SDK leaves out what is not given, except for the delay settings of a new connection, which it sends as
null.
"""

from typing import Any

from kpi_platform_tests.local.conftest import Served

SDK = {
    "Accept": "application/json;version=2",
    "Content-Type": "application/json",
    "User-Agent": "go-fivetran/1.3.0",
}
_NEW: dict[str, Any] = {
    "service": "salesforce",
    "group_id": "local",
    "trust_certificates": False,
    "trust_fingerprints": False,
    "run_setup_tests": True,
    "paused": True,
    "networking_method": "Directly",
    "data_delay_sensitivity": None,
    "data_delay_threshold": None,
    "destination_schema_names": "FIVETRAN_NAMING",
    "config": {"schema": "terraform_salesforce", "domain": "acme.my.salesforce.com"},
    "auth": {
        "client_access": {"client_id": "id", "client_secret": "sesame"},
        "refresh_token": "sesame",
    },
}


def _call(fivetran: Served, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """The answer as the SDK reads it: it names the status that it expects, and unpacks what is there."""
    response = fivetran.api.request(
        method, f"/v1/{path}", headers=SDK, **({} if body is None else {"json": body})
    )
    created = method == "POST" and path in ("connections", "groups", "destinations")
    assert response.status_code == (201 if created else 200), response.text
    answer: dict[str, Any] = response.json()
    assert answer["code"] == "Success"
    return answer


def test_a_connection_lives_through_what_terraform_asks_of_it(fivetran: Served) -> None:
    made = _call(fivetran, "POST", "connections", _NEW)["data"]
    assert (made["schema"], made["paused"], made["succeeded_at"]) == ("terraform_salesforce", True, None)
    assert made["config"]["schema"] == "terraform_salesforce" and "sesame" not in str(made)
    assert made["status"]["tasks"] == made["status"]["warnings"] == []
    path = f"connections/{made['id']}"
    # The resource `fivetran_connector_schedule`.
    schedule = {
        "paused": True,
        "sync_frequency": 1440,
        "daily_sync_time": "03:00",
        "schedule_type": "auto",
        "pause_after_trial": True,
    }
    changed = _call(fivetran, "PATCH", path, schedule)["data"]
    assert {name: changed[name] for name in schedule} == schedule
    # The resource `fivetran_connector_schema_config` reloads first, then switches.
    _call(fivetran, "POST", f"{path}/schemas/reload", {"exclude_mode": "PRESERVE"})
    tables = {"event": {"enabled": False}, "account": {"columns": {"name": {"hashed": True}}}}
    body = {"schema_change_handling": "BLOCK_ALL", "schemas": {"salesforce": {"tables": tables}}}
    answer = _call(fivetran, "PATCH", f"{path}/schemas", body)["data"]
    assert answer["schema_change_handling"] == "BLOCK_ALL"
    shown = answer["schemas"]["salesforce"]["tables"]
    assert not shown["event"]["enabled"] and shown["event"]["enabled_patch_settings"] == {"allowed": True}
    assert shown["account"]["columns"]["name"]["hashed"]
    _call(fivetran, "PATCH", path, {"paused": False, "schedule_type": "manual", "run_setup_tests": False})
    _call(fivetran, "POST", f"{path}/sync", {"force": False})
    assert fivetran.settled(made["id"])["succeeded_at"]
    assert fivetran.columns("terraform_salesforce", "event") == {}
    assert _call(fivetran, "POST", f"{path}/test", {})["data"]["setup_tests"]
    assert _call(fivetran, "DELETE", path)["message"]


def test_a_schema_is_configured_before_it_is_known(fivetran: Served) -> None:
    made = _call(fivetran, "POST", "connections", _NEW | {"run_setup_tests": False})["data"]
    tables = {"account": {"enabled": True, "sync_mode": "HISTORY"}}
    body = {
        "schema_change_handling": "ALLOW_ALL",
        "schemas": {"salesforce": {"enabled": True, "tables": tables}},
    }
    answer = _call(fivetran, "POST", f"connections/{made['id']}/schemas", body)["data"]
    assert answer["schemas"]["salesforce"]["tables"]["account"]["sync_mode"] == "HISTORY"


def test_a_group_with_its_destination_and_webhook(fivetran: Served) -> None:
    group = _call(fivetran, "POST", "groups", {"name": "terraform"})["data"]["id"]
    destination = {
        "group_id": group,
        "service": "duckdb",
        "region": "GCP_US_EAST4",
        "time_zone_offset": "0",
        "trust_certificates": False,
        "trust_fingerprints": False,
        "run_setup_tests": True,
        "networking_method": "Directly",
        "config": {"path": str(fivetran.configuration.home / "terraform.duckdb")},
    }
    made = _call(fivetran, "POST", "destinations", destination)["data"]
    assert (made["region"], made["time_zone_offset"]) == ("GCP_US_EAST4", "0")
    hook = {"url": "https://dashboard.example/hook", "events": ["sync_end"], "active": False, "secret": "s"}
    webhook = _call(fivetran, "POST", f"webhooks/group/{group}", hook)["data"]
    assert (webhook["secret"], webhook["group_id"], webhook["active"]) == ("******", group, False)
    events = {"events": ["sync_start", "sync_end"]}
    assert _call(fivetran, "PATCH", f"webhooks/{webhook['id']}", events)["data"]["events"] == events["events"]
    assert [group["name"] for group in _call(fivetran, "GET", "groups")["data"]["items"]][-1] == "terraform"


def test_the_sdk_reads_users_and_connector_types(fivetran: Served) -> None:
    (user,) = _call(fivetran, "GET", "users")["data"]["items"]
    assert _call(fivetran, "GET", f"users/{user['id']}")["data"] == user
    assert _call(fivetran, "GET", "groups/local/users")["data"]["items"] == [user]
    types = _call(fivetran, "GET", "metadata/connector-types")["data"]["items"]
    assert {"salesforce", "servicenow"} <= {kind["id"] for kind in types}
    config = _call(fivetran, "GET", "metadata/connector-types/salesforce")["data"]["config"]
    assert config["required"] == ["schema"]
