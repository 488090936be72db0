"""A request for every route that the local Fivetran serves: paths and bodies as SDKs send them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kpi_platform_tests.local.conftest import Served

CONNECTION, TABLE, COLUMN = "umbra_salesforce", "opportunity", "amount"


@dataclass(frozen=True)
class Sample:
    """`places` fills the path beyond the usual ones; `before` prepares, and may fill places too."""

    body: Any = None
    places: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[Served], Mapping[str, str]] = lambda fivetran: {}
    query: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


USUAL = {
    "connection_id": CONNECTION,
    "schema": "salesforce",
    "table": TABLE,
    "column": COLUMN,
    "group_id": "local",
    "destination_id": "local",
    "user_id": "local_user",
    "service": "salesforce",
}

_PAGE = {"limit": "2"}
_ON = {"enabled": True}
_TRUST = {"trust_certificates": True, "trust_fingerprints": True}


def _group(fivetran: Served) -> dict[str, str]:
    name = f"group {len(fivetran.data('GET', '/v1/groups')['items'])}"
    return {"group_id": fivetran.data("POST", "/v1/groups", json={"name": name})["id"]}


def _destination(fivetran: Served) -> dict[str, str]:
    made = _group(fivetran)["group_id"]
    body = {"group_id": made, "service": "duckdb", "time_zone_offset": "0", "config": {"path": "x.duckdb"}}
    fivetran.data("POST", "/v1/destinations", json=body)
    return {"destination_id": made}


def _connection(fivetran: Served) -> dict[str, str]:
    schema = f"made_{len(fivetran.data('GET', '/v1/connections', params={'limit': 1000})['items'])}"
    body = {"service": "salesforce", "group_id": "local", "config": {"schema": schema}, "paused": True}
    made = fivetran.data("POST", "/v1/connections", json=body | {"run_setup_tests": False})
    return {"connection_id": made["id"]}


def _webhook(fivetran: Served) -> dict[str, str]:
    body = {"url": "https://dashboard.example/hook", "events": ["sync_end"], "active": False}
    return {"webhook_id": fivetran.data("POST", "/v1/webhooks/account", json=body)["id"]}


def _blocked_column(fivetran: Served) -> dict[str, str]:
    path = f"/v1/connections/{CONNECTION}/schemas/salesforce/tables/{TABLE}/columns/{COLUMN}"
    fivetran.data("PATCH", path, json={"enabled": False})
    return {}


def _new_connection(schema: str) -> dict[str, Any]:
    return {
        "service": "salesforce",
        "group_id": "local",
        "config": {"schema": schema, "client_secret": "sesame"},
        "auth": {"client_access": {"client_id": "id", "client_secret": "sesame"}},
        "paused": True,
        "sync_frequency": 1440,
        "daily_sync_time": "03:00",
        "schedule_type": "manual",
        "destination_schema_names": "FIVETRAN_NAMING",
        "connect_card_config": {"redirect_uri": "https://dashboard.example/back", "hide_setup_guide": True},
        **_TRUST,
    }


_WEBHOOK = {"url": "https://dashboard.example/hook", "events": ["sync_end"], "active": False, "secret": "s"}

SAMPLES: Mapping[str, Sample] = {
    "GET /v1/account/info": Sample(),
    "GET /v1/users": Sample(query={"active": "true"}),
    "GET /v1/users/{user_id}": Sample(),
    "GET /v1/metadata/connector-types": Sample(query=_PAGE),
    "GET /v1/metadata/connector-types/{service}": Sample(),
    "GET /v1/groups": Sample(query=_PAGE),
    "POST /v1/groups": Sample({"name": "sample"}, status=201),
    "GET /v1/groups/{group_id}": Sample(),
    "PATCH /v1/groups/{group_id}": Sample({"name": "renamed"}, before=_group),
    "DELETE /v1/groups/{group_id}": Sample(before=_group),
    "GET /v1/groups/{group_id}/connections": Sample(query=_PAGE | {"schema": CONNECTION}),
    "GET /v1/groups/{group_id}/users": Sample(),
    "GET /v1/destinations": Sample(query=_PAGE),
    "POST /v1/destinations": Sample(
        {
            "service": "duckdb",
            "region": "GCP_US_EAST4",
            "time_zone_offset": "+3",
            "config": {"path": "x.duckdb", "password": "sesame"},
            "run_setup_tests": True,
            **_TRUST,
        },
        before=_group,
        status=201,
    ),
    "GET /v1/destinations/{destination_id}": Sample(),
    "PATCH /v1/destinations/{destination_id}": Sample({"time_zone_offset": "-8"}, before=_destination),
    "DELETE /v1/destinations/{destination_id}": Sample(before=_destination),
    "POST /v1/destinations/{destination_id}/test": Sample(_TRUST),
    "GET /v1/connections": Sample(query=_PAGE | {"group_id": "local"}),
    "POST /v1/connections": Sample(_new_connection("sample_salesforce"), status=201),
    "GET /v1/connections/{connection_id}": Sample(),
    "PATCH /v1/connections/{connection_id}": Sample(
        {"paused": False, "sync_frequency": 60, "schedule_type": "manual", "run_setup_tests": True, **_TRUST}
    ),
    "DELETE /v1/connections/{connection_id}": Sample(before=_connection),
    "POST /v1/connections/{connection_id}/test": Sample({}),
    "GET /v1/connections/{connection_id}/state": Sample(status=400),
    "PATCH /v1/connections/{connection_id}/state": Sample({"state": {}}, status=400),
    "POST /v1/connections/{connection_id}/connect-card": Sample(
        {"connect_card_config": {"redirect_uri": "https://dashboard.example/back"}}
    ),
    "POST /v1/connections/{connection_id}/sync": Sample({"force": True}),
    "POST /v1/connections/{connection_id}/force": Sample(),
    "POST /v1/connections/{connection_id}/resync": Sample({"scope": {"salesforce": [TABLE]}}),
    "POST /v1/connections/{connection_id}/schemas/tables/resync": Sample({"salesforce": [TABLE]}),
    "GET /v1/connections/{connection_id}/schemas": Sample(),
    "POST /v1/connections/{connection_id}/schemas": Sample(
        {
            "schema_change_handling": "ALLOW_COLUMNS",
            "schemas": {
                "salesforce": _ON
                | {
                    "tables": {
                        "event": {"enabled": False},
                        TABLE: _ON | {"sync_mode": "HISTORY", "columns": {COLUMN: _ON | {"hashed": True}}},
                    }
                }
            },
        },
        before=_connection,
    ),
    "PATCH /v1/connections/{connection_id}/schemas": Sample(
        {"schemas": {"salesforce": _ON | {"tables": {"task": {"enabled": False}}}}}
    ),
    "POST /v1/connections/{connection_id}/schemas/reload": Sample({"exclude_mode": "PRESERVE"}),
    "PATCH /v1/connections/{connection_id}/schemas/{schema}": Sample(
        _ON | {"tables": {TABLE: _ON | {"sync_mode": "SOFT_DELETE"}}}
    ),
    "PATCH /v1/connections/{connection_id}/schemas/{schema}/tables/{table}": Sample(
        _ON | {"columns": {"name": {"enabled": False}}}
    ),
    "GET /v1/connections/{connection_id}/schemas/{schema}/tables/{table}/columns": Sample(),
    "PATCH /v1/connections/{connection_id}/schemas/{schema}/tables/{table}/columns/{column}": Sample(
        {"enabled": True, "hashed": True}
    ),
    "DELETE /v1/connections/{connection_id}/schemas/{schema}/tables/{table}/columns/{column}": Sample(
        before=_blocked_column
    ),
    "GET /v1/webhooks": Sample(query=_PAGE, before=_webhook),
    "POST /v1/webhooks/account": Sample(_WEBHOOK),
    "POST /v1/webhooks/group/{group_id}": Sample(_WEBHOOK),
    "GET /v1/webhooks/{webhook_id}": Sample(before=_webhook),
    "PATCH /v1/webhooks/{webhook_id}": Sample({"events": ["sync_start", "sync_end"]}, before=_webhook),
    "DELETE /v1/webhooks/{webhook_id}": Sample(before=_webhook),
    "POST /v1/webhooks/{webhook_id}/test": Sample({"event": "sync_end"}, before=_webhook),
}
