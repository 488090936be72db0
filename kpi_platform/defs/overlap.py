"""No two runs compute one customer at once: the later one waits until the earlier has loaded.

The sensors keep a customer out of a run while another has it; a person may start a second one. Between
the build of one and its load the other must not replace the marts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from kpi_platform.defs.batch import StepBatch
from kpi_platform.defs.runs import active_runs

MARTS_STEP = "kpi_marts"
WAIT_SECONDS, TRIES = 5, 120


def wait_for_others(context: dg.AssetExecutionContext, batch: StepBatch) -> None:
    """Asks Dagster to start the step again later while another run computes one of the customers; those whose
    run has not ended after ten minutes are lost, by name."""
    busy = computed_elsewhere(context.instance, context.run.run_id, batch.customers)
    if not busy:
        return
    if context.op_execution_context.retry_number < TRIES:
        context.log.info(f"Waiting for {', '.join(sorted(set(busy.values())))}, which has {', '.join(busy)}.")
        raise dg.RetryRequested(max_retries=TRIES, seconds_to_wait=WAIT_SECONDS)
    for customer, run_id in busy.items():
        batch.lose(customer, f"Run {run_id} is computing it too, and has not ended. End that run first.")


def computed_elsewhere(instance: dg.DagsterInstance, run_id: str, customers: Sequence[str]) -> dict[str, str]:
    """Customer → the other run that began to compute its KPIs earlier, and has not ended."""
    mine = set(customers)
    others = [
        run
        for run in active_runs(instance)
        if run.run_id != run_id and run.started_at and run.refreshes and run.customers & mine
    ]
    if not others:
        return {}
    now = datetime.now(UTC).timestamp()
    began = (_began(instance, run_id) or now, run_id)
    busy: dict[str, str] = {}
    for other in others:
        at = _began(instance, other.run_id)
        if at is not None and (at, other.run_id) < began:
            busy |= dict.fromkeys(sorted(other.customers & mine), other.run_id)
    return busy


def _began(instance: dg.DagsterInstance, run_id: str) -> float | None:
    """When the run began to compute, by its first try: seconds since 1970; None: not yet."""
    stats = instance.get_run_step_stats(run_id, [MARTS_STEP])
    return min((one.start_time for one in stats if one.start_time), default=None)
