"""Many customers in batches, two at once: nobody waits for the warehouse longer than it is worked in."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext

from kpi_platform.configuration import Configuration
from kpi_platform.defs import run_batches as module
from kpi_platform.defs.dagster_insides import LOOKS_EVERY
from kpi_platform.defs.dbt import DESTINATION_POOL
from kpi_platform.defs.run import run_job
from kpi_platform.defs.run_batches import in_processes, run_batches
from kpi_platform.domain.runs import RunOutcome
from kpi_platform_tests.defs.installation import Installation, installed
from kpi_platform_tests.holding import holding
from kpi_platform_tests.pipeline.landing import ACCOUNT, account, land

pytestmark = pytest.mark.timeout(600)

HOLDER = """
import sys
from pathlib import Path
from kpi_platform.adapters.duckdb_file import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

PREPARE = """
from kpi_platform.configuration import Configuration
from kpi_platform.defs.instance import prepare_dagster_home
from dagster import DagsterInstance
with DagsterInstance.from_config(str(prepare_dagster_home(Configuration.from_environment()))) as instance:
    print(len(instance.event_log_storage.get_pool_limits()))
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("batches") / "home") as installation:
        for key in ("umbra", "wonka"):
            rows = {"account": (ACCOUNT, [account(1), account(2)])}
            land(installation.configuration.warehouse_file, f"{key}_salesforce", rows)
        for key in ("umbra", "wonka", "initech"):
            installation.add(key, servicenow={"enabled": False})
        yield installation


@pytest.fixture
def one_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CUSTOMERS_PER_RUN", 1)


@pytest.mark.usefixtures("one_a_batch")
def test_batches_run_beside_each_other_and_who_fails_is_named(installation: Installation) -> None:
    lines: list[str] = []
    outcome = run_batches(
        installation.configuration,
        installation.engine,
        ["umbra", "initech", "wonka"],
        as_of=datetime.now(UTC),
        skip_sync=True,
        on_progress=lines.append,
    )
    assert set(outcome.loaded) == {"umbra", "wonka"}
    assert "initech_salesforce" in outcome.failed["initech"]
    assert len(outcome.run_ids) == len(set(outcome.run_ids)) == 3
    assert lines[0] == "Computing 3 customers in 3 batches"
    assert lines[-1] == "3 of 3 customers are done"
    pids = {
        record.event_log_entry.get_dagster_event().pid
        for run_id in outcome.run_ids
        for record in installation.instance.get_records_for_run(run_id).records
        if record.event_log_entry.is_dagster_event
    }
    assert os.getpid() not in pids
    assert len(pids - {None}) == 2


def killed(_: Configuration, __: Sequence[str], ___: datetime, *____: bool) -> RunOutcome:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.mark.usefixtures("one_a_batch")
def test_customers_whose_process_was_killed_are_lost_by_name(configuration: Configuration) -> None:
    now = datetime.now(UTC)
    outcome = in_processes(killed, configuration, ["umbra", "wonka"], now, True, lambda _: None)
    assert not outcome.loaded
    assert outcome.failed.keys() == {"umbra", "wonka"}
    assert "ended from outside" in outcome.failed["umbra"]


def test_what_a_run_has_computed_it_matches_and_loads_while_others_have_the_warehouse(
    installation: Installation,
) -> None:
    holders = []
    with ExitStack() as ends:

        def hold(line: str) -> None:
            if line == "Matching accounts":
                warehouse = str(installation.configuration.warehouse_file)
                holders.append(ends.enter_context(holding(HOLDER, warehouse)))

        outcome = run_job(
            installation.configuration,
            installation.engine,
            ["umbra", "wonka"],
            as_of=datetime.now(UTC),
            skip_sync=True,
            on_progress=hold,
        )
        assert holders[0].poll() is None
    assert set(outcome.loaded) == {"umbra", "wonka"}


def test_who_waits_for_a_pool_rests_between_two_looks(installation: Installation) -> None:
    instance = installation.instance
    with ExitStack() as ends:
        first, second, waiting = (
            ends.enter_context(InstanceConcurrencyContext(instance, dg.DagsterRun("refresh", run_id)))
            for run_id in ("first", "second", "third")
        )
        assert first.claim(DESTINATION_POOL, "kpi_marts")
        assert second.claim(DESTINATION_POOL, "kpi_marts")
        assert not waiting.claim(DESTINATION_POOL, "kpi_marts")
        assert 0 < waiting.interval_to_next_pending_claim_check() <= LOOKS_EVERY
        instance.event_log_storage.free_concurrency_slots_for_run("first")
        time.sleep(waiting.interval_to_next_pending_claim_check() + 0.01)
        assert waiting.claim(DESTINATION_POOL, "kpi_marts")
    for run_id in ("second", "third"):
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def test_two_processes_may_be_the_first_of_a_home_together(configuration: Configuration) -> None:
    environment = {**os.environ, **configuration.environment}
    both = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PREPARE], env=environment, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    assert [process.communicate()[0] for process in both] == [b"2\n"] * 2
