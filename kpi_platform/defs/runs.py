"""Runs that are under way, and which customers and sources they have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from kpi_platform.defs.batch import CUSTOMERS_TAG
from kpi_platform.defs.dagster_insides import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    IN_PROGRESS_RUN_STATUSES,
    PARTITION_NAME_TAG,
)
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.domain.sources import SOURCES, Source

UNFINISHED = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, *IN_PROGRESS_RUN_STATUSES]
AFTER_A_CRASH = {"dagster/max_retries": "2"}
"""Run tags of work that is tried again if the process of its run is killed."""
CANCELLED = {"kpi/cancelled": "true", "dagster/max_retries": "0"}
"""Run tags of a run that a person has cancelled: however it ends, it is not tried again."""

_SYNC_JOBS = ("sync", "sync_and_refresh")


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A queued or running run. `sources` are those that it syncs; `refreshes` says whether it computes KPIs;
    `started_at` is None while it waits."""

    run_id: str
    customers: frozenset[str]
    sources: frozenset[Source]
    refreshes: bool
    started_at: datetime | None

    def syncs(self, customer: str, source: Source) -> bool:
        return customer in self.customers and source in self.sources


def active_runs(instance: dg.DagsterInstance) -> list[ActiveRun]:
    """Returns every run that is queued or under way."""
    records = instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED))
    partitions = instance.get_dynamic_partitions(CUSTOMERS_NAME) if records else []
    return [_active(record, partitions) for record in records]


def customers_of(tags: Mapping[str, str], partitions: Sequence[str]) -> frozenset[str]:
    """Returns the customers of a run with these tags."""
    if tags.get(CUSTOMERS_TAG):
        return frozenset(tags[CUSTOMERS_TAG].split(","))
    if PARTITION_NAME_TAG in tags:
        return frozenset({tags[PARTITION_NAME_TAG]})
    start, end = tags.get(ASSET_PARTITION_RANGE_START_TAG), tags.get(ASSET_PARTITION_RANGE_END_TAG)
    if start in partitions and end in partitions:
        return frozenset(partitions[partitions.index(start) : partitions.index(end) + 1])
    return frozenset()


def _active(record: dg.RunRecord, partitions: Sequence[str]) -> ActiveRun:
    run = record.dagster_run
    selected = run.asset_selection
    if selected is None:
        sources = frozenset(SOURCES) if run.job_name in _SYNC_JOBS else frozenset[Source]()
        refreshes = run.job_name != "sync"
    else:
        groups = {key.path[0] for key in selected}
        sources = frozenset(source for source in SOURCES if source in groups)
        refreshes = bool(groups - set(SOURCES))
    return ActiveRun(
        run_id=run.run_id,
        customers=customers_of(run.tags, partitions),
        sources=sources,
        refreshes=refreshes,
        started_at=datetime.fromtimestamp(record.start_time, UTC) if record.start_time else None,
    )
