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
from kpi_platform.defs.batch import AS_OF_TAG, batch_tags
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform.defs.partitions import CUSTOMERS, CUSTOMERS_NAME
from kpi_platform.domain.errors import UnknownCustomer
from kpi_platform_tests.defs.stand_in import LOAD, MARTS, MATCHES, stand_in

EVERYBODY = [f"c{number:03}" for number in range(200)]
EVERY_THIRD = EVERYBODY[::3]
RANGE = [f"r{number:02}" for number in range(12)]
OTHERS = [f"x{number:02}" for number in range(20)]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """A real instance on SQLite, with 200 customers. Each test takes customers of its own."""
    home = {"KPI_PLATFORM_HOME": str(tmp_path_factory.mktemp("batch"))}
    configuration = Configuration.from_environment(home)
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(configuration))) as instance:
        instance.add_dynamic_partitions(CUSTOMERS_NAME, [*EVERYBODY, *RANGE, *OTHERS])
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


def partitions(instance: dg.DagsterInstance, key: dg.AssetKey, among: list[str]) -> tuple[set[str], set[str]]:
    """Which partitions of `among` Dagster's UI shows as materialised, and which as failed."""
    status = get_and_update_asset_status_cache_value(instance, key, CUSTOMERS)
    assert status is not None
    with partition_loading_context(None, instance):
        made = status.deserialize_materialized_partition_subsets(CUSTOMERS)
        failed = status.deserialize_failed_partition_subsets(CUSTOMERS)
        return set(among) & set(made.get_partition_keys()), set(among) & set(failed.get_partition_keys())


def failure_of(instance: dg.DagsterInstance, finished: dg.DagsterRun) -> str:
    records = instance.get_records_for_run(finished.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    failure = records[0].event_log_entry.get_dagster_event().step_failure_data.user_failure_data
    assert failure is not None
    return failure.description or ""


def test_one_run_over_every_third_of_200_customers_of_which_one_is_broken(
    instance: dg.DagsterInstance,
) -> None:
    finished = run(instance, stand_in(breaks_build="c030"), batch_tags(instance, EVERY_THIRD))
    assert finished.status == dg.DagsterRunStatus.FAILURE
    for key in [*MARTS, MATCHES, LOAD]:
        made, failed = partitions(instance, key, EVERYBODY)
        assert made == set(EVERY_THIRD) - {"c030"}
        assert len(made) == 66
        assert failed == {"c030"}
    failures = instance.get_records_for_run(finished.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    [failure] = [record.event_log_entry.get_dagster_event().step_failure_data for record in failures]
    assert failure.user_failure_data is not None
    assert "c030" in (failure.user_failure_data.description or "")
    assert failure.user_failure_data.metadata["c030"].value == "its schema is missing"


def test_a_customer_that_fails_half_way_fails_from_there_on(instance: dg.DagsterInstance) -> None:
    mine = ["x00", "x01", "x02"]
    run(instance, stand_in("x01", "x02"), batch_tags(instance, mine))
    assert partitions(instance, MARTS[0], mine) == ({"x00", "x02"}, {"x01"})
    assert partitions(instance, MATCHES, mine) == ({"x00"}, {"x01", "x02"})
    assert partitions(instance, LOAD, mine) == ({"x00"}, {"x01", "x02"})


@pytest.mark.parametrize("others", [[], ["x11"]], ids=["alone", "in a group"])
def test_the_log_of_the_run_has_the_stack_trace_of_an_unexpected_error(
    instance: dg.DagsterInstance, others: list[str]
) -> None:
    finished = run(instance, stand_in(breaks_match="x10"), batch_tags(instance, ["x10", *others]))
    texts = [entry.user_message for entry in instance.all_logs(finished.run_id)]
    [error] = [text for text in texts if text.startswith("x10: unexpected error")]
    assert "Traceback (most recent call last)" in error
    assert 'raise Broken("no idea")' in error


def test_a_batch_without_failures_succeeds(instance: dg.DagsterInstance) -> None:
    finished = run(instance, stand_in(), batch_tags(instance, ["x04", "x03"]))
    assert finished.status == dg.DagsterRunStatus.SUCCESS
    assert partitions(instance, LOAD, ["x03", "x04"]) == ({"x03", "x04"}, set())


def test_a_range_that_dagster_itself_has_planned_keeps_its_failures_apart(
    instance: dg.DagsterInstance,
) -> None:
    span = {"dagster/asset_partition_range_start": RANGE[0], "dagster/asset_partition_range_end": RANGE[-1]}
    run(instance, stand_in(breaks_build="r05"), span, job="by_hand")
    made, failed = partitions(instance, LOAD, RANGE)
    assert made == set(RANGE) - {"r05"}
    assert failed == {"r05"}


def test_a_single_partition_works_the_same_way(instance: dg.DagsterInstance) -> None:
    finished = run(instance, stand_in(), {"dagster/partition": "x05"}, job="by_hand")
    assert finished.status == dg.DagsterRunStatus.SUCCESS
    assert partitions(instance, LOAD, ["x05"]) == ({"x05"}, set())


def test_when_everybody_fails_the_next_steps_do_not_run(instance: dg.DagsterInstance) -> None:
    finished = run(instance, stand_in(breaks_build="x06"), batch_tags(instance, ["x06"]))
    started = instance.get_records_for_run(finished.run_id, of_type=dg.DagsterEventType.STEP_START).records
    assert [record.event_log_entry.step_key for record in started] == ["kpi_marts"]
    assert partitions(instance, LOAD, ["x06"]) == (set(), {"x06"})


def test_a_customer_mends_its_partition_in_the_next_run(instance: dg.DagsterInstance) -> None:
    run(instance, stand_in(breaks_build="x07"), batch_tags(instance, ["x07", "x08"]))
    run(instance, stand_in(), batch_tags(instance, ["x07"]))
    assert partitions(instance, LOAD, ["x07", "x08"]) == ({"x07", "x08"}, set())


def test_as_of_is_the_tags_or_the_start_of_the_run_and_the_same_for_all_steps(
    instance: dg.DagsterInstance,
) -> None:
    given = datetime(2026, 3, 1, 6, tzinfo=UTC)
    finished = run(instance, stand_in(), batch_tags(instance, ["x09"], given))
    record = instance.fetch_materializations(MARTS[0], limit=1).records[0]
    assert record.asset_materialization is not None
    assert record.asset_materialization.metadata["as_of"].value == str(given)

    finished = run(instance, stand_in(), batch_tags(instance, ["x09"]))
    fixed = datetime.fromisoformat(finished.tags[AS_OF_TAG])
    assert fixed.tzinfo is not None
    assert abs((datetime.now(UTC) - fixed).total_seconds()) < 120


@pytest.mark.parametrize("text", ["yesterday", "2026-03-01T06:00:00"])
def test_an_as_of_that_is_no_instant_is_refused(instance: dg.DagsterInstance, text: str) -> None:
    finished = run(instance, stand_in(), batch_tags(instance, ["x09"]) | {AS_OF_TAG: text})
    assert failure_of(instance, finished).startswith(f"The tag kpi/as_of is '{text}'")


def test_a_run_without_customers_says_how_to_name_them(instance: dg.DagsterInstance) -> None:
    finished = run(instance, stand_in(), {})
    assert failure_of(instance, finished) == "This run names no customers."


def test_a_batch_of_unknown_customers_is_refused_by_name(instance: dg.DagsterInstance) -> None:
    with pytest.raises(UnknownCustomer, match="nobody"):
        batch_tags(instance, ["c001", "nobody"])
