"""A run over any list of customers: each has its own outcome, and one that fails fails alone."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.execution.api import execute_run
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from kpi_platform.configuration import Configuration
from kpi_platform.defs.batch import AS_OF_TAG, CUSTOMERS_TAG, batch_tags
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform.defs.partitions import CUSTOMERS, CUSTOMERS_NAME
from kpi_platform.domain.errors import UnknownCustomer
from kpi_platform_tests.defs.stand_in import LOAD, MARTS, MATCHES, stand_in

EVERYBODY = [f"c{number:03}" for number in range(200)]
EVERY_THIRD = EVERYBODY[::3]


@pytest.fixture
def instance(configuration: Configuration) -> Iterator[dg.DagsterInstance]:
    """A real instance on SQLite, with 200 customers."""
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(configuration))) as instance:
        instance.add_dynamic_partitions(CUSTOMERS_NAME, EVERYBODY)
        yield instance


def run(
    instance: dg.DagsterInstance, definitions: dg.Definitions, tags: dict[str, str], job: str = "refresh"
) -> dg.DagsterRun:
    definition = definitions.resolve_job_def(job)
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    created = instance.create_run_for_job(definition, run_config=quiet, tags={**definition.run_tags, **tags})
    execute_run(InMemoryJob(definition), created, instance)
    finished = instance.get_run_by_id(created.run_id)
    assert finished is not None
    return finished


def partitions(instance: dg.DagsterInstance, key: dg.AssetKey) -> tuple[set[str], set[str]]:
    """Which partitions Dagster's UI shows as materialised, and which as failed."""
    status = get_and_update_asset_status_cache_value(instance, key, CUSTOMERS)
    assert status is not None
    with partition_loading_context(None, instance):
        made = status.deserialize_materialized_partition_subsets(CUSTOMERS)
        failed = status.deserialize_failed_partition_subsets(CUSTOMERS)
        return set(made.get_partition_keys()), set(failed.get_partition_keys())


def test_one_run_over_every_third_of_200_customers_of_which_one_is_broken(
    instance: dg.DagsterInstance,
) -> None:
    finished = run(instance, stand_in(breaks_build="c030"), batch_tags(instance, EVERY_THIRD))
    assert finished.status == dg.DagsterRunStatus.FAILURE
    for key in [*MARTS, MATCHES, LOAD]:
        made, failed = partitions(instance, key)
        assert made == set(EVERY_THIRD) - {"c030"}
        assert len(made) == 66
        assert failed == {"c030"}
    failures = instance.get_records_for_run(finished.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    [failure] = [record.event_log_entry.get_dagster_event().step_failure_data for record in failures]
    assert failure.user_failure_data is not None
    assert "c030" in (failure.user_failure_data.description or "")
    assert failure.user_failure_data.metadata["c030"].value == "its schema is missing"


def test_a_customer_that_fails_half_way_fails_from_there_on(instance: dg.DagsterInstance) -> None:
    run(instance, stand_in("c001", "c002"), batch_tags(instance, ["c000", "c001", "c002"]))
    assert partitions(instance, MARTS[0]) == ({"c000", "c002"}, {"c001"})
    assert partitions(instance, MATCHES) == ({"c000"}, {"c001", "c002"})
    assert partitions(instance, LOAD) == ({"c000"}, {"c001", "c002"})


def test_a_batch_without_failures_succeeds(instance: dg.DagsterInstance) -> None:
    finished = run(instance, stand_in(), batch_tags(instance, ["c005", "c001"]))
    assert finished.status == dg.DagsterRunStatus.SUCCESS
    assert partitions(instance, LOAD) == ({"c001", "c005"}, set())


def test_a_range_that_dagster_itself_has_planned_keeps_its_failures_apart(
    instance: dg.DagsterInstance,
) -> None:
    span = {"dagster/asset_partition_range_start": "c020", "dagster/asset_partition_range_end": "c040"}
    run(instance, stand_in(breaks_build="c030"), span, job="by_hand")
    made, failed = partitions(instance, LOAD)
    assert made == set(EVERYBODY[20:41]) - {"c030"}
    assert failed == {"c030"}


def test_a_single_partition_works_the_same_way(instance: dg.DagsterInstance) -> None:
    finished = run(instance, stand_in(), {"dagster/partition": "c007"}, job="by_hand")
    assert finished.status == dg.DagsterRunStatus.SUCCESS
    assert partitions(instance, LOAD) == ({"c007"}, set())


def test_when_everybody_fails_the_next_steps_do_not_run(instance: dg.DagsterInstance) -> None:
    finished = run(instance, stand_in(breaks_build="c007"), batch_tags(instance, ["c007"]))
    started = instance.get_records_for_run(finished.run_id, of_type=dg.DagsterEventType.STEP_START).records
    assert [record.event_log_entry.step_key for record in started] == ["kpi_marts"]
    assert partitions(instance, LOAD) == (set(), {"c007"})


def test_a_customer_mends_its_partition_in_the_next_run(instance: dg.DagsterInstance) -> None:
    run(instance, stand_in(breaks_build="c007"), batch_tags(instance, ["c007", "c009"]))
    run(instance, stand_in(), batch_tags(instance, ["c007"]))
    assert partitions(instance, LOAD) == ({"c007", "c009"}, set())


def test_as_of_is_the_tags_or_the_start_of_the_run_and_the_same_for_all_steps(
    instance: dg.DagsterInstance,
) -> None:
    given = datetime(2026, 3, 1, 6, tzinfo=UTC)
    finished = run(instance, stand_in(), batch_tags(instance, ["c001"], given))
    record = instance.fetch_materializations(MARTS[0], limit=1).records[0]
    assert record.asset_materialization is not None
    assert record.asset_materialization.metadata["as_of"].value == str(given)

    finished = run(instance, stand_in(), batch_tags(instance, ["c001"]))
    fixed = datetime.fromisoformat(finished.tags[AS_OF_TAG])
    assert fixed.tzinfo is not None
    assert abs((datetime.now(UTC) - fixed).total_seconds()) < 120


def test_a_run_without_customers_says_how_to_name_them(instance: dg.DagsterInstance) -> None:
    finished = run(instance, stand_in(), {})
    records = instance.get_records_for_run(finished.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    failure = records[0].event_log_entry.get_dagster_event().step_failure_data.user_failure_data
    assert failure is not None
    assert failure.description == "This run names no customers."
    assert CUSTOMERS_TAG in str(failure.metadata["next step"].value)


def test_a_batch_of_unknown_customers_is_refused_by_name(instance: dg.DagsterInstance) -> None:
    with pytest.raises(UnknownCustomer, match="nobody"):
        batch_tags(instance, ["c001", "nobody"])
