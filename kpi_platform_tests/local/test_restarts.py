"""The local Fivetran loses nothing when it restarts, or is killed in the middle of a sync."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx

from kpi_platform.configuration import Configuration
from kpi_platform_tests.local.waiting import eventually

NOBODY = {"url": "https://localhost:9/", "events": ["sync_end"], "active": False, "secret": "s"}
SALESFORCE = "northwind_salesforce"


def test_state_survives_a_restart(serve: Callable[..., Any]) -> None:
    with serve() as first:
        first.sync(SALESFORCE)
        first.data("PATCH", f"/v1/connections/{SALESFORCE}", json={"sync_frequency": 60})
        first.data("POST", "/v1/webhooks/account", json=NOBODY)
        before = first.connection(SALESFORCE)
        webhooks = first.data("GET", "/v1/webhooks")
    with serve() as second:
        assert second.connection(SALESFORCE) == before
        assert second.data("GET", "/v1/webhooks") == webhooks
        second.sync(SALESFORCE)
        assert second.syncs(SALESFORCE)[-1]["rows"]["Contact"] == 0


def test_a_sync_that_was_running_runs_again_after_a_restart(serve: Callable[..., Any]) -> None:
    with serve() as first:
        first.data("POST", f"/_local/connections/{SALESFORCE}/outcomes", json={"duration_seconds": 1})
        first.data("POST", f"/v1/connections/{SALESFORCE}/sync")
        assert first.connection(SALESFORCE)["status"]["sync_state"] == "syncing"
    with serve() as second:
        assert second.settled(SALESFORCE)["succeeded_at"]
        assert len(second.syncs(SALESFORCE)) == 1


def test_a_sync_survives_the_death_of_its_server(
    configuration: Configuration, serve: Callable[..., Any]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    program = (
        "from kpi_platform.configuration import Configuration; from kpi_platform.local.server import serve;"
        f"serve(Configuration.from_environment(), {port})"
    )
    environment = {**os.environ, "KPI_PLATFORM_HOME": str(configuration.home)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=("local", "local"), timeout=60) as api:
            eventually(lambda: _answers(api), seconds=60)
            plan = {"duration_seconds": 2}
            api.post("/_local/connections/umbra_servicenow/outcomes", json=plan).raise_for_status()
            api.post("/v1/connections/umbra_servicenow/sync").raise_for_status()
    finally:
        process.kill()
        process.wait()
    with serve() as again:
        assert again.connection("umbra_servicenow")["status"]["sync_state"] == "syncing"
        assert again.settled("umbra_servicenow")["succeeded_at"]


def _answers(api: httpx.Client) -> bool:
    try:
        return api.get("/v1/groups").is_success
    except httpx.TransportError:
        return False
