"""Dagster's events of many partitions, stored together.

Dagster stores each event by itself, on SQLite in four transactions: the 6,400 of 200 customers take minutes.
Stored together they take a second. With a version of Dagster that was not checked each is stored by itself.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache

import dagster as dg
import sqlalchemy as sa
from dagster_shared.record import replace
from sqlalchemy.dialects import sqlite

from kpi_platform.defs.dagster_insides import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetMaterializationPlannedData,
    RawMetadataValue,
    SqlEventLogStorage,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
    StepExecutionContext,
    StepMaterializationData,
    check_execution_row,
    event_row,
    store_as_newest,
    stores_in_sql,
)

STORED_TOGETHER = 2000
"""Events of one transaction: others who store wait for it, a third of a second."""


def planned(context: dg.AssetExecutionContext, key: dg.AssetKey, partition: str) -> dg.DagsterEvent:
    """Returns the event that the run intends to make a partition of an asset."""
    return dg.DagsterEvent.build_asset_materialization_planned_event(
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
) -> dg.DagsterEvent:
    """Returns the event that the running step has made a partition of an asset."""
    made = dg.AssetMaterialization(key, partition=partition, metadata=metadata, tags=tags)
    message = f"Materialized {partition} of {made.label}."
    step = context.get_step_execution_context()
    return _of_step(step, dg.DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(made), message)


def _checked(step: StepExecutionContext, evaluation: dg.AssetCheckEvaluation) -> dg.DagsterEvent:
    """Returns the event that the running step has checked an asset, or a partition of it."""
    outcome = "passed" if evaluation.passed else "did not pass"
    place = evaluation.asset_key.to_user_string() + (
        f", {evaluation.partition}" if evaluation.partition else ""
    )
    message = f"Asset check '{evaluation.check_name}' on '{place}' {outcome}."
    return _of_step(step, dg.DagsterEventType.ASSET_CHECK_EVALUATION, evaluation, message)


def _of_step(
    step: StepExecutionContext,
    kind: dg.DagsterEventType,
    data: StepMaterializationData | dg.AssetCheckEvaluation,
    message: str,
) -> dg.DagsterEvent:
    return dg.DagsterEvent(
        event_type_value=kind.value,
        job_name=step.job_name,
        step_handle=step.step.handle,
        node_handle=step.step.node_handle,
        step_kind_value=step.step.kind.value,
        logging_tags=step.event_tags,
        event_specific_data=data,
        message=message,
        pid=os.getpid(),
    )


def store(context: dg.AssetExecutionContext, events: Sequence[dg.DagsterEvent]) -> None:
    """Stores events that `planned` or `materialised` has made: all by the same one, in the step of `context`.
    The stored rows are those that Dagster would have stored."""
    now = time.time()
    storage = context.instance.event_log_storage
    for start in range(0, len(events), STORED_TOGETHER):
        some = events[start : start + STORED_TOGETHER]
        if stores_in_sql(storage):
            _store_together(storage, context.run.run_id, now, some)
        else:
            storage.store_event_batch([_entry(context.run.run_id, now, event) for event in some])


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check as a whole, and of some partitions: whether each passed, and its description."""

    result: dg.AssetCheckResult
    partitions: Mapping[str, tuple[bool, str]] = field(default_factory=dict)


def store_checks(
    context: dg.AssetExecutionContext, checked: Sequence[Checked], *, with_wholes: bool = True
) -> None:
    """Stores the results of checks of the step of `context`: those of partitions, and, `with_wholes`, those
    of the checks as a whole. The step need not yield what is stored if its outputs are optional: Dagster
    would store each by itself, and its output too."""
    step = context.get_step_execution_context()
    _store_checks(step, [(one.result.to_asset_check_evaluation(step), one) for one in checked], with_wholes)


def store_checks_of_partitions(
    context: dg.AssetCheckExecutionContext, key: dg.AssetCheckKey, checked: Checked
) -> None:
    """Stores what a check found of partitions. Its result as a whole is what the check returns."""
    step = context.op_execution_context.get_step_execution_context()
    whole = dg.AssetCheckEvaluation(
        asset_key=key.asset_key, check_name=key.name, passed=bool(checked.result.passed), metadata={},
        severity=checked.result.severity,
    )  # fmt: skip
    _store_checks(step, [(whole, checked)], with_wholes=False)


def _store_checks(
    step: StepExecutionContext,
    evaluations: Sequence[tuple[dg.AssetCheckEvaluation, Checked]],
    with_wholes: bool,
) -> None:
    now, run_id = time.time(), step.run_id
    parts = [
        replace(whole, partition=partition, passed=passed, description=text, metadata={})
        for whole, one in evaluations
        for partition, (passed, text) in one.partitions.items()
    ]
    wholes = [whole for whole, _ in evaluations] if with_wholes else []
    entries = [_entry(run_id, now, _checked(step, one)) for one in (*parts, *wholes)]
    storage = step.instance.event_log_storage
    if not entries:
        return
    if not stores_in_sql(storage):
        storage.store_event_batch(entries)
        return
    rows = [event_row(storage, entry) for entry in entries]
    _insert_of_run(storage, run_id, rows)
    with storage.index_transaction() as connection:
        ids = _insert(connection, SqlEventLogStorageTable, rows)
        _store_executions(connection, storage, entries[: len(parts)], ids[: len(parts)])
    for entry, number in zip(entries[len(parts) :], ids[len(parts) :], strict=True):
        storage.store_asset_check_event(entry, number)


