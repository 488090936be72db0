"""A run of this machine lives as long as its process: killed, it is found dead."""

import uuid
from pathlib import Path

import dagster as dg
from dagster._core.launcher import WorkerStatus

from kpi_platform.configuration import Configuration
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform.defs.life_line import is_cut, life_line, process_of
from kpi_platform_tests.holding import holding

HOLDER = """
import sys
from pathlib import Path
from kpi_platform.defs.life_line import life_line
with life_line(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_is_dead_only_where_its_process_was_killed(configuration: Configuration) -> None:
    home = prepare_dagster_home(configuration)
    run = dg.DagsterRun(job_name="refresh", run_id=str(uuid.uuid4()))
    with dg.DagsterInstance.from_config(str(home)) as instance:

        def status() -> WorkerStatus:
            return instance.run_launcher.check_run_worker_health(run).status

        assert instance.run_launcher.supports_check_run_worker_health
        assert status() == WorkerStatus.RUNNING, "a run that is not known here is not judged"
        assert process_of(home, run.run_id) is None
        with holding(HOLDER, str(home), run.run_id) as process:
            assert status() == WorkerStatus.RUNNING
            assert process_of(home, run.run_id) == process.pid
            process.kill()
            process.wait()
        assert process_of(home, run.run_id) is None
        assert [status(), status()] == [WorkerStatus.FAILED] * 2


def test_a_run_that_ends_by_itself_leaves_nothing(tmp_path: Path) -> None:
    for error in (None, ValueError("broken")):
        try:
            with life_line(tmp_path, "run"):
                if error:
                    raise error
        except ValueError:
            pass
        assert not is_cut(tmp_path, "run")
        assert list((tmp_path / "processes").iterdir()) == []
