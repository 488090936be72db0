"""The real daemon against the local Fivetran: every finished sync gives exactly one refresh, and a cancelled
run ends."""

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.runs import list_runs
from kpi_platform.dashboard.source_states import source_states
from kpi_platform.dashboard.sync_requests import ENDED, SyncRequest, create_sync_request, sync_request
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.pipeline.cancel import cancel_sync
from kpi_platform_tests.defs.installation import Installation, eventually, installed

pytestmark = pytest.mark.timeout(1800)

PATIENCE = 600
LOOKING = {"fivetran_syncs", "refresh"}
"""The sensors that notice a sync, and ask for a refresh."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One customer whose connections Fivetran itself syncs."""
    home: Path = tmp_path_factory.mktemp("daemon") / "home"
    with installed(home, KPI_SENSOR_SECONDS="1", KPI_REFRESH_SETTLE_SECONDS="4") as installation:
        installation.add("northwind", fivetran={"scheduler": "fivetran"})
        yield installation


def refreshes(installation: Installation) -> list[dg.DagsterRun]:
    return installation.runs("refresh")


def wait_for_refreshes(installation: Installation, number: int) -> None:
    """Waits for `number` refreshes in all, and makes sure that no further one follows."""
    eventually(
        lambda: (
            len(refreshes(installation)) >= number and all(run.is_finished for run in refreshes(installation))
        ),
        PATIENCE,
        f"{number} refreshes",
    )
    for _ in range(2):
        wait_for_ticks(installation)
    assert [run.status for run in refreshes(installation)] == [dg.DagsterRunStatus.SUCCESS] * number


def wait_for_ticks(installation: Installation) -> None:
    """Waits until each of the sensors has begun to look from now on, and has ended."""
    now = time.time()

    def looked() -> bool:
        states = installation.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        last = {one.instigator_name: one.instigator_data for one in states}
        return all(name in last and (last[name].last_tick_timestamp or 0) > now for name in LOOKING)

    eventually(looked, PATIENCE, "every sensor looks")


def test_syncs_by_fivetran_itself_give_one_refresh_each_even_across_a_restart(
    installation: Installation,
) -> None:
    with installation.daemon():
        installation.sync_by_fivetran("northwind_salesforce")
        installation.sync_by_fivetran("northwind_servicenow")
        wait_for_refreshes(installation, 1)
        assert len(installation.materializations("salesforce", "account", partition="northwind")) == 1
        assert len(installation.materializations("servicenow", "incident", partition="northwind")) == 1
        assert len(installation.materializations("dashboard_load", partition="northwind")) == 1

    # Between two ticks, while no daemon runs: a success, and a failure after it.
    installation.sync_by_fivetran("northwind_salesforce")
    installation.sync_by_fivetran("northwind_salesforce", outcome="failed")
    with installation.daemon():
        wait_for_refreshes(installation, 2)
    assert len(installation.materializations("salesforce", "account", partition="northwind")) == 2
    with reading(installation.engine) as connection:
        assert source_states(connection, "northwind")["salesforce"].last_sync_failed


def test_a_cancelled_run_ends_in_seconds_and_the_next_one_goes_all_the_way(
    installation: Installation,
) -> None:
    installation.add("umbra", servicenow={"enabled": False}, fivetran={"enabled": False})
    installation.plan("umbra_salesforce", "success", duration_seconds=20)

    def ask() -> SyncRequest:
        with installation.engine.begin() as connection:
            return create_sync_request(connection, "umbra", "salesforce", requested_by="Ada")

    def state(asked: SyncRequest) -> str:
        with reading(installation.engine) as connection:
            return sync_request(connection, asked.id).state

    def waits_for(asked: SyncRequest) -> str:
        with reading(installation.engine) as connection:
            return "".join(
                one.waits_for for one in list_runs(connection, "umbra") if one.request_id == asked.id
            )

    def shown() -> dict[str | None, tuple[str, str | None]]:
        with reading(installation.engine) as connection:
            runs = list_runs(connection, "umbra", ended=True)
        return {one.request_id: (one.state, one.cancelled_by) for one in runs if one.request_id}

    def cancel(asked: SyncRequest) -> None:
        with installation.engine.begin() as connection:
            cancel_sync(connection, "umbra", asked.id, who="Bo", is_operator=False)

    with installation.daemon():
        synced = ask()
        eventually(lambda: state(synced) == "syncing", PATIENCE, "the sync begins")
        began = time.monotonic()
        cancel(synced)
        eventually(lambda: state(synced) == "cancelled", PATIENCE, "the run ends while it waits for a sync")
        assert time.monotonic() - began < 120
        slots = installation.instance.event_log_storage
        slots.set_concurrency_slots("destination", 0)
        computed = ask()
        eventually(lambda: "its turn at the warehouse" in waits_for(computed), PATIENCE, "the build waits")
        cancel(computed)
        eventually(lambda: state(computed) == "cancelled", PATIENCE, "the run ends while it waits")
        slots.set_concurrency_slots("destination", 2)
        with reading(installation.engine) as connection:
            assert list_uploads(connection, "umbra") == []
        last = ask()
        eventually(lambda: state(last) in ENDED, PATIENCE, "the next run ends")
        assert state(last) == "done"
        history = {synced.id: ("cancelled", "Bo"), computed.id: ("cancelled", "Bo"), last.id: ("done", None)}
        eventually(lambda: shown() == history, PATIENCE, "the page shows all three")
