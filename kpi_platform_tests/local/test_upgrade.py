"""A state home of an earlier version goes on working as it was left."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from kpi_platform.configuration import Configuration

_SYNCED = "2026-03-01T10:31:00Z"
_SYNC = {
    "id": "s1",
    "trigger": "api",
    "started_at": "2026-03-01T10:30:00Z",
    "ended_at": _SYNCED,
    "historical_tables": None,
    "status": "SUCCESSFUL",
    "rows": {"Account": 7},
    "plan": None,
}
_TABLE = {
    "enabled": True,
    "sync_mode": "SOFT_DELETE",
    "landed_mode": "SOFT_DELETE",
    "cursor": _SYNCED,
    "columns_off": ["AnnualRevenue"],
}
_EARLIER: dict[tuple[str, str], dict[str, Any]] = {
    ("Installation", "installation"): {"day": "2026-03-01T00:00:00Z", "source_clock_offset_seconds": 0.0},
    ("Group", "local"): {"name": "local", "created_at": "2026-03-01T10:00:00Z"},
    ("Destination", "local"): {
        "service": "duckdb",
        "config": {"password": "sesame"},
        "created_at": "2026-03-01T10:00:00Z",
    },
    ("Connection", "conn_1"): {
        "group_id": "local",
        "service": "salesforce",
        "schema_name": "acme_salesforce",
        "config": {"schema": "acme_salesforce", "client_secret": "sesame", "sample": {"accounts": 3}},
        "naming": "FIVETRAN_NAMING",
        "created_at": "2026-03-01T10:00:00Z",
        "paused": False,
        "schedule_type": "manual",
        "sync_frequency": 360,
        "daily_sync_time": None,
        "setup_state": "broken",
        "succeeded_at": _SYNCED,
        "failed_at": None,
        "rescheduled_for": None,
        "tasks": [],
        "warnings": [],
        "tables": {"Account": _TABLE, "Event": _TABLE | {"enabled": False}},
        "schema_change_handling": "ALLOW_ALL",
        "running": None,
        "history": [_SYNC],
        "planned": [],
        "deleted": {},
        "connect_card_token": None,
        "connect_card_expires_at": None,
        "connect_card_redirect_uri": None,
    },
    ("Webhook", "webhook_1"): {
        "type": "account",
        "group_id": None,
        "url": "http://127.0.0.1:8080/hooks",
        "events": ["sync_end"],
        "active": True,
        "secret": "s",
        "created_at": "2026-03-01T10:00:00Z",
    },
}


def test_an_earlier_state_keeps_its_connections_switches_and_webhooks_and_loses_its_secrets(
    configuration: Configuration, serve: Callable[..., Any]
) -> None:
    home = configuration.local_fivetran_home
    home.mkdir(parents=True)
    with sqlite3.connect(home / "state.db") as database:
        database.execute("create table documents (kind text, id text, body text, primary key (kind, id))")
        rows = [(kind, key, json.dumps({"id": key} | body)) for (kind, key), body in _EARLIER.items()]
        database.executemany("insert into documents values (?, ?, ?)", rows)
    database.close()
    with serve() as fivetran:
        connection = fivetran.connection("conn_1")
        assert connection["succeeded_at"] == "2026-03-01T10:31:00.000000Z"
        assert connection["config"]["client_secret"] == "******"
        assert fivetran.data("GET", "/v1/destinations/local")["config"]["password"] == "******"
        assert b"sesame" not in (home / "state.db").read_bytes()
        schema = fivetran.data("GET", "/v1/connections/conn_1/schemas")["schemas"]["salesforce"]
        assert schema["enabled"] and not schema["tables"]["event"]["enabled"]
        assert not schema["tables"]["account"]["columns"]["annual_revenue"]["enabled"]
        (webhook,) = fivetran.data("GET", "/v1/webhooks")["items"]
        assert webhook["active"] and webhook["url"] == "http://127.0.0.1:8080/hooks"
        assert [sync["id"] for sync in fivetran.syncs("conn_1")] == ["s1"]
        mended = fivetran.sync("conn_1")
        assert mended["status"]["setup_state"] == "connected"
        assert mended["succeeded_at"] > connection["succeeded_at"]
