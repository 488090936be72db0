"""Runs on Celery workers. Needs the extra `celery`."""

import time

import dagster as dg
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from kpi_platform.defs.dagster_insides import CheckRunHealthResult, WorkerStatus

_ANSWER_SECONDS = 5.0
_ASKS = 2


class RunsOnCelery(CeleryRunLauncher):
    """A run is alive for as long as a worker says that it works on it. The results' store alone, which
    Dagster's own launcher asks, knows a run whose worker was killed as begun, for ever."""

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        known = super().check_run_worker_health(run)
        if known.status is not WorkerStatus.RUNNING:
            return known
        task = run.tags[DAGSTER_CELERY_TASK_ID_TAG]
        for attempt in range(_ASKS):
            if attempt:
                time.sleep(_ANSWER_SECONDS / 2)
            workers = self.celery.control.inspect(timeout=_ANSWER_SECONDS).active()
            # Without any answer it is the broker that cannot be reached, and nothing is known of the run.
            if not workers or any(one["id"] == task for tasks in workers.values() for one in tasks):
                return known
        answering = ", ".join(sorted(workers))
        return CheckRunHealthResult(WorkerStatus.FAILED, f"None of the workers has it any more: {answering}.")
