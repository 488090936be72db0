"""When a customer's sources are due: frequency, window, time zone. Pure; all instants are aware, results UTC.

A source is due once its frequency has passed since its last sync was started, as soon as the window is open.
Hours are those of the wall clock. A window whose hours the clocks skip opens when they have moved on, for as
long; one whose hours come twice is open both times. A daily sync that would be due shortly after a window has
closed, because the clocks moved or every sync starts some seconds late, starts early instead of a day late.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from kpi_platform.domain.clocks import lies_ahead
from kpi_platform.domain.settings import CustomerSettings, FivetranSettings
from kpi_platform.domain.sources import SOURCES, Source

MAY_START_EARLY = timedelta(hours=2)
"""How much a daily sync may start early. No clock moves by more."""

DAILY = timedelta(days=1)

LONGEST_PUT_OFF = timedelta(days=1)
"""A sync that is put off for longer is looked after as often as others: its time may be a mistake."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recorded syncs of a source. `awaits_set_up`: its owner has not signed in yet.
    `held`: we keep Fivetran from starting its first sync, because tables have to be switched off before."""

    started_at: datetime | None = None
    put_off_until: datetime | None = None
    awaits_set_up: bool = False
    in_first_sync: bool = False
    held: bool = False


def sources_to_start(
    settings: CustomerSettings, recorded: Mapping[Source, Recorded], now: datetime
) -> tuple[Source, ...]:
    """Returns the sources of a customer to sync now: those that are due, and those whose sync was put off
    until now. One that waits for its set-up, for its first sync, or for a later time that Fivetran named is
    none."""
    starts = _starts(settings, recorded, now)
    return tuple(source for source, start in starts.items() if start <= now)


def _starts(
    settings: CustomerSettings, recorded: Mapping[Source, Recorded], now: datetime
) -> dict[Source, datetime]:
    """When each source is started next; those that are not have no entry."""
    starts = {one: next_start(settings, one, recorded.get(one, Recorded()), now) for one in SOURCES}
    return {source: start for source, start in starts.items() if start is not None}


def next_start(settings: CustomerSettings, source: Source, known: Recorded, now: datetime) -> datetime | None:
    """Returns when the platform next asks Fivetran to sync the source, `now` if that is due; None while it
    will not: Fivetran syncs by itself, the owner has not signed in, or the first sync goes on."""
    section = settings.source(source)
    if not section.enabled or section.connection_id is None or known.awaits_set_up or known.in_first_sync:
        return None
    if known.put_off_until is not None and known.put_off_until - now <= LONGEST_PUT_OFF:
        return max(known.put_off_until, now)
    if known.held and settings.syncs_automatically(source) and known.started_at is None:
        return now
    return next_sync(settings, source, known.started_at, now)


def started_by_platform(settings: CustomerSettings, source: Source) -> bool:
    """Whether the platform starts this source's automatic syncs. Without a connection there are none."""
    return (
        settings.syncs_automatically(source)
        and settings.fivetran.scheduler == "platform"
        and settings.source(source).connection_id is not None
    )


def next_sync(
    settings: CustomerSettings, source: Source, last_started: datetime | None, now: datetime
) -> datetime | None:
    """Returns the first instant from `now` on at which the source is to be synced; None if we never start
    it."""
    if not started_by_platform(settings, source):
        return None
    now = now.astimezone(UTC)
    # A clock that ran ahead must not stop the syncs until it is overtaken.
    known = last_started is not None and not lies_ahead(last_started, now)
    started = min(last_started.astimezone(UTC), now) if last_started is not None and known else None
    frequency = timedelta(minutes=settings.frequency(source))
    wanted = started + frequency if started else now
    for opens, closes in _windows(settings.fivetran, now):
        starts = max(opens, wanted, now)
        if started and started < opens and closes <= wanted and frequency >= DAILY:
            starts = max(opens, wanted - MAY_START_EARLY, now)
        if starts < closes:
            return starts
    raise AssertionError("a window opens every day")


def due(settings: CustomerSettings, source: Source, *, last_started: datetime | None, now: datetime) -> bool:
    """Whether the source is to be synced now: `next_sync` has come."""
    upcoming = next_sync(settings, source, last_started, now)
    return upcoming is not None and upcoming <= now


def overdue(
    settings: CustomerSettings, source: Source, last_succeeded: datetime | None, now: datetime
) -> bool:
    """Whether a whole frequency has passed since an automatic sync ought to have been started, and none has
    succeeded since."""
    if not settings.syncs_automatically(source) or settings.source(source).connection_id is None:
        return False
    if last_succeeded is None:
        return True
    frequency = timedelta(minutes=settings.frequency(source))
    expected = next_sync(settings, source, last_succeeded, last_succeeded) or last_succeeded + frequency
    return now > expected + frequency


def customer_next_sync(
    settings: CustomerSettings, recorded: Mapping[Source, Recorded], now: datetime
) -> datetime | None:
    """Returns when the next sync of any of the customer's sources is started: the settings' `next_sync`."""
    return min(_starts(settings, recorded, now).values(), default=None)


def customer_last_sync(last_succeeded: Mapping[Source, datetime | None]) -> datetime | None:
    """Returns when any of the customer's sources was last synced successfully: the settings' `last_sync`."""
    return max((instant for instant in last_succeeded.values() if instant is not None), default=None)


def _windows(fivetran: FivetranSettings, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every window that has not closed before `now`, in order, half open, in UTC."""
    zone, window = ZoneInfo(fivetran.timezone), fivetran.sync_window
    hours = (window.end_hour - window.start_hour) % 24 + 1
    if hours == 24:
        yield now, datetime.max.replace(tzinfo=UTC)
        return
    first = now.astimezone(zone).date() - timedelta(days=2)
    for days in count():
        opens, closes = _window(first + timedelta(days=days), window.start_hour, hours, zone)
        if closes > now:
            yield opens, closes


def _window(day: date, start_hour: int, hours: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    opens = datetime.combine(day, time(start_hour), zone)
    # Arithmetic on an aware datetime is that of the wall clock, which is what the hours mean.
    closes = opens + timedelta(hours=hours)
    utc_opens, utc_closes = opens.astimezone(UTC), closes.astimezone(UTC)
    return utc_opens, utc_closes if utc_closes > utc_opens else utc_opens + timedelta(hours=hours)
