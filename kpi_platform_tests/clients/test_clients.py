"""Clients of other people against the local Fivetran, each in an environment of its own.

`make test-clients` makes the environments and names their folder; elsewhere these tests are skipped. What the
Go SDK and Terraform send: local/test_sdk_bodies.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kpi_platform.configuration import Configuration
from kpi_platform_tests.local.conftest import Served, served

CONNECTION = "umbra_salesforce"
_TABLES = ["account", "case", "opportunity", "task", "user"]


def _call(fivetran: Served, client: str, home: Path) -> dict[str, Any]:
    """Runs the calls of a client in its environment; what they returned."""
    environments = os.environ.get("KPI_TEST_CLIENTS")
    if environments is None:
        pytest.skip("make test-clients runs it")
    python = Path(environments).absolute() / client / "bin" / "python"
    script = Path(__file__).with_name(f"{client}_calls.py")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ran = subprocess.run(
        [python, script, fivetran.url, CONNECTION],
        env=kept | {"AIRFLOW_HOME": str(home), "DAGSTER_HOME": ""},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-4000:]
    said: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return said


@pytest.fixture
def ready(configuration: Configuration) -> Iterator[Served]:
    """The clients ask for the schema configuration before the first sync."""
    with served(configuration) as fivetran:
        fivetran.data("POST", f"/v1/connections/{CONNECTION}/schemas/reload", json={})
        yield fivetran


def test_airflows_hook_tests_the_account_finds_a_connection_and_syncs_it(
    ready: Served, tmp_path: Path
) -> None:
    said = _call(ready, "airflow", tmp_path)
    assert said["test_connection"][0] is True
    assert (said["groups"], said["destination"], said["connection_id"]) == (["local"], "duckdb", CONNECTION)
    assert len(said["connections"]) == 6
    assert (said["setup_state"], said["sync"], said["schemas"]) == ("connected", "success", ["salesforce"])
    assert said["setup_tests"][0]["status"] == "PASSED"
    ready.settled(CONNECTION)
    first, again = ready.syncs(CONNECTION)
    assert first["status"] == again["status"] == "SUCCESSFUL"
    assert again["historical_tables"] == ["Opportunity"]


def test_dagsters_stock_workspace_loads_assets_and_materializes_them(ready: Served, tmp_path: Path) -> None:
    said = _call(ready, "dagster", tmp_path)
    assert said["success"] and said["groups"] == ["local"]
    assert said["materialized"] == [f"{CONNECTION}/{table}" for table in _TABLES]
    assert said["schedule_type"] == "manual"
    assert ready.columns(CONNECTION, "opportunity")
