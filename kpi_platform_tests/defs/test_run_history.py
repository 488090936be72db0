"""What the web app hears of Dagster's runs, and how people end them there."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.runs import Run, list_runs, orchestrator_seen_at
from kpi_platform.dashboard.sync_requests import SyncRequest, create_sync_request, sync_request
from kpi_platform.defs.batch import batch_tags
from kpi_platform.defs.request_sensors import run_for
from kpi_platform.domain.errors import Conflict, Forbidden
from kpi_platform.pipeline.cancel import cancel_run, cancel_sync
from kpi_platform_tests.defs.installation import Installation, installed, tick


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home: Path = tmp_path_factory.mktemp("runs") / "home"
    with installed(home, KPI_RUNS_AT_ONCE="1") as installation:
        for customer in ("northwind", "initech", "umbra"):
            installation.add(
                customer, servicenow={"enabled": False}, error_handling={"on_sync_failure": "alert"}
            )
        tick(installation, "requests")
        yield installation


def ask(installation: Installation, customer: str) -> SyncRequest:
    with installation.engine.begin() as connection:
        return create_sync_request(connection, customer, "salesforce", requested_by="Ada")


def queue(installation: Installation, asked: SyncRequest) -> dg.DagsterRun:
    """As the daemon does it with what the sensor has asked for."""
    job = installation.definitions.resolve_job_def("sync_and_refresh")
    return installation.instance.create_run_for_job(
        job, tags=dict(run_for(installation.instance, asked, []).tags)
    )


def shown(installation: Installation, customer: str) -> list[Run]:
    tick(installation, "requests")
    with reading(installation.engine) as connection:
        assert orchestrator_seen_at(connection) is not None
        return list_runs(connection, customer)


def state_of(installation: Installation, asked: SyncRequest) -> str:
    with reading(installation.engine) as connection:
        return sync_request(connection, asked.id).state


def cancel(installation: Installation, customer: str, run: str, *, is_operator: bool = False) -> None:
    with installation.engine.begin() as connection:
        cancel_run(connection, customer, run, who="Bo", is_operator=is_operator)


def test_runs_in_the_queue_say_their_place_and_why_they_wait_and_are_cancelled(
    installation: Installation,
) -> None:
    job = installation.definitions.resolve_job_def("refresh")
    busy = installation.instance.create_run_for_job(
        job, tags=batch_tags(installation.instance, ["northwind"]), status=dg.DagsterRunStatus.STARTED
    )
    first, second = ask(installation, "northwind"), ask(installation, "umbra")
    queued = [queue(installation, one) for one in (first, second)]
    [waits, under_way] = shown(installation, "northwind")
    assert (under_way.state, under_way.started_by) == ("running", "dagster")
    assert (waits.state, waits.place, waits.person) == ("queued", 1, "Ada")
    assert waits.waits_for.startswith("Another run of this customer is under way.")
    [other] = shown(installation, "umbra")
    assert (other.place, other.waits_for) == (2, "One run is under way, the most that may be at once.")

    cancel(installation, "umbra", other.id)
    [other] = shown(installation, "umbra")
    assert (other.state, other.cancelled_by) == ("cancelled", "Bo")
    assert state_of(installation, second) == "cancelled"
    with pytest.raises(Conflict, match="ended already"):
        cancel(installation, "umbra", other.id)
    installation.instance.report_run_canceled(busy)
    installation.instance.report_run_canceled(queued[0])
    assert [one.state for one in shown(installation, "northwind")] == ["cancelled", "cancelled"]
    assert state_of(installation, first) == "cancelled"


def test_a_request_that_no_run_has_taken_is_cancelled_at_once_and_its_late_run_too(
    installation: Installation,
) -> None:
    asked = ask(installation, "initech")
    with installation.engine.begin() as connection:
        assert cancel_sync(connection, "initech", asked.id, who="Bo", is_operator=False).state == "cancelled"
        with pytest.raises(Conflict):
            cancel_sync(connection, "initech", asked.id, who="Bo", is_operator=False)
    # The sensor had taken it already.
    queue(installation, asked)
    shown(installation, "initech")
    assert [one.state for one in shown(installation, "initech")] == ["cancelled"]
    # Whoever asks again gets a new request.
    assert ask(installation, "initech").id != asked.id


def test_a_run_of_several_customers_tells_each_its_own_and_is_the_operators_to_cancel(
    installation: Installation,
) -> None:
    installation.plan("umbra_salesforce", "failed")
    with installation.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM sync_requests")
    installation.run("sync", "northwind", "umbra")
    whole, lost = shown(installation, "northwind")[0], shown(installation, "umbra")[0]
    assert (whole.state, whole.error, whole.others) == ("done", None, 1)
    assert lost.state == "failed"
    assert "umbra_salesforce" in str(lost.error)
    assert [step.name for step in whole.steps] == ["salesforce_sync", "servicenow_sync"]
    assert whole.steps[0].seconds is not None

    both = installation.instance.create_run_for_job(
        installation.definitions.resolve_job_def("refresh"),
        tags=batch_tags(installation.instance, ["northwind", "umbra"]),
    )  # fmt: skip
    assert shown(installation, "umbra")[0].id == both.run_id
    with pytest.raises(Forbidden, match="1 other customer as well"):
        cancel(installation, "umbra", both.run_id)
    cancel(installation, "umbra", both.run_id, is_operator=True)
    assert shown(installation, "northwind")[0].state == "cancelled"


def test_what_has_not_changed_is_not_written_again(installation: Installation) -> None:
    shown(installation, "umbra")
    with reading(installation.engine) as connection:
        before = connection.exec_driver_sql("PRAGMA data_version").scalar()
        tick(installation, "requests")
        assert connection.exec_driver_sql("PRAGMA data_version").scalar() == before
