"""One sync from start to end: started or joined, waited for, and judged."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.domain.errors import SyncFailed

FIRST_POLL_SECONDS = 0.25


def run_sync(
    api: FivetranApi,
    connection_id: str,
    *,
    poll_seconds: float,
    timeout_seconds: float,
    since: datetime | None = None,
    start: Callable[[], None] | None = None,
    on_state: Callable[[Connection], None] | None = None,
) -> Connection:
    """Syncs a connection and waits until it is done; answers the connection as it is then.

    A sync that runs already is joined, not doubled, and one that succeeded at or after `since` is taken as
    this one. One that Fivetran puts off is waited for if its time lies within `timeout_seconds`. Polls soon
    at first, at last every `poll_seconds`. `on_state` hears of every change of the sync state. Raises
    SyncFailed; `details["retry"]` says whether another attempt may help.
    """
    before = api.connection(connection_id)
    if since and before.last_sync_succeeded and before.completed_since(since) and not before.is_syncing:
        return before
    _check_syncable(before)
    deadline = datetime.now(UTC) + timedelta(seconds=timeout_seconds)
    if not before.is_syncing:
        (start or (lambda: api.sync(connection_id)))()
    pause, state = min(FIRST_POLL_SECONDS, poll_seconds), before.sync_state
    while True:
        now = api.connection(connection_id)
        if on_state and now.sync_state != state:
            on_state(now)
        state = now.sync_state
        if now.completed_since(before.completed_at):
            break
        _check_syncable(now)
        if now.rescheduled_for and now.sync_state == "rescheduled" and now.rescheduled_for > deadline:
            raise _failed(
                now,
                f"was put off by Fivetran until {now.rescheduled_for.isoformat()}",
                "Nothing need be done: Fivetran syncs then, and the refresh follows.",
                retry=False,
            )
        if datetime.now(UTC) >= deadline:
            raise _failed(
                now,
                f"did not end its sync within {timeout_seconds:.0f} seconds",
                "It goes on in Fivetran, and the refresh follows. KPI_SYNC_TIMEOUT_SECONDS sets the limit.",
                retry=False,
            )
        time.sleep(pause)
        pause = min(pause * 1.5, poll_seconds)
    if not now.last_sync_succeeded:
        raise _failed(now, f"failed to sync{_reason(now)}", f"See {now.url}.", retry=True)
    return now


def _check_syncable(connection: Connection) -> None:
    if connection.paused:
        raise _failed(
            connection, "is paused", "Resume it in Fivetran, or switch it on in the settings.", retry=False
        )
    if connection.setup_state != "connected":
        raise _failed(
            connection,
            f"is not set up ({connection.setup_state}){_reason(connection)}",
            f"Mend it at {connection.url}.",
            retry=False,
        )


def _reason(connection: Connection) -> str:
    return f": {'; '.join(connection.tasks)}" if connection.tasks else ""


def _failed(connection: Connection, what: str, next_step: str, *, retry: bool) -> SyncFailed:
    return SyncFailed(
        f"The {connection.service} connection '{connection.id}' {what}.",
        next_step=next_step,
        details={
            "connection_id": connection.id,
            "url": connection.url,
            "tasks": list(connection.tasks),
            "retry": retry,
        },
    )
