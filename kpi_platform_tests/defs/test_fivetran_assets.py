"""Making a source's assets syncs the customers' connections; what fails follows each customer's settings."""

from collections.abc import Iterator

import dagster as dg
import pytest

from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.source_states import source_states
from kpi_platform_tests.adapters.scripted_server import Answer, ScriptedServer, scripted
from kpi_platform_tests.defs.installation import Installation, installed

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def alerts() -> Iterator[ScriptedServer]:
    """Where alerts are posted to."""
    with scripted(Answer(body={})) as server:
        yield server


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, alerts: ScriptedServer) -> Iterator[Installation]:
    with installed(
        tmp_path_factory.mktemp("assets") / "home",
        KPI_SECRET_UMBRA_ALERTS=alerts.url,
        KPI_ALLOWED_HOSTS="127.0.0.1",
    ) as installation:
        installation.add("northwind", error_handling={"max_retries": 1, "retry_delay_seconds": 0})
        installation.add("initech", error_handling={"on_sync_failure": "skip"})
        installation.add(
            "umbra",
            servicenow={"enabled": False},
            error_handling={"on_sync_failure": "alert"},
            alerts={"webhook_url_secret": "KPI_SECRET_UMBRA_ALERTS"},
        )
        yield installation


def last(installation: Installation, *key: str, partition: str) -> dg.AssetMaterialization:
    materialization = installation.materializations(*key, partition=partition)[0].asset_materialization
    assert materialization is not None
    return materialization


def test_every_landed_table_is_materialised_with_its_rows_and_nothing_else_is(
    installation: Installation,
) -> None:
    finished = installation.run("sync", "umbra")
    assert finished.status == dg.DagsterRunStatus.SUCCESS
    account = last(installation, "salesforce", "account", partition="umbra")
    file = installation.configuration.warehouse_file
    counted = DuckDbDestination(file, "kpi").row_counts("umbra_salesforce", ["account"])
    assert account.metadata["dagster/row_count"].value == counted["account"] > 0
    assert account.metadata["dagster/table_name"].value == "umbra_salesforce.account"
    assert account.metadata["connection"].value == "umbra_salesforce"
    assert str(account.metadata["Fivetran"].value).endswith("umbra_salesforce")
    with reading(installation.engine) as connection:
        state = source_states(connection, "umbra")["salesforce"]
    assert state.last_succeeded_at is not None
    assert account.metadata["sync succeeded"].value == state.last_succeeded_at.timestamp()
    # This customer's Salesforce has no events and contacts, and no ServiceNow by its settings.
    assert not installation.materializations("salesforce", "event", partition="umbra")
    assert not installation.materializations("servicenow", "incident", partition="umbra")


def test_a_failed_sync_is_tried_again_by_policy_and_the_others_are_not_synced_twice(
    installation: Installation,
) -> None:
    installation.plan("northwind_salesforce", "failed")
    before = {name: installation.ended_syncs(f"{name}_salesforce") for name in ("northwind", "umbra")}
    finished = installation.run("sync", "northwind", "umbra")
    assert finished.status == dg.DagsterRunStatus.SUCCESS
    assert installation.ended_syncs("northwind_salesforce") == before["northwind"] + 2
    assert installation.ended_syncs("umbra_salesforce") == before["umbra"] + 1
    assert installation.materializations("salesforce", "account", partition="northwind")
    assert installation.materializations("servicenow", "incident", partition="northwind")


def test_a_sync_that_fails_for_good_fails_its_customer_alone_and_alerts(
    installation: Installation, alerts: ScriptedServer
) -> None:
    installation.plan("umbra_salesforce", "failed", reason="The source is asleep.")
    before = len(installation.materializations("salesforce", "account", partition="northwind"))
    finished = installation.run("sync", "northwind", "umbra")
    assert finished.status == dg.DagsterRunStatus.FAILURE
    assert len(installation.materializations("salesforce", "account", partition="northwind")) == before + 1
    assert finished.tags["kpi/lost"].endswith(":umbra")
    [(_, _, alert)] = alerts.requests
    assert alert["type"] == "sync_failed"
    assert alert["data"]["customer"] == "umbra"
    assert alert["data"]["run_url"].endswith(f"/runs/{finished.run_id}")
    assert "The source is asleep." in alert["text"]


def test_a_failure_that_the_settings_skip_does_not_fail_the_run(installation: Installation) -> None:
    installation.plan("initech_salesforce", "failed")
    finished = installation.run("sync", "initech")
    assert finished.status == dg.DagsterRunStatus.SUCCESS
    assert not installation.materializations("salesforce", "account", partition="initech")
    assert installation.materializations("servicenow", "incident", partition="initech")
    with reading(installation.engine) as connection:
        assert source_states(connection, "initech")["salesforce"].last_sync_failed


def test_a_customer_without_a_connection_is_told_which_setting_is_missing(installation: Installation) -> None:
    installation.add("globex", salesforce={"connection_id": None})
    finished = installation.run("sync", "globex")
    records = installation.instance.get_records_for_run(
        finished.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records
    failure = records[0].event_log_entry.get_dagster_event().step_failure_data.user_failure_data
    assert failure is not None
    assert "salesforce.connection_id" in str(failure.metadata["globex"].value)
