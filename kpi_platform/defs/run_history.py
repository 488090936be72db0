"""Tells the dashboard database how the runs stand, and ends those that people have cancelled.

The web app knows runs from there alone: it needs neither Dagster nor its storage.
"""

import logging
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.run_records import (
    RunRecord,
    ended_since,
    newest_change,
    note_seen,
    runs_to_cancel,
    write_runs,
)
from kpi_platform.dashboard.runs import UNFINISHED as UNENDED
from kpi_platform.dashboard.runs import RunState
from kpi_platform.dashboard.sync_requests import finish_sync_request
from kpi_platform.dashboard.uploads import loaded_by
from kpi_platform.defs.dagster_insides import WILL_RETRY_TAG
from kpi_platform.defs.instance import runs_at_once
from kpi_platform.defs.life_line import HOST_TAG, process_of
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.requests import REQUEST_TAG, TRIGGER_TAG
from kpi_platform.defs.run_queue import WAITING, RunQueue
from kpi_platform.defs.runs import CANCELLED, UNFINISHED, customers_of
from kpi_platform.domain.instants import in_utc
from kpi_platform.domain.runs import Cause

FIRST_LOOK = timedelta(days=30)
"""How far back runs are taken from Dagster by an installation that has none in the dashboard yet."""

GRACE = timedelta(seconds=20)
"""How long an interrupted run may take to store what it is storing."""

_log = logging.getLogger(__name__)
_AT_ONCE = 200
_OVERLAP = timedelta(seconds=2)
_STATES: Mapping[dg.DagsterRunStatus, RunState] = {
    dg.DagsterRunStatus.QUEUED: "queued",
    dg.DagsterRunStatus.NOT_STARTED: "queued",
    dg.DagsterRunStatus.STARTING: "running",
    dg.DagsterRunStatus.STARTED: "running",
    dg.DagsterRunStatus.CANCELING: "cancelling",
    dg.DagsterRunStatus.SUCCESS: "done",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "cancelled",
}
_DIED = "The run ended before it came to this customer. Start it again; what was loaded before stays."


def follow_runs(instance: dg.DagsterInstance, engine: sa.Engine, configuration: Configuration) -> None:
    """Cancels what people have cancelled, writes the runs that have changed and those that wait, and answers
    the requests whose runs have ended."""
    note_seen(engine)
    with reading(engine) as connection:
        cancelled = runs_to_cancel(connection)
        since = newest_change(connection)
        after = since - _OVERLAP if since else datetime.now(UTC) - FIRST_LOOK
        ended = ended_since(connection, after)
    for run_id in cancelled:
        try:
            cancel(instance, configuration, run_id)
        except Exception:  # noqa: BLE001 - one run must not keep the others
            # The next look tries again; other runs wait for nobody.
            _log.exception("Run %s could not be cancelled.", run_id)
    changed = instance.get_run_records(
        dg.RunsFilter(updated_after=after), limit=_AT_ONCE, order_by="update_timestamp", ascending=True
    )
    waiting = instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED))
    records = {record.dagster_run.run_id: record for record in (*changed, *waiting)}
    news = [one for run_id, one in records.items() if ended.get(run_id) != in_utc(one.update_timestamp)]
    if news:
        write(instance, engine, configuration, news)


def cancel(instance: dg.DagsterInstance, configuration: Configuration, run_id: str) -> None:
    """Takes a run out of the queue, or interrupts its process. One that has not ended GRACE later is killed:
    an interruption can be lost, or leave a lock held, if it comes while Python imports a module."""
    record = instance.get_run_record_by_id(run_id)
    if record is None or record.dagster_run.is_finished:
        return
    run = record.dagster_run
    if run.status in WAITING:
        instance.report_run_canceled(run)
    elif run.status is not dg.DagsterRunStatus.CANCELING:
        instance.add_run_tags(run_id, CANCELLED)
        instance.run_coordinator.cancel_run(run_id)
    elif in_utc(record.update_timestamp) < datetime.now(UTC) - GRACE:
        pid = process_of(configuration.dagster_home, run_id)
        if pid is not None:
            # First, so that nobody takes it for a crash.
            instance.report_run_canceled(run, "It did not end when it was interrupted, and was killed.")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def write(
    instance: dg.DagsterInstance,
    engine: sa.Engine,
    configuration: Configuration,
    records: Sequence[dg.RunRecord],
) -> None:
    """Writes these runs, and answers the requests of those that have ended."""
    partitions = instance.get_dynamic_partitions(CUSTOMERS_NAME)
    queue = RunQueue(instance, runs_at_once(configuration))
    of_customers = [
        (record, customers)
        for record in records
        if (customers := customers_of(record.dagster_run.tags, partitions))
    ]
    write_runs(engine, [_record(instance, engine, queue, *one) for one in of_customers])
    for record, _ in of_customers:
        _answer(instance, engine, record.dagster_run)


