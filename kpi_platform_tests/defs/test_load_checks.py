"""A held load in a run: its customer fails alone, the checks say why, and an alert is sent."""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.alerts import open_alerts
from kpi_platform.dashboard.check_results import check_results
from kpi_platform.dashboard.load_holds import release_hold
from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.load_checks import LOAD, LOAD_CHECKS
from kpi_platform.defs.location import definitions
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.resources import Platform
from kpi_platform_tests.pipeline.desk import T1, T2, T3, Desk
from kpi_platform_tests.pipeline.marts import MartAccount, write_marts


@pytest.fixture
def desks(configuration: Configuration, sqlite_engine: sa.Engine) -> list[Desk]:
    return [Desk(configuration, sqlite_engine, key) for key in ("acme", "bolt")]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(CUSTOMERS_NAME, ["acme", "bolt"])
        yield instance


def marts(desk: Desk, as_of: datetime, accounts: int) -> None:
    names = [f"{desk.customer} {number}" for number in range(accounts)]
    rows = [MartAccount(name, name, {"nps": 40.0}) for name in names]
    write_marts(desk.configuration, desk.customer, as_of, rows)


def test_a_held_load_fails_its_customer_alone_and_comes_once_it_is_released(
    desks: list[Desk], instance: dg.DagsterInstance
) -> None:
    acme, bolt = desks
    platform = definitions(acme.configuration)
    whole = platform.resolve_job_def("refresh")
    job = whole.get_subset(asset_selection={dg.AssetKey("account_matches"), LOAD})

    def of_partitions() -> set[tuple[str, str | None, bool]]:
        """What Dagster shows of single customers, of the newest run."""
        newest = instance.get_runs(limit=1)[0].run_id
        kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
        events = [
            one.event_log_entry.get_dagster_event()
            for one in instance.get_records_for_run(newest, of_type=kind).records
        ]
        found = [one.asset_check_evaluation_data for one in events]
        return {(one.check_name, one.partition, one.passed) for one in found if one.partition}

    def refresh(as_of: datetime) -> tuple[set[str | None], dict[str, dg.AssetCheckEvaluation]]:
        tags = {**job.run_tags, **batch_tags(instance, ["acme", "bolt"], as_of)}
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        run = instance.create_run_for_job(job, run_config=quiet, tags=tags)
        result = execute_run(InMemoryJob(job), run, instance)
        made = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        loads = [one.event_log_entry.get_dagster_event() for one in made.records]
        loads = [one for one in loads if one.asset_key == LOAD]
        checks = [one.event_specific_data for one in result.all_events]
        found = [one for one in checks if isinstance(one, dg.AssetCheckEvaluation)]
        assert result.success == (len(loads) == 2)
        return {one.partition for one in loads}, {one.check_name: one for one in found}

    for desk in desks:
        marts(desk, T1, 20)
    loaded, checks = refresh(T1)
    assert loaded == {"acme", "bolt"}
    assert {name: one.passed for name, one in checks.items()} == {spec.name: True for spec in LOAD_CHECKS}

    marts(acme, T2, 2)
    marts(bolt, T2, 20)
    loaded, checks = refresh(T2)
    assert loaded == {"bolt"}
    assert [name for name, one in checks.items() if not one.passed] == ["no_harm"]
    assert "90% of the 20 accounts" in str(checks["no_harm"].metadata["customers"].value)
    assert of_partitions() == {("no_harm", "acme", False)}
    with acme.engine.begin() as connection:
        [alert] = open_alerts(connection, "acme")
        assert (alert.kind, "uploads release acme" in alert.next_step) == ("load_held", True)
        [results] = check_results(connection, "acme")
        assert [(one.check, one.outcome) for one in results.findings] == [("no_harm", "fail")]
        release_hold(connection, "acme", who="ops")
        assert open_alerts(connection, "acme") == []

    sensor = platform.resolve_sensor_def("requests")
    context = dg.build_sensor_context(instance=instance, resources={"platform": Platform(acme.configuration)})
    [request] = sensor(context).run_requests
    assert request.tags["kpi/customers"] == "acme"
    marts(acme, T3, 2)
    marts(bolt, T3, 20)
    assert refresh(T3)[0] == {"acme", "bolt"}
    # Mended is told, too.
    assert ("no_harm", "acme", True) in of_partitions()
