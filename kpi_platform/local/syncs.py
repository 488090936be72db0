"""Syncs: when they start, what they land, and how they end.

One thread watches the schedules; each sync runs in a thread of its own. A connection is changed under the
store's lock, and saved before anybody can see the change.
"""

import logging
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import KpiPlatformError, NotFound
from kpi_platform.local.behaviour import Behaviour
from kpi_platform.local.landing import open_lander
from kpi_platform.local.reading import read_changes
from kpi_platform.local.samples.source import Source, instant
from kpi_platform.local.schedule import next_start
from kpi_platform.local.sources import source_of
from kpi_platform.local.state import (
    Installation,
    PlannedOutcome,
    Store,
    StoredConnection,
    StoredDestination,
    Sync,
    TableState,
    now,
)
from kpi_platform.local.webhooks import Webhooks

_KEPT_SYNCS = 50
_STATUS = {
    "failed": "FAILURE_WITH_TASK",
    "broken": "FAILURE_WITH_TASK",
    "rescheduled": "RESCHEDULED",
    "cancelled": "CANCELED",
}
_log = logging.getLogger(__name__)


class Syncs:
    """Starts and runs syncs. `tick_seconds`: how often the schedules are looked at."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        webhooks: Webhooks,
        behaviour: Behaviour,
        *,
        tick_seconds: float = 0.5,
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._webhooks = webhooks
        self._behaviour = behaviour
        self._tick_seconds = tick_seconds
        self._closing = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._watch = threading.Thread(target=self._watch_schedules, name="fivetran-schedules", daemon=True)

    def open(self) -> None:
        """Runs again what was running when the last process ended, and begins to watch the schedules."""
        for connection in self._store.all(StoredConnection):
            if connection.running:
                self._run_in_thread(connection.id, connection.running)
        self._watch.start()

    def close(self) -> None:
        """Ends the watching and waits for the syncs that are landing; a slow one runs again at the next."""
        self._closing.set()
        for thread in [self._watch, *self._threads.values()]:
            if thread.is_alive():
                thread.join(timeout=30)

    def start(
        self, connection_id: str, trigger: str, *, force: bool = False, anew: Sequence[str] | None = None
    ) -> bool:
        """Starts a sync; `anew` names the tables to read from the start. False if one is running
        already and `force` does not replace it. Raises NotFound."""
        with self._store.lock:
            connection = self._get(connection_id)
            if connection.running and not force:
                return False
            replaced = connection.running
            if replaced:
                self._end(connection, replaced, "CANCELED")
            if anew is None:
                anew, connection.anew_when_resumed = connection.anew_when_resumed, None
            sync = Sync(
                id=str(uuid.uuid4()),
                trigger=trigger,
                started_at=now(),
                historical_tables=None if anew is None else list(anew),
                plan=_next_plan(connection),
            )
            connection.running, connection.rescheduled_for = sync, None
            self._store.save(connection)
        if replaced:
            self._emit_end(connection, replaced, "Another sync was started.")
        self._webhooks.emit("sync_start", connection, {}, sync)
        self._run_in_thread(connection_id, sync)
        return True

    def cancel(self, connection_id: str) -> bool:
        """Ends a running sync as somebody does who cancels it in Fivetran; False if none is running."""
        with self._store.lock:
            connection = self._get(connection_id)
            if connection.running is None:
                return False
            cancelled = connection.running
            self._end(connection, cancelled, "CANCELED")
            self._store.save(connection)
        self._emit_end(connection, cancelled, "The sync was cancelled.")
        return True

    def wait(self, seconds: float) -> None:
        """Waits for seconds of Fivetran's time, at most until the server ends."""
        if seconds:
            self._closing.wait(self._behaviour.real_seconds(seconds))

    def source_time(self) -> datetime:
        """Returns the time on the clocks of the sources: now, moved by the offset that a test has set."""
        installation = self._store.get(Installation, "installation")
        return now() + timedelta(seconds=installation.source_clock_offset_seconds if installation else 0)

    def source(self, connection: StoredConnection) -> Source:
        installation = self._store.get(Installation, "installation")
        return source_of(connection, instant(installation.day) if installation else 0)

    def _run_in_thread(self, connection_id: str, sync: Sync) -> None:
        thread = threading.Thread(
            target=self._run, args=(connection_id, sync), name=f"sync-{sync.id}", daemon=True
        )
        self._threads = {k: t for k, t in self._threads.items() if t.is_alive()} | {sync.id: thread}
        thread.start()

    def _run(self, connection_id: str, sync: Sync) -> None:
        plan = sync.plan or PlannedOutcome()
        seconds = plan.duration_seconds if sync.plan else self._usual_seconds(connection_id, sync)
        if seconds and (self._closing.wait(seconds) or not self._is_running(connection_id, sync)):
            return
        reason = plan.reason
        status = _STATUS.get(plan.outcome, "SUCCESSFUL")
        landed: StoredConnection | None = None
        if status == "SUCCESSFUL":
            try:
                landed = self._land(connection_id, sync)
            except KpiPlatformError as error:
                status, reason = "FAILURE_WITH_TASK", str(error)
            except Exception as error:  # noqa: BLE001 - the edge of the thread: whatever it is, the sync has failed
                _log.exception("The sync of %s failed", connection_id)
                status, reason = "FAILURE", f"{type(error).__name__}: {error}"
        with self._store.lock:
            connection = self._store.get(StoredConnection, connection_id)
            if connection is None or connection.running is None or connection.running.id != sync.id:
                return
            if landed is not None and connection.tables is not None and landed.tables is not None:
                _keep_landed(connection.tables, landed.tables)
            elif landed is not None:
                connection.tables, connection.wanted_schema = landed.tables, None
                connection.schema_enabled = landed.schema_enabled
            if status == "SUCCESSFUL" and connection.setup_state == "broken":
                connection.setup_state = "connected"
            if plan.outcome == "rescheduled":
                connection.rescheduled_for = now() + timedelta(seconds=plan.reschedule_seconds)
            if plan.outcome == "broken":
                connection.setup_state = "broken"
            self._end(connection, sync, status, reason)
            self._store.save(connection)
        self._emit_end(connection, sync, reason)

    def _usual_seconds(self, connection_id: str, sync: Sync) -> float:
        connection = self._store.get(StoredConnection, connection_id)
        first = connection is not None and connection.succeeded_at is None
        historical = first or sync.historical_tables is not None
        return self._behaviour.real_seconds(self._behaviour.historical_sync_seconds) if historical else 0

    def _is_running(self, connection_id: str, sync: Sync) -> bool:
        """Whether the sync was neither cancelled nor replaced, nor its connection deleted."""
        connection = self._store.get(StoredConnection, connection_id)
        return connection is not None and connection.running is not None and connection.running.id == sync.id

    def _land(self, connection_id: str, sync: Sync) -> StoredConnection:
        """Reads what is new from the source and lands it; returns the connection with its cursors moved."""
        connection = self._get(connection_id)
        if connection.setup_state == "incomplete":
            raise NotFound(
                f"The connection '{connection_id}' is not set up.",
                next_step="Complete its setup in Fivetran.",
            )
        landed = read_changes(
            connection, self.source(connection), sync, until=self.source_time(), synced_at=now()
        )
        destination = self._store.get(StoredDestination, connection.group_id)
        if destination is None:
            raise NotFound(f"The group '{connection.group_id}' has no destination.", next_step="Give it one.")
        lander = open_lander(self._configuration, destination.service, destination.config)
        lander.land(connection.schema_name, landed)
        return connection

    def _end(self, connection: StoredConnection, sync: Sync, status: str, reason: str = "") -> None:
        sync.status, sync.ended_at = status, now()
        connection.running = None
        connection.history = [*connection.history[1 - _KEPT_SYNCS :], sync]
        if status == "SUCCESSFUL":
            connection.succeeded_at, connection.tasks = sync.ended_at, []
        elif status.startswith("FAILURE"):
            connection.failed_at = sync.ended_at
            connection.tasks = [{"code": "reconnect", "message": reason}]

    def _emit_end(self, connection: StoredConnection, sync: Sync, reason: str) -> None:
        data = {"status": sync.status}
        if sync.status != "SUCCESSFUL":
            data["reason"] = reason
        self._webhooks.emit("sync_end", connection, data, sync)

    def _watch_schedules(self) -> None:
        version, starts = -1, dict[str, datetime | None]()
        while not self._closing.wait(self._tick_seconds):
            if version != self._store.version:
                version = self._store.version
                starts = {
                    connection.id: next_start(connection) for connection in self._store.all(StoredConnection)
                }
            for connection_id, at in starts.items():
                if at is not None and at <= now():
                    # It may have been deleted in this moment.
                    with suppress(NotFound):
                        self.start(connection_id, "schedule")

    def _get(self, connection_id: str) -> StoredConnection:
        connection = self._store.get(StoredConnection, connection_id)
        if connection is None:
            raise NotFound(f"There is no connection '{connection_id}'.", next_step="List the connections.")
        return connection


def _keep_landed(known: dict[str, TableState], landed: dict[str, TableState]) -> None:
    """Moves the cursors on; what somebody has switched in the meantime stays as it is."""
    for name, table in landed.items():
        kept = known.setdefault(name, table)
        if kept.cursor != table.cursor:
            kept.cursor, kept.landed_mode = table.cursor, table.landed_mode
            kept.landed_hashed = table.landed_hashed
            kept.columns_dropped = [c for c in kept.columns_dropped if c not in table.columns_dropped]


def _next_plan(connection: StoredConnection) -> PlannedOutcome | None:
    if not connection.planned:
        return None
    plan = connection.planned[0]
    plan.times -= 1
    if plan.times <= 0:
        connection.planned.pop(0)
    return plan
