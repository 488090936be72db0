# Long: all ticks share one installation.
"""Schedule and sensors, evaluated one by one against the local Fivetran."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.alerts import open_alerts
from kpi_platform.dashboard.customers import remove_customer
from kpi_platform.dashboard.source_states import record_sync_state, source_states
from kpi_platform.dashboard.sync_requests import create_sync_request, sync_request
from kpi_platform.defs.batch import CUSTOMERS_TAG, batch_tags
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.request_sensors import run_for
from kpi_platform.defs.resources import Platform
from kpi_platform.defs.runs import AFTER_A_CRASH
from kpi_platform.defs.schedules import due_syncs
from kpi_platform_tests.adapters.scripted_server import Answer, scripted
from kpi_platform_tests.defs.installation import Installation, installed, tick

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dagster's home with its databases: copied for each test, to make them takes longer than most tests."""
    home = tmp_path_factory.mktemp("empty")
    with installed(home) as installation:
        assert installation.runs("sync") == installation.instance.get_dynamic_partitions(CUSTOMERS_NAME) == []
    return installation.configuration.dagster_home


@pytest.fixture
def installation(empty: Path, tmp_path: Path) -> Iterator[Installation]:
    shutil.copytree(empty, tmp_path / "home" / empty.name)
    with installed(tmp_path / "home", KPI_REFRESH_SETTLE_SECONDS="60") as installation:
        yield installation


def due(installation: Installation) -> list[Any]:
    with closing(Platform(installation.configuration)) as platform:
        context = dg.build_schedule_context(installation.instance, resources={"platform": platform})
        return list(due_syncs(context))


def synced(installation: Installation, customer: str, source: Any, at: datetime) -> None:
    with installation.engine.begin() as connection:
        record_sync_state(connection, customer, source, last_succeeded_at=at, last_attempt_at=at)


def test_partitions_follow_the_customers_table(installation: Installation) -> None:
    installation.add("northwind")
    installation.add("initech")
    tick(installation, "requests")
    assert installation.instance.get_dynamic_partitions(CUSTOMERS_NAME) == ["initech", "northwind"]
    with installation.engine.begin() as connection:
        remove_customer(connection, "initech")
    tick(installation, "requests")
    assert installation.instance.get_dynamic_partitions(CUSTOMERS_NAME) == ["northwind"]
    assert isinstance(tick(installation, "requests"), dg.SkipReason)


def test_syncs_start_when_they_are_due_and_never_twice_at_once(installation: Installation) -> None:
    installation.add(
        "northwind", fivetran={"sync_frequency_minutes": 60}, servicenow={"sync_frequency_minutes": 180}
    )
    installation.add("initech", fivetran={"scheduler": "fivetran"})
    installation.add("umbra", fivetran={"enabled": False})
    tick(installation, "requests")
    [request] = due(installation)
    assert request.tags[CUSTOMERS_TAG] == "northwind"
    assert request.tags["kpi/source"] == "salesforce,servicenow"
    assert dg.AssetKey(["servicenow", "incident"]) in request.asset_selection

    now = datetime.now(UTC)
    synced(installation, "northwind", "salesforce", now - timedelta(minutes=90))
    synced(installation, "northwind", "servicenow", now - timedelta(minutes=90))
    [request] = due(installation)
    assert request.tags["kpi/source"] == "salesforce"
    assert all(key.path[0] == "salesforce" for key in request.asset_selection)

    job = installation.definitions.resolve_job_def("sync")
    installation.instance.create_run_for_job(
        job, tags=batch_tags(installation.instance, ["northwind"]), status=dg.DagsterRunStatus.NOT_STARTED
    )
    assert [type(answer) for answer in due(installation)] == [dg.SkipReason]


def test_a_sync_by_fivetran_is_noticed_once_with_success_and_failure_apart(
    installation: Installation,
) -> None:
    installation.add("northwind")
    tick(installation, "requests")
    installation.sync_by_fivetran("northwind_salesforce")
    installation.sync_by_fivetran("northwind_salesforce", outcome="failed")
    tick(installation, "fivetran_syncs")
    made = installation.materializations("salesforce", "account", partition="northwind")
    assert len(made) == 1
    with installation.engine.begin() as connection:
        state = source_states(connection, "northwind")["salesforce"]
    assert state.last_succeeded_at is not None
    assert state.last_sync_failed
    assert isinstance(tick(installation, "fivetran_syncs"), dg.SkipReason)
    assert len(installation.materializations("salesforce", "account", partition="northwind")) == 1


