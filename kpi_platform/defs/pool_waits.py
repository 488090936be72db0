"""How a run waits for its place in a pool.

Dagster means to sleep until it looks again, but always sleeps for no time (dagster-io/dagster#20367, never
merged): each waiting run kept a core busy. And it looks ever more rarely, up to every 15 s.
"""

import time

from dagster._core.execution.plan import instance_concurrency_context
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext

LOOKS_EVERY = 0.5
"""Seconds between two looks for a free place."""


def rest_between_looks() -> None:
    """Holds for all runs of this process."""
    InstanceConcurrencyContext.interval_to_next_pending_claim_check = _until_next_look  # type: ignore[assignment, method-assign]
    instance_concurrency_context._calculate_timeout_interval = lambda *_: LOOKS_EVERY


def _until_next_look(context: InstanceConcurrencyContext) -> float:
    now = time.time()
    return max(0.0, min((at - now for at in context._pending_timeouts.values()), default=0.0))
