"""Runs as processes of this machine."""

from pathlib import Path

import dagster as dg

from kpi_platform.defs.dagster_insides import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from kpi_platform.defs.life_line import is_cut


class RunsHere(DefaultRunLauncher):
    """A run whose process was killed is found dead; Dagster's own launcher knows it as started for ever, and
    with it its customers as busy."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        if is_cut(Path(self._instance.root_directory), run.run_id):
            return CheckRunHealthResult(WorkerStatus.FAILED, "Its process was ended from outside.")
        return CheckRunHealthResult(WorkerStatus.RUNNING)