def test_a_sync_that_a_run_of_ours_owns_is_left_to_it(installation: Installation) -> None:
    installation.add("northwind")
    tick(installation, "requests")
    job = installation.definitions.resolve_job_def("sync")
    run = installation.instance.create_run_for_job(
        job, tags=batch_tags(installation.instance, ["northwind"]), status=dg.DagsterRunStatus.STARTED
    )
    installation.sync_by_fivetran("northwind_salesforce")
    assert isinstance(tick(installation, "fivetran_syncs"), dg.SkipReason)
    installation.instance.report_run_failed(run)
    tick(installation, "fivetran_syncs")
    assert len(installation.materializations("salesforce", "account", partition="northwind")) == 1


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("status", [403, 404, 500])
def test_one_connections_error_hides_none_of_the_others_and_loses_no_event(
    installation: Installation, status: int
) -> None:
    for customer in ("initech", "northwind"):
        installation.add(customer)
    tick(installation, "requests")
    for customer in ("initech", "northwind"):
        installation.sync_by_fivetran(f"{customer}_salesforce")
    tables = "/v1/connections/initech_salesforce/schemas"
    installation.control("POST", "faults", {"match": tables, "status": status, "times": 0})
    tick(installation, "fivetran_syncs")
    for customer in ("initech", "northwind"):
        assert len(installation.materializations("salesforce", "account", partition=customer)) == 1
    assert isinstance(tick(installation, "fivetran_syncs"), dg.SkipReason)


def test_a_connection_that_fivetran_does_not_list_is_told_and_blinds_for_no_other(
    installation: Installation,
) -> None:
    installation.add("initech", salesforce={"connection_id": "deleted_one"})
    installation.add("northwind")
    tick(installation, "requests")
    installation.sync_by_fivetran("northwind_salesforce")
    tick(installation, "fivetran_syncs")
    assert installation.materializations("salesforce", "account", partition="northwind")
    with installation.engine.begin() as connection:
        [finding] = source_states(connection, "initech")["salesforce"].detail["findings"]
    assert "deleted_one" in finding


@pytest.mark.usefixtures("no_pauses")
def test_a_page_of_the_list_that_fails_hides_no_other_and_calls_nothing_deleted(
    installation: Installation,
) -> None:
    for customer in ("initech", "northwind"):
        installation.add(customer, servicenow={"enabled": False})
    tick(installation, "requests")
    synced = {"id": "northwind_salesforce", "service": "salesforce", "succeeded_at": "2026-03-01T06:00:00Z"}
    first = Answer(body={"data": {"items": [synced], "next_cursor": "next"}})
    tables = Answer(body={"data": {"schemas": {"salesforce": {"tables": {"account": {"enabled": True}}}}}})
    with scripted(first, Answer(500), tables) as server:
        elsewhere = {**installation.configuration.environment, "FIVETRAN_API_URL": server.url}
        tick(replace(installation, configuration=Configuration.from_environment(elsewhere)), "fivetran_syncs")
    assert installation.materializations("salesforce", "account", partition="northwind")
    with installation.engine.begin() as connection:
        assert source_states(connection, "initech") == {}


def test_while_the_rate_limit_is_used_up_nothing_is_asked_or_started(installation: Installation) -> None:
    installation.add("northwind")
    tick(installation, "requests")
    installation.control("POST", "faults", {"match": "/v1", "status": 429, "retry_after": 1800, "times": 0})
    assert "1800 seconds" in (tick(installation, "fivetran_syncs").skip_message or "")
    before = len(installation.control("GET", "calls"))
    assert "rate limit" in (tick(installation, "fivetran_syncs").skip_message or "")
    [skipped] = due(installation)
    assert "rate limit" in skipped.skip_message
    assert len(installation.control("GET", "calls")) == before


def test_a_sync_that_fivetran_puts_off_is_asked_for_again_by_the_schedule_and_no_failure(
    installation: Installation,
) -> None:
    installation.add("umbra", servicenow={"enabled": False})
    tick(installation, "requests")
    installation.plan("umbra_salesforce", "rescheduled", reschedule_seconds=4 * 3600)
    assert installation.run("sync", "umbra").status == dg.DagsterRunStatus.FAILURE
    with installation.engine.begin() as connection:
        state = source_states(connection, "umbra")["salesforce"]
        assert open_alerts(connection, "umbra") == []
    assert state.put_off_until is not None
    assert state.put_off_until > datetime.now(UTC) + timedelta(hours=3)
    assert not state.last_sync_failed
    assert isinstance(due(installation)[0], dg.SkipReason)
    with installation.engine.begin() as connection:
        record_sync_state(connection, "umbra", "salesforce", put_off_until=datetime.now(UTC))
    [request] = due(installation)
    assert request.tags[CUSTOMERS_TAG] == "umbra"


