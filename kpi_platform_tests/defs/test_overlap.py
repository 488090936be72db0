"""Two runs of one customer: the one that began to compute later waits, and then goes on."""

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.events.log import EventLogEntry

from kpi_platform.defs.overlap import MARTS_STEP, computed_elsewhere
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform_tests.defs.stand_in import stand_in


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(CUSTOMERS_NAME, ["acme", "bolt", "core"])
        yield instance


def begun(instance: dg.DagsterInstance, customers: str, *, at: float, computes: bool = True) -> str:
    """A run that is under way."""
    job = stand_in().resolve_job_def("refresh")
    run = instance.create_run_for_job(job, tags={"kpi/customers": customers})
    instance.report_dagster_event(DagsterEvent("PIPELINE_START", "refresh"), run.run_id)
    if computes:
        event = DagsterEvent(DagsterEventType.STEP_START.value, "refresh", step_key=MARTS_STEP)
        instance.handle_new_event(
            EventLogEntry(
                error_info=None, level=10, user_message="", run_id=run.run_id, timestamp=at,
                step_key=MARTS_STEP, job_name="refresh", dagster_event=event,
            )
        )  # fmt: skip
    return run.run_id


def test_the_run_that_began_later_waits_for_the_customers_they_share(instance: dg.DagsterInstance) -> None:
    first = begun(instance, "acme,bolt", at=100.0)
    second = begun(instance, "bolt,core", at=101.0)
    assert computed_elsewhere(instance, second, ["bolt", "core"]) == {"bolt": first}
    assert computed_elsewhere(instance, first, ["acme", "bolt"]) == {}
    instance.report_run_canceled(instance.get_run_by_id(first))
    assert computed_elsewhere(instance, second, ["bolt", "core"]) == {}


def test_of_two_that_began_together_exactly_one_waits(instance: dg.DagsterInstance) -> None:
    runs = [begun(instance, "acme", at=100.0) for _ in range(2)]
    waiting = [run for run in runs if computed_elsewhere(instance, run, ["acme"])]
    assert len(waiting) == 1


def test_a_run_that_syncs_or_has_other_customers_is_not_waited_for(
    instance: dg.DagsterInstance,
) -> None:
    begun(instance, "acme", at=1.0, computes=False)
    begun(instance, "core", at=1.0)
    mine = begun(instance, "acme,bolt", at=100.0)
    assert computed_elsewhere(instance, mine, ["acme", "bolt"]) == {}