def _store_executions(
    connection: sa.Connection,
    storage: SqlEventLogStorage,
    entries: Sequence[dg.EventLogEntry],
    ids: Sequence[int],
) -> None:
    """Stores the evaluations of partitions, which are not planned, instead of those of an earlier try of the
    step."""
    table = AssetCheckExecutionsTable
    rows = [check_execution_row(storage, entry, number) for entry, number in zip(entries, ids, strict=True)]
    if rows:
        names = {row["check_name"] for row in rows}
        earlier = sa.and_(table.c.run_id == entries[0].run_id, table.c.partition.is_not(None))
        connection.execute(sa.delete(table).where(earlier, table.c.check_name.in_(names)))
        _insert(connection, table, rows)


def _entry(run_id: str, moment: float, event: dg.DagsterEvent) -> dg.EventLogEntry:
    return dg.EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        level="INFO",
        user_message="",
        run_id=run_id,
        timestamp=moment,
        step_key=event.step_key,
        job_name=event.job_name,
        dagster_event=event,
    )


def _store_together(
    storage: SqlEventLogStorage, run_id: str, moment: float, events: Sequence[dg.DagsterEvent]
) -> None:
    first = _entry(run_id, moment, events[0])
    row = event_row(storage, first)
    keys: list[dg.AssetKey] = [event.asset_key for event in events]  # type: ignore[misc]
    names = {key: key.to_string() for key in set(keys)}
    rows = [
        {**row, "event": text, "asset_key": names[key], "partition": event.partition}
        for event, key, text in zip(events, keys, _texts(first, events), strict=True)
    ]
    _insert_of_run(storage, run_id, rows)
    with storage.index_transaction() as connection:
        ids = _insert(connection, SqlEventLogStorageTable, rows)
        tags = [
            {
                "event_id": number,
                "asset_key": names[key],
                "key": tag,
                "value": value,
                "event_timestamp": row["timestamp"],
            }
            for number, key, event in zip(ids, keys, events, strict=True)
            for tag, value in _indexed_tags(storage, event)
        ]
        if tags:
            _insert(connection, AssetEventTagsTable, tags)
        last = {key: (event, number) for key, event, number in zip(keys, events, ids, strict=True)}
        # In one order, so that two runs never wait for each other.
        for _, (event, number) in sorted(last.items()):
            store_as_newest(storage, connection, _entry(run_id, moment, event), number)


def _insert_of_run(storage: SqlEventLogStorage, run_id: str, rows: Sequence[Mapping[str, object]]) -> None:
    """On SQLite every run has a database of its own, and what concerns assets is in the index as well."""
    if isinstance(storage, SqliteEventLogStorage):
        with storage.run_connection(run_id) as connection:
            _insert(connection, SqlEventLogStorageTable, rows)


def _texts(first: dg.EventLogEntry, events: Sequence[dg.DagsterEvent]) -> Iterator[str]:
    """The events as JSON. They differ in their own data and their message alone, and these are a third of the
    work."""
    one = events[0]
    before, _, rest = dg.serialize_value(first).partition(dg.serialize_value(one.event_specific_data))
    between, _, after = rest.partition(dg.serialize_value(one.message))
    for event in events:
        data, message = dg.serialize_value(event.event_specific_data), dg.serialize_value(event.message)
        yield f"{before}{data}{between}{message}{after}"


def _indexed_tags(storage: SqlEventLogStorage, event: dg.DagsterEvent) -> Iterator[tuple[str, str]]:
    tags = event.step_materialization_data.materialization.tags if event.is_step_materialization else None
    if tags:
        indexed = storage.get_asset_tags_to_index(set(tags))
        yield from ((key, value) for key, value in tags.items() if key in indexed)


def _insert(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]
) -> Sequence[int]:
    """Appends rows in the connection's transaction, and answers their ids."""
    if connection.dialect.name != "sqlite":
        returning = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return connection.execute(returning, rows).scalars().all()
    # The driver itself, as SQLAlchemy takes longer with a row's parameters than SQLite with the row.
    statement = _sqlite_insert(table, tuple(rows[0]))
    connection.exec_driver_sql(statement, [_for_sqlite(row) for row in rows])
    # Nobody else writes during the transaction, so the ids have no gaps.
    end = connection.exec_driver_sql("SELECT last_insert_rowid()").scalar_one() + 1
    return range(end - len(rows), end)


@cache
def _sqlite_insert(table: sa.Table, names: tuple[str, ...]) -> str:
    return str(sa.insert(table).compile(dialect=sqlite.dialect(paramstyle="named"), column_keys=names))


def _for_sqlite(row: Mapping[str, object]) -> Mapping[str, object]:
    return {name: _instant(value) if isinstance(value, datetime) else value for name, value in row.items()}


@lru_cache(maxsize=1)
def _instant(moment: datetime) -> str:
    return moment.isoformat(" ", "microseconds")
