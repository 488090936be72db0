"""When a connection's next sync starts by itself."""

from datetime import UTC, datetime, time, timedelta

from kpi_platform.local.state import StoredConnection


def next_start(connection: StoredConnection) -> datetime | None:
    """Returns the instant from which a sync is due; None if none will start by itself: it is running,
    paused, not set up, or on a manual schedule (a rescheduled one too must be asked for again). A broken one
    goes on."""
    if connection.running or connection.paused or connection.setup_state == "incomplete":
        return None
    if connection.schedule_type == "manual":
        return None
    if connection.rescheduled_for:
        return connection.rescheduled_for
    last = max((sync.started_at for sync in connection.history), default=None)
    if last is None:
        return connection.created_at
    if connection.sync_frequency == 1440 and connection.daily_sync_time:
        return _next_at(last, time.fromisoformat(connection.daily_sync_time))
    return last + timedelta(minutes=connection.sync_frequency)


def _next_at(after: datetime, at: time) -> datetime:
    """The first instant after `after` at which clocks in UTC show `at`."""
    candidate = datetime.combine(after.date(), at, tzinfo=UTC)
    return candidate if candidate > after else candidate + timedelta(days=1)
