"""Runs on two Celery workers with a real broker: one is killed in the middle, and nothing is lost or doubled.

Takes minutes and a RabbitMQ: `make test-celery`.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from kpi_platform.adapters import duckdb_file
from kpi_platform.dashboard import tables
from kpi_platform.defs.celery_launcher import RunsOnCelery
from kpi_platform_tests.defs.installation import Installation, eventually, installed
from kpi_platform_tests.operation.brokers import Worker, is_installed, rabbitmq, worker

pytestmark = [
    pytest.mark.celery,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not (is_installed() and os.environ.get("KPI_TEST_CELERY")), reason="make test-celery runs it"
    ),
]
PATIENCE = 900


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with rabbitmq(tmp_path_factory.mktemp("celery") / "rabbitmq") as url:
        yield url


@pytest.fixture
def installation(tmp_path: Path, broker: str) -> Iterator[Installation]:
    home = tmp_path / "home"
    celery = {
        "KPI_CELERY_BROKER_URL": broker,
        "KPI_CELERY_RESULTS_URL": f"db+sqlite:///{tmp_path / 'results.db'}",
    }
    with pytest.MonkeyPatch.context() as patch:
        # Dagster reads them from the environment of whoever opens its instance.
        for name, value in celery.items():
            patch.setenv(name, value)
        with installed(home, KPI_SENSOR_SECONDS="2", KPI_REFRESH_SETTLE_SECONDS="4", **celery) as found:
            found.add("northwind", fivetran={"scheduler": "fivetran"})
            yield found


def of_refresh(installation: Installation, *statuses: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
    return [run for run in installation.runs("refresh") if run.status in statuses]


def holder(installation: Installation, workers: dict[str, Worker], run: dg.DagsterRun) -> Worker | None:
    """The worker that says it works on the run."""
    launcher = installation.instance.run_launcher
    assert isinstance(launcher, RunsOnCelery)
    known = installation.instance.get_run_by_id(run.run_id)
    assert known is not None
    active = launcher.celery.control.inspect(timeout=10).active() or {}
    for name, tasks in active.items():
        if any(one["id"] == known.tags.get("dagster-celery/task_id") for one in tasks):
            return workers[name.partition("@")[0]]
    return None


def test_a_run_whose_worker_is_killed_is_done_by_the_other_one(
    installation: Installation, tmp_path: Path
) -> None:
    environment = {
        **installation.configuration.environment,
        "DAGSTER_HOME": str(installation.configuration.dagster_home),
    }
    started, failed, done = (
        dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS,
    )  # fmt: skip
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(worker(name, environment, tmp_path)) for name in ("first", "second")
        }
        stack.enter_context(installation.daemon())
        for source in ("salesforce", "servicenow"):
            installation.sync_by_fivetran(f"northwind_{source}")
        # The run cannot end before its worker does: it waits for the warehouse.
        with duckdb_file.exclusive(installation.configuration.warehouse_file):
            (run,) = eventually(lambda: of_refresh(installation, started), PATIENCE, "a refresh begins")
            victim = eventually(lambda: holder(installation, workers, run), 120, "a worker has it")
            victim.kill()
        eventually(lambda: of_refresh(installation, failed), PATIENCE, "its end is noticed")
        (second,) = eventually(lambda: of_refresh(installation, done), PATIENCE, "another worker does it")
    assert second.parent_run_id == run.run_id
    records = installation.instance.all_logs(run.run_id)
    assert any("None of the workers has it any more" in str(one.message) for one in records)
    with installation.engine.connect() as connection:
        uploads = connection.execute(sa.select(tables.kpi_uploads.c.version)).all()
        values = connection.scalar(sa.select(sa.func.count()).select_from(tables.kpis))
    assert [version for (version,) in uploads] == [1]
    assert values is not None
    assert values > 0
    assert len(installation.runs("refresh")) == 2
