"""A power cut: daemon, code server and runs are killed at once, and started again with work waiting."""

import os
import random
import signal
import time
from pathlib import Path

import dagster as dg
import pytest

from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.sync_requests import SyncRequest, create_sync_request, sync_request
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.defs.requests import REQUEST_TAG
from kpi_platform.defs.runs import UNFINISHED
from kpi_platform_tests.defs.installation import Installation, eventually, installed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

PATIENCE = 600
STARTED, QUEUED = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED
SUCCESS = dg.DagsterRunStatus.SUCCESS
CUSTOMERS = ("initech", "northwind", "umbra")


def ask(installation: Installation, customer: str) -> SyncRequest:
    with installation.engine.begin() as connection:
        return create_sync_request(connection, customer, "salesforce", requested_by="test")


def ended(installation: Installation, asked: SyncRequest) -> bool:
    with reading(installation.engine) as connection:
        return sync_request(connection, asked.id).finished_at is not None


def runs_of(installation: Installation, asked: SyncRequest, *statuses: dg.DagsterRunStatus) -> int:
    wanted = dg.RunsFilter(tags={REQUEST_TAG: asked.id}, statuses=list(statuses))
    return len(installation.instance.get_runs(wanted))


def test_work_that_waited_or_had_begun_is_done_once_after_a_power_cut(tmp_path: Path) -> None:
    with installed(tmp_path / "home", KPI_SENSOR_SECONDS="1", KPI_RUNS_AT_ONCE="1") as installation:
        for customer in CUSTOMERS:
            installation.add(customer, servicenow={"enabled": False}, fivetran={"enabled": False})
        installation.plan("umbra_salesforce", "success", duration_seconds=15)
        with installation.daemon() as daemon:
            begun = ask(installation, "umbra")
            eventually(lambda: runs_of(installation, begun, STARTED), PATIENCE, "a run begins")
            waiting = ask(installation, "northwind")
            eventually(lambda: runs_of(installation, waiting, QUEUED), PATIENCE, "a run waits")
            os.killpg(daemon.pid, signal.SIGKILL)
        unseen = ask(installation, "initech")
        asked = (begun, waiting, unseen)
        with installation.daemon() as daemon:
            time.sleep(random.Random(7).uniform(10, 40))
            os.killpg(daemon.pid, signal.SIGKILL)
        with installation.daemon():
            eventually(lambda: all(ended(installation, one) for one in asked), PATIENCE, "all requests end")
            unfinished = dg.RunsFilter(statuses=UNFINISHED)
            eventually(lambda: not installation.instance.get_runs(unfinished), PATIENCE, "no run is left")
        with reading(installation.engine) as connection:
            for one in asked:
                assert sync_request(connection, one.id).state == "done", sync_request(connection, one.id)
                assert runs_of(installation, one, SUCCESS) == 1
                # Whichever of them was killed, one has loaded; a sync that ended later has a run of its own.
                runs = installation.instance.get_runs(dg.RunsFilter(tags={REQUEST_TAG: one.id}))
                loaded_by = [load.run_id for load in list_uploads(connection, one.customer)]
                assert len([run for run in runs if run.run_id in loaded_by]) == 1
                assert len(loaded_by) == len(set(loaded_by))
