"""One sync from start to end: started or joined, waited for, and judged."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.fivetran_connection import UNKNOWN, Connection
from kpi_platform.domain.errors import SyncFailed

FIRST_POLL_SECONDS = 0.25

POLLS_UNTIL_CANCELLED = 3
"""Number of polls after which a sync that ran, no longer runs and has not ended counts as cancelled. Fivetran
may show the end of a sync a little later than it shows that the sync no longer runs."""

POLLS_UNTIL_ASKED_AGAIN = 10
"""Number of polls after which a sync that never seemed to run is asked for again. Either it waits for its
turn, and the request changes nothing, or it was cancelled between two polls."""

FIRST_SYNC_PATIENCE = 600.0
"""Seconds that a run waits for a connection's first sync, which may take days; the refresh follows it."""

_SLOWER = 3
"""How much slower a first sync is polled."""


def run_sync(
    api: FivetranApi,
    connection_id: str,
    *,
    poll_seconds: float,
    timeout_seconds: float,
    since: datetime | None = None,
    start: Callable[[], None] | None = None,
    on_state: Callable[[Connection], None] | None = None,
    read: Callable[[str], Connection] | None = None,
) -> Connection:
    """Syncs a connection and waits until it is done; answers the connection as it is then.

    A sync that runs already is joined, not doubled, and one that succeeded at or after `since` is taken as
    this one. One that Fivetran puts off is waited for if its time lies within `timeout_seconds`, and asked
    for again then if nothing else does it. A connection that Fivetran calls broken is synced all the same:
    only a successful sync repairs it. Polls soon at first, at last every `poll_seconds`, with `read`
    (by default one call each). `on_state` gets the connection as it is found, and at every change of its sync
    state.

    Raises SyncFailed. `details["retry"]`: whether another attempt now may help. `details["goes_on"]`: no
    failure; the sync was put off, is a first one that takes longer than a run waits, or comes after the
    set-up. `details["put_off_until"]` (ISO 8601): when to ask for it again.
    """
    before = api.connection(connection_id)
    if on_state:
        on_state(before)
    if since and before.last_sync_succeeded and before.is_done_since(since) and not before.is_syncing:
        return before
    _check_syncable(before)
    ask = start or (lambda: api.sync(connection_id))
    if not (before.is_syncing or _comes_later(before)):
        ask()
    watch = _Watch(
        timeout_seconds, ask,
        asked_at=datetime.now(UTC),
        polls_since_it_ran=0 if before.is_syncing else None,
    )  # fmt: skip
    pause, state = min(FIRST_POLL_SECONDS, poll_seconds), before.sync_state
    while True:
        now = (read or api.connection)(connection_id)
        if on_state and now.sync_state != state:
            on_state(now)
        state = now.sync_state
        if now.completed_since(before.completed_at):
            break
        watch.look(now)
        time.sleep(pause)
        pause = min(pause * 1.5, poll_seconds * (_SLOWER if now.is_in_first_sync or now.is_put_off else 1))
    if not now.last_sync_succeeded:
        raise _failed(now, f"failed to sync{_reason(now)}", f"See {now.url}.", retry=True)
    return now


