"""Dagster's events of many partitions, stored together.

Dagster stores each event by itself, on SQLite in four transactions: the 6,400 of 200 customers take minutes.
Stored together they take seconds. What of Dagster's inside is used for that stands here alone.
"""

import os
import time
from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.definitions.metadata import RawMetadataValue
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import (
    SqlEventLogStorage,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
)

STORED_TOGETHER = 500
"""Events of one transaction: below the parameters that a statement may have."""


def planned(context: dg.AssetExecutionContext, key: dg.AssetKey, partition: str) -> DagsterEvent:
    """The run intends to make a partition of an asset."""
    return DagsterEvent.build_asset_materialization_planned_event(
        context.run.job_name,
        str(context.op_execution_context.op_handle),
        AssetMaterializationPlannedData(key, partition=partition),
    )


def materialised(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    partition: str,
    metadata: Mapping[str, RawMetadataValue],
    tags: Mapping[str, str] | None,
) -> DagsterEvent:
    """The running step has made a partition of an asset."""
    step = context.get_step_execution_context()
    made = dg.AssetMaterialization(key, partition=partition, metadata=metadata, tags=tags)
    return DagsterEvent(
        event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name=step.job_name,
        step_handle=step.step.handle,
        node_handle=step.step.node_handle,
        step_kind_value=step.step.kind.value,
        logging_tags=step.event_tags,
        event_specific_data=StepMaterializationData(made),
        message=f"Materialized {partition} of {made.label}.",
        pid=os.getpid(),
    )


def store(context: dg.AssetExecutionContext, events: Sequence[DagsterEvent]) -> None:
    """Stores events that `planned` and `materialised` have made, all of the run of `context`."""
    now = time.time()
    entries = [
        EventLogEntry(  # type: ignore[no-untyped-call]
            error_info=None,
            level="INFO",
            user_message="",
            run_id=context.run.run_id,
            timestamp=now,
            step_key=event.step_key,
            job_name=event.job_name,
            dagster_event=event,
        )
        for event in events
    ]
    storage = context.instance.event_log_storage
    for start in range(0, len(entries), STORED_TOGETHER):
        some = entries[start : start + STORED_TOGETHER]
        if isinstance(storage, SqlEventLogStorage):
            _store_together(storage, some)
        else:
            storage.store_event_batch(some)


def _store_together(storage: SqlEventLogStorage, entries: Sequence[EventLogEntry]) -> None:
    rows = [storage._event_to_row(entry) for entry in entries]
    insert = SqlEventLogStorageTable.insert()
    if isinstance(storage, SqliteEventLogStorage):
        # There every run has a database of its own, and what concerns assets is in the index as well.
        with storage.run_connection(entries[0].run_id) as connection:
            connection.execute(insert, rows)
    with storage.index_transaction() as connection:
        returning = insert.returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
        ids = connection.execute(returning, rows).scalars().all()
        storage._store_asset_event_tags(connection, entries, ids)
        last = {
            entry.get_dagster_event().asset_key: (entry, number)
            for entry, number in zip(entries, ids, strict=True)
        }
        # In one order, so that two runs never wait for each other.
        for _, (entry, number) in sorted(last.items()):
            storage._store_asset_event(connection, entry, number)
