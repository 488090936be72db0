"""The real daemon against the local Fivetran: every finished sync gives exactly one refresh."""

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.source_states import source_states
from kpi_platform_tests.defs.installation import Installation, eventually, installed

pytestmark = pytest.mark.timeout(1800)

PATIENCE = 600
TWO_TICKS = 14


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
    time.sleep(TWO_TICKS)
    assert [run.status for run in refreshes(installation)] == [dg.DagsterRunStatus.SUCCESS] * number


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


def test_a_daemon_that_is_started_again_repeats_nothing(installation: Installation) -> None:
    before = len(refreshes(installation))
    with installation.daemon():
        time.sleep(TWO_TICKS * 2)
    assert len(refreshes(installation)) == before