@dataclass
class _Watch:
    """The state of polling a sync: what it has seen so far, and when it gives up."""

    timeout_seconds: float
    ask: Callable[[], None]
    asked_at: datetime
    polls_since_it_ran: int | None
    polls_unseen: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def waited(self) -> float:
        """Seconds, whatever becomes of the wall clock meanwhile."""
        return time.monotonic() - self.began

    def look(self, now: Connection) -> None:
        """Raises SyncFailed if there is nothing to wait for. Asks for a sync whose time has come again."""
        _check_syncable(now)
        if now.is_syncing:
            self.polls_since_it_ran = 0
        if now.sync_state == UNKNOWN:
            pass
        elif now.is_put_off:
            self.polls_since_it_ran = None
            self._put_off(now)
        elif not now.is_syncing and self.polls_since_it_ran is None:
            self.polls_unseen += 1
            if self.polls_unseen % POLLS_UNTIL_ASKED_AGAIN == 0:
                _check_not_put_off_for_ever(now)
                self.ask()
        elif not now.is_syncing and self.polls_since_it_ran is not None:
            self.polls_since_it_ran += 1
            if self.polls_since_it_ran >= POLLS_UNTIL_CANCELLED:
                _check_not_put_off_for_ever(now)
                raise _failed(now, "was cancelled in Fivetran while it synced", f"See {now.url}.", retry=True)
        self._in_time(now)

    def _put_off(self, now: Connection) -> None:
        until = now.rescheduled_for
        assert until is not None
        if until > datetime.now(UTC) + timedelta(seconds=self.timeout_seconds - self.waited):
            who = "The platform asks again then" if now.asks_to_be_synced else "Fivetran syncs then"
            raise _failed(
                now, f"was put off by Fivetran until {until:%Y-%m-%d %H:%M:%S} UTC",
                f"Nothing need be done: {who}, and the refresh follows.",
                retry=False, put_off_until=until if now.asks_to_be_synced else None, goes_on=True,
            )  # fmt: skip
        if until > datetime.now(UTC) or not now.asks_to_be_synced:
            return
        # A time before the newest request is what that request found; it calls for no other at once.
        self.polls_unseen += 1
        if until > self.asked_at or self.polls_unseen % POLLS_UNTIL_ASKED_AGAIN == 0:
            self.ask()
            self.asked_at = datetime.now(UTC)

    def _in_time(self, now: Connection) -> None:
        if now.is_in_first_sync and self.waited >= min(self.timeout_seconds, FIRST_SYNC_PATIENCE):
            raise _failed(
                now, f"is in {_kind(now)}, which reads all of the source and may take days",
                "Nothing need be done: the refresh follows when it has ended.", retry=False, goes_on=True,
            )  # fmt: skip
        if self.waited < self.timeout_seconds:
            return
        next_step = "The refresh follows when it ends." if now.is_syncing else f"See {now.url}."
        raise _failed(
            now, f"did not end its sync within {self.timeout_seconds:.0f} seconds",
            f"{next_step} KPI_SYNC_TIMEOUT_SECONDS sets the limit.", retry=False,
        )  # fmt: skip


def _kind(connection: Connection) -> str:
    return "its first sync" if connection.succeeded_at is None else "a historical sync"


def _comes_later(connection: Connection) -> bool:
    return (
        connection.is_put_off
        and connection.rescheduled_for is not None
        and connection.rescheduled_for > datetime.now(UTC)
    )


def _check_not_put_off_for_ever(connection: Connection) -> None:
    if connection.sync_state == "rescheduled":
        raise _failed(
            connection, "was put off by Fivetran, which does not say until when",
            f"See {connection.url}, or sync again later.", retry=True,
        )  # fmt: skip


def _check_syncable(connection: Connection) -> None:
    if connection.paused:
        raise _failed(
            connection, "is paused", "Resume it in Fivetran, or switch it on in the settings.", retry=False
        )
    if connection.setup_state == "incomplete":
        raise _failed(
            connection, f"is not set up yet (incomplete){_reason(connection)}",
            f"Complete its set-up at {connection.url}; the first sync follows.", retry=False, goes_on=True,
        )  # fmt: skip


def _reason(connection: Connection) -> str:
    return f": {'; '.join(connection.tasks)}" if connection.tasks else ""


def _failed(
    connection: Connection,
    what: str,
    next_step: str,
    *,
    retry: bool,
    put_off_until: datetime | None = None,
    goes_on: bool = False,
) -> SyncFailed:
    details: dict[str, object] = {
        "connection_id": connection.id,
        "url": connection.url,
        "tasks": list(connection.tasks),
        "retry": retry,
    }
    if put_off_until is not None:
        details["put_off_until"] = put_off_until.isoformat()
    if goes_on:
        details["goes_on"] = True
    service = f"{connection.service} connection" if connection.service else "connection"
    return SyncFailed(f"The {service} '{connection.id}' {what}.", next_step=next_step, details=details)