@pytest.mark.usefixtures("no_pauses")
def test_when_fivetran_does_not_answer_the_tick_says_so_and_nothing_moves(installation: Installation) -> None:
    installation.add("northwind")
    tick(installation, "requests")
    away = Configuration.from_environment(
        {**installation.configuration.environment, "FIVETRAN_API_URL": "http://127.0.0.1:1"}
    )
    result = tick(Installation(away, installation.engine, installation.instance), "fivetran_syncs")
    assert isinstance(result, dg.SkipReason)
    assert "http://127.0.0.1:1" in (result.skip_message or "")


def test_a_look_that_fails_is_one_call_and_the_next_look_the_next_attempt(installation: Installation) -> None:
    installation.add("northwind")
    tick(installation, "requests")
    installation.control("POST", "faults", {"match": "/v1/connections", "status": 503, "times": 0})
    before = len(installation.control("GET", "calls"))
    assert "503" in (tick(installation, "fivetran_syncs").skip_message or "")
    assert len(installation.control("GET", "calls")) == before + 1


def test_due_customers_share_one_refresh_and_are_not_asked_for_twice(installation: Installation) -> None:
    for customer in ("northwind", "initech", "umbra"):
        installation.add(customer)
    tick(installation, "requests")
    now = datetime.now(UTC)
    for customer in ("northwind", "umbra"):
        synced(installation, customer, "salesforce", now - timedelta(minutes=5))
    synced(installation, "initech", "salesforce", now)
    result = tick(installation, "refresh")
    [request] = result.run_requests
    assert request.tags[CUSTOMERS_TAG] == "northwind,umbra"

    again = tick(installation, "refresh", result.cursor)
    assert isinstance(again, dg.SkipReason)
    # Both sources of the third have ended now: it need not wait.
    synced(installation, "initech", "servicenow", now)
    third = tick(installation, "refresh", result.cursor)
    assert [request.tags[CUSTOMERS_TAG] for request in third.run_requests] == ["initech"]


def test_a_refresh_waits_for_a_run_that_has_the_customer(installation: Installation) -> None:
    installation.add("northwind")
    tick(installation, "requests")
    synced(installation, "northwind", "salesforce", datetime.now(UTC) - timedelta(minutes=5))
    job = installation.definitions.resolve_job_def("sync")
    run = installation.instance.create_run_for_job(
        job, tags=batch_tags(installation.instance, ["northwind"]), status=dg.DagsterRunStatus.NOT_STARTED
    )
    assert isinstance(tick(installation, "refresh"), dg.SkipReason)
    installation.instance.report_run_canceled(run)
    assert isinstance(tick(installation, "refresh"), dg.SensorResult)


def test_a_request_of_the_web_app_is_run_once_and_answered(installation: Installation) -> None:
    installation.add("umbra", servicenow={"enabled": False})
    tick(installation, "requests")
    with installation.engine.begin() as connection:
        asked = create_sync_request(connection, "umbra", "salesforce", requested_by="test")
    [request] = tick(installation, "requests").run_requests
    assert request.run_key == asked.id
    assert request.tags["dagster/partition"] == "umbra"
    assert not any(key.path[0] == "servicenow" for key in request.asset_selection)
    assert request.tags == run_for(installation.instance, asked, []).tags

    finished = installation.run("sync_and_refresh", "umbra", **{"kpi/request": asked.id})
    assert finished.status == dg.DagsterRunStatus.SUCCESS
    with installation.engine.begin() as connection:
        answered = sync_request(connection, asked.id)
    assert answered.state == "done"
    assert answered.run_ids == [finished.run_id]
    assert answered.progress["salesforce"] == "done"
    assert answered.results["upload_version"] == 1
    assert answered.results["kpis_synced"] > 0
    # What the run has taken in calls for no refresh of its own.
    assert isinstance(tick(installation, "refresh"), dg.SkipReason)


def test_a_request_hears_of_a_failed_run_only_where_none_follows_it(installation: Installation) -> None:
    installation.add("umbra")
    tick(installation, "requests")
    with installation.engine.begin() as connection:
        asked = create_sync_request(connection, "umbra", "salesforce", requested_by="test")
    job = installation.definitions.resolve_job_def("sync_and_refresh")
    tags = run_for(installation.instance, asked, []).tags
    for retries, state in ((AFTER_A_CRASH, "queued"), ({"dagster/max_retries": "0"}, "failed")):
        run = installation.instance.create_run_for_job(job, tags={**tags, **retries})
        installation.instance.report_run_failed(run, "Its process was ended from outside.")
        tick(installation, "requests")
        with installation.engine.begin() as connection:
            answered = sync_request(connection, asked.id)
        assert answered.state == state
    assert answered.results["errors"] == [
        "The run ended before it came to this customer. Start it again; what was loaded before stays."
    ]