def _record(
    instance: dg.DagsterInstance,
    engine: sa.Engine,
    queue: RunQueue,
    record: dg.RunRecord,
    customers: frozenset[str],
) -> RunRecord:
    run = record.dagster_run
    state = state_of(run)
    states: dict[str, RunState] = dict.fromkeys(sorted(customers), state)
    errors: dict[str, str] = {}
    if state in ("failed", "cancelled"):
        with reading(engine) as connection:
            done = loaded_by(connection, run.run_id)
        states |= dict.fromkeys(customers & done, "done")
        if state == "failed":
            errors = failures(instance, run.run_id, customers - done)
            states |= {key: "done" for key in customers if key not in errors}
    place, waits_for = queue.place(run) if state in UNENDED else (None, "")
    return RunRecord(
        id=run.run_id,
        job=run.job_name,
        started_by=cause_of(run.tags),
        request_id=run.tags.get(REQUEST_TAG),
        state=state,
        queued_at=in_utc(record.create_timestamp),
        started_at=_instant(record.start_time),
        finished_at=_instant(record.end_time)
        or (in_utc(record.update_timestamp) if run.is_finished else None),
        place=place,
        waits_for=waits_for,
        steps=_steps(instance, run) if record.start_time else [],
        changed_at=in_utc(record.update_timestamp),
        states=states,
        errors=errors,
    )


def state_of(run: dg.DagsterRun) -> RunState:
    """Returns how the run stands. One that a person has cancelled does not fail, however it ends."""
    state = _STATES.get(run.status, "queued")
    return "cancelled" if state == "failed" and CANCELLED.items() <= run.tags.items() else state


def cause_of(tags: Mapping[str, str]) -> Cause:
    """Returns what has started a run with these tags."""
    if REQUEST_TAG in tags:
        return "request"
    if tags.get(TRIGGER_TAG) == "release":
        return "release"
    if tags.get(TRIGGER_TAG) == "past":
        return "past"
    if "dagster/schedule_name" in tags:
        return "schedule"
    if "dagster/sensor_name" in tags:
        return "sync"
    return "command_line" if HOST_TAG in tags else "dagster"


def failures(instance: dg.DagsterInstance, run_id: str, customers: frozenset[str]) -> dict[str, str]:
    """Returns why each of `customers` that a failed run has lost went no further, in plain words. A run that
    died gives none of its own; of a run that only syncs, the others are done."""
    reasons: dict[str, str] = {}
    broken: str | None = None
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    for record in records:
        event = record.event_log_entry.dagster_event
        failure = event.step_failure_data if event else None
        if failure is None:
            continue
        told = failure.user_failure_data
        if told is not None and told.metadata:
            reasons |= {key: str(text.value) for key, text in told.metadata.items()}
        elif failure.error is not None:
            broken = first_cause(failure.error)
    if not records:
        broken = _DIED
    known = {key: reason for key, reason in reasons.items() if key in customers}
    return (dict.fromkeys(customers, broken) if broken else {}) | known


def first_cause(error: Any) -> str:
    """Returns the message of the innermost of a chain of errors, in one line; Dagster's own errors only say
    in which step."""
    if error.cls_name == "DagsterExecutionInterruptedError":
        return "The run was interrupted. Start it again; what was loaded before stays."
    while error.cause is not None:
        error = error.cause
    return " ".join(error.message.split())


def _answer(instance: dg.DagsterInstance, engine: sa.Engine, run: dg.DagsterRun) -> None:
    """Ends the sync request whose run has ended, unless the run is tried again."""
    request_id = run.tags.get(REQUEST_TAG)
    if request_id is None or run.tags.get(WILL_RETRY_TAG) == "true":
        return
    errors: list[str] = []
    state = state_of(run)
    match state:
        case "failed":
            errors = list(failures(instance, run.run_id, customers_of(run.tags, ())).values())
        case "queued" | "running" | "cancelling":
            return
    with engine.begin() as connection:
        finish_sync_request(connection, request_id, state, results={"errors": errors}, run_id=run.run_id)


def _steps(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[dict[str, Any]]:
    stats = [one for one in instance.get_run_step_stats(run.run_id) if one.start_time]
    return [
        {
            "name": one.step_key,
            "state": "running" if not one.end_time else "done" if str(one.status) == _SUCCESS else "failed",
            "started_at": _text(one.start_time),
            "finished_at": _text(one.end_time),
        }
        for one in sorted(stats, key=lambda one: one.start_time or 0)
    ]


_SUCCESS = "StepEventStatus.SUCCESS"


def _text(seconds: float | None) -> str | None:
    at = _instant(seconds)
    return at.isoformat() if at else None


def _instant(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
