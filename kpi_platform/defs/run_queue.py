"""The runs that wait: at which place, and for what."""

import re

import dagster as dg

from kpi_platform.defs.dagster_insides import IN_PROGRESS_RUN_STATUSES, PARTITION_NAME_TAG
from kpi_platform.defs.instance import POOL_LIMITS

WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED)
_PRIORITY = "dagster/priority"
_POOLS = {"destination": "the warehouse", "fivetran": "Fivetran"}


class RunQueue:
    """The runs that wait, and for what."""

    def __init__(self, instance: dg.DagsterInstance, most: int) -> None:
        self._most = most
        queued = instance.get_run_records(dg.RunsFilter(statuses=list(WAITING)))
        queued = sorted(queued, key=lambda one: (-_priority(one.dagster_run), one.create_timestamp))
        self._places = {one.dagster_run.run_id: place for place, one in enumerate(queued, 1)}
        self._busy = instance.get_runs(dg.RunsFilter(statuses=list(IN_PROGRESS_RUN_STATUSES)))
        self._steps = {pool: instance.event_log_storage.get_concurrency_info(pool) for pool in POOL_LIMITS}

    def place(self, run: dg.DagsterRun) -> tuple[int | None, str]:
        """Returns the run's place in the queue, and why it waits, as a sentence."""
        place = self._places.get(run.run_id)
        if place is None:
            return None, self._turn(run.run_id)
        customer = run.tags.get(PARTITION_NAME_TAG)
        if customer and any(one.tags.get(PARTITION_NAME_TAG) == customer for one in self._busy):
            return place, "Another run of this customer is under way. This one begins when that has ended."
        if len(self._busy) >= self._most:
            count = "One run is" if len(self._busy) == 1 else f"{len(self._busy)} runs are"
            return place, f"{count} under way, the most that may be at once."
        return place, "It begins within seconds."

    def _turn(self, run_id: str) -> str:
        for pool, info in self._steps.items():
            if run_id in info.pending_run_ids and run_id not in info.active_run_ids:
                others = info.active_slot_count
                ahead = f" {others} {'other is' if others == 1 else 'others are'} there." if others else ""
                return f"It waits for its turn at {_POOLS[pool]}.{ahead}"
        return ""


def _priority(run: dg.DagsterRun) -> int:
    text = run.tags.get(_PRIORITY, "0")
    return int(text) if re.fullmatch(r"-?\d+", text) else 0
