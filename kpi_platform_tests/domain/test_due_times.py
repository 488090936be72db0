"""When syncs are due: in the window, as soon as the frequency allows, across every change of the clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kpi_platform.domain.due_times import (
    MAY_START_EARLY,
    Recorded,
    customer_last_sync,
    customer_next_sync,
    due,
    next_sync,
    overdue,
    sources_to_start,
)
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.domain.sources import SOURCES

ZONES = st.sampled_from(sorted(available_timezones()))
FREQUENCIES = st.sampled_from([1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440])
HOURS = st.integers(0, 23)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))
CLOCK_CHANGES = st.sampled_from(
    [
        (zone, change)
        for zone, change in (
            ("Europe/Berlin", date(2026, 3, 29)),
            ("Europe/Berlin", date(2026, 10, 25)),
            ("America/New_York", date(2026, 3, 8)),
            ("America/New_York", date(2026, 11, 1)),
            ("America/Havana", date(2026, 3, 8)),
            ("America/Havana", date(2026, 11, 1)),
            ("Australia/Lord_Howe", date(2026, 4, 5)),
            ("Australia/Lord_Howe", date(2026, 10, 4)),
            ("Antarctica/Troll", date(2026, 3, 29)),
            ("Antarctica/Troll", date(2026, 10, 25)),
            ("America/Santiago", date(2026, 4, 5)),
            ("Asia/Beirut", date(2026, 3, 29)),
        )
    ]
)


CONNECTED = ("salesforce", "servicenow")
"""The sources of `customer`."""


def customer(**fivetran: Any) -> CustomerSettings:
    return parse_settings(
        {
            "fivetran": fivetran,
            "salesforce": {"connection_id": "sf"},
            "servicenow": {"connection_id": "sn", "sync_frequency_minutes": None},
        }
    )


def hours_of(start: int, end: int) -> set[int]:
    return {(start + hour) % 24 for hour in range((end - start) % 24 + 1)}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(zone=ZONES, frequency=FREQUENCIES, start=HOURS, end=HOURS, now=INSTANTS, ago=st.integers(0, 4000))
@settings(deadline=None, max_examples=150)
def test_the_next_sync_is_the_first_moment_in_the_window_after_the_frequency(
    zone: str, frequency: int, start: int, end: int, now: datetime, ago: int
) -> None:
    wanted = customer(
        timezone=zone, sync_frequency_minutes=frequency, sync_window={"start_hour": start, "end_hour": end}
    )
    started = now - timedelta(minutes=ago)
    upcoming = next_sync(wanted, "salesforce", started, now)
    assert upcoming is not None
    assert upcoming >= now
    open_hours, local = hours_of(start, end), ZoneInfo(zone)
    earliest = max(now, started + timedelta(minutes=frequency))
    day = [earliest + timedelta(minutes=minute) for minute in range(25 * 60)]
    offsets = {moment.astimezone(local).utcoffset() for moment in (started, earliest, day[-1], upcoming)}
    assume(len(offsets) == 1)
    first_by_the_clock = next(moment for moment in day if moment.astimezone(local).hour in open_hours)
    assert upcoming.astimezone(local).hour in open_hours
    if upcoming >= earliest:
        assert abs(first_by_the_clock - upcoming) < timedelta(minutes=1)
    else:
        assert frequency == 1440
        assert earliest - upcoming <= MAY_START_EARLY


@given(zone=ZONES, frequency=FREQUENCIES, start=HOURS, end=HOURS, now=INSTANTS, ago=st.integers(0, 4000))
@settings(deadline=None, max_examples=150)
def test_a_source_is_due_exactly_when_its_next_sync_has_come(
    zone: str, frequency: int, start: int, end: int, now: datetime, ago: int
) -> None:
    wanted = customer(
        timezone=zone, sync_frequency_minutes=frequency, sync_window={"start_hour": start, "end_hour": end}
    )
    started = now - timedelta(minutes=ago)
    upcoming = next_sync(wanted, "salesforce", started, now)
    assert upcoming is not None
    assert due(wanted, "salesforce", last_started=started, now=now) == (upcoming <= now)
    assert due(wanted, "salesforce", last_started=started, now=upcoming)
    if upcoming > now:
        moments = [now + (upcoming - now) * part / 7 for part in range(7)]
        assert not any(due(wanted, "salesforce", last_started=started, now=moment) for moment in moments)


@given(change=CLOCK_CHANGES, frequency=FREQUENCIES, start=HOURS, end=HOURS, delay=st.integers(0, 59))
@settings(deadline=None, max_examples=200)
def test_over_a_change_of_the_clocks_no_window_is_skipped_and_no_sync_doubled(
    change: tuple[str, date], frequency: int, start: int, end: int, delay: int
) -> None:
    zone, day = change
    assume(hours_of(start, end) != set(range(24)))
    frequency = max(frequency, 30)
    wanted = customer(
        timezone=zone, sync_frequency_minutes=frequency, sync_window={"start_hour": start, "end_hour": end}
    )
    local = ZoneInfo(zone)
    now = datetime(day.year, day.month, day.day, 12, tzinfo=local).astimezone(UTC) - timedelta(days=4)
    until = now + timedelta(days=7)
    starts: list[datetime] = []
    while now < until:
        upcoming = next_sync(wanted, "salesforce", starts[-1] if starts else None, now)
        assert upcoming is not None
        starts.append(upcoming + timedelta(seconds=delay))
        now = starts[-1]
    early = MAY_START_EARLY if frequency == 1440 else timedelta(0)
    for earlier, later in pairwise(starts):
        assert later - earlier >= timedelta(minutes=frequency) - early
    opened = {(moment.astimezone(local) - timedelta(hours=start)).date() for moment in starts[1:-1]}
    days = {min(opened) + timedelta(days=offset) for offset in range((max(opened) - min(opened)).days + 1)}
    assert opened == days


@pytest.mark.parametrize(
    ("started", "expected"),
    [
        ("2026-03-28 01:00", "2026-03-29 01:00"),  # 02:00 on Saturday; on Sunday the clocks skip that hour
        ("2026-03-29 01:00", "2026-03-30 00:00"),  # 03:00 on Sunday; on Monday the window is back at 02:00
        ("2026-10-24 00:00", "2026-10-25 00:00"),  # the first 02:00 of the Sunday that has two
        ("2026-10-25 00:00", "2026-10-26 01:00"),  # not the second one, but Monday
    ],
)
def test_a_daily_sync_at_two_runs_once_a_day_in_berlin(started: str, expected: str) -> None:
    daily = customer(
        timezone="Europe/Berlin", sync_frequency_minutes=1440, sync_window={"start_hour": 2, "end_hour": 2}
    )
    assert next_sync(daily, "salesforce", utc(started), utc(started)) == utc(expected)


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    hourly = customer(
        timezone="Europe/Berlin", sync_frequency_minutes=60, sync_window={"start_hour": 2, "end_hour": 2}
    )
    first = utc("2026-10-25 00:10")
    assert next_sync(hourly, "salesforce", first, first) == utc("2026-10-25 01:10")
    assert next_sync(hourly, "salesforce", utc("2026-10-25 01:10"), utc("2026-10-25 01:10")) == utc(
        "2026-10-26 01:10"
    ) - timedelta(minutes=10)


def test_a_window_over_midnight_is_open_on_both_sides_of_it() -> None:
    night = customer(sync_frequency_minutes=60, sync_window={"start_hour": 22, "end_hour": 3})
    assert due(night, "salesforce", last_started=None, now=utc("2026-05-01 22:00"))
    assert due(night, "salesforce", last_started=None, now=utc("2026-05-02 03:59"))
    assert next_sync(night, "salesforce", None, utc("2026-05-02 04:00")) == utc("2026-05-02 22:00")


def test_a_source_that_was_never_synced_is_due_at_once() -> None:
    assert due(customer(), "salesforce", last_started=None, now=utc("2026-05-01 10:00"))


def test_a_source_that_is_overdue_waits_for_the_window() -> None:
    day = customer(sync_window={"start_hour": 8, "end_hour": 17})
    assert next_sync(day, "salesforce", utc("2026-05-01 09:00"), utc("2026-05-03 20:00")) == utc(
        "2026-05-04 08:00"
    )


@pytest.mark.parametrize(
    "document",
    [
        {"fivetran": {"enabled": False}},
        {"fivetran": {"scheduler": "fivetran"}},
        {"fivetran": {"sync_salesforce": False}},
        {"salesforce": {"enabled": False}},
        {"salesforce": {"connection_id": None}},
    ],
)
def test_what_the_platform_does_not_start_is_never_due(document: dict[str, Any]) -> None:
    complete = {"salesforce": {"connection_id": "sf"}, **document}
    if "salesforce" in document:
        complete["salesforce"] = {"connection_id": "sf", **document["salesforce"]}
    assert next_sync(parse_settings(complete), "salesforce", None, utc("2026-05-01 10:00")) is None
    assert not due(parse_settings(complete), "salesforce", last_started=None, now=utc("2026-05-01 10:00"))


def test_a_clock_that_ran_ahead_does_not_stop_the_syncs() -> None:
    now = utc("2026-05-01 10:00")
    assert next_sync(customer(), "salesforce", utc("2031-01-01 00:00"), now) == now
    shortly = now + timedelta(seconds=5)
    assert next_sync(customer(), "salesforce", shortly, now) == now + timedelta(minutes=360)


def test_each_source_has_its_own_frequency_and_the_customer_the_earliest() -> None:
    both = parse_settings(
        {
            "salesforce": {"connection_id": "sf"},
            "servicenow": {"connection_id": "sn", "sync_frequency_minutes": 60},
        }
    )
    started = {"salesforce": utc("2026-05-01 10:00"), "servicenow": utc("2026-05-01 10:00")}
    recorded = {source: Recorded(started_at=at) for source, at in started.items()}
    assert customer_next_sync(both, recorded, utc("2026-05-01 10:30")) == utc("2026-05-01 11:00")
    assert sources_to_start(both, recorded, utc("2026-05-01 11:00")) == ("servicenow",)
    assert sources_to_start(both, {}, utc("2026-05-01 11:00")) == ("salesforce", "servicenow")


NOW = utc("2026-05-01 11:00")
BY_HAND = {"fivetran": {"enabled": False}, "salesforce": {"connection_id": "sf"}}


@pytest.mark.parametrize(
    ("known", "is_started"),
    [
        (Recorded(), True),
        (Recorded(started_at=NOW), False),
        (Recorded(started_at=NOW, put_off_until=NOW), True),
        (Recorded(put_off_until=NOW + timedelta(seconds=1)), False),
        (Recorded(awaits_set_up=True), False),
        (Recorded(in_first_sync=True), False),
    ],
)
def test_fivetran_is_asked_when_a_sync_is_due_and_when_it_said_to_ask_again(
    known: Recorded, is_started: bool
) -> None:
    recorded = dict.fromkeys(SOURCES, known)
    assert sources_to_start(customer(), recorded, NOW) == (CONNECTED if is_started else ())
    assert (customer_next_sync(customer(), recorded, NOW) == NOW) is is_started


def test_the_next_sync_of_a_source_that_was_put_off_is_the_time_that_fivetran_named() -> None:
    later = NOW + timedelta(minutes=7)
    put_off = dict.fromkeys(SOURCES, Recorded(started_at=NOW - timedelta(days=3), put_off_until=later))
    for document in (customer(), parse_settings(BY_HAND)):
        assert customer_next_sync(document, put_off, NOW) == later
        assert customer_next_sync(document, put_off, later + timedelta(hours=1)) == later + timedelta(hours=1)


def test_a_sync_that_was_put_off_is_asked_for_again_also_where_none_is_automatic() -> None:
    by_hand = parse_settings(BY_HAND)
    put_off = {"salesforce": Recorded(started_at=NOW, put_off_until=NOW)}
    assert sources_to_start(by_hand, put_off, NOW) == ("salesforce",)
    assert sources_to_start(by_hand, {}, NOW) == ()


def test_a_time_that_is_too_far_away_puts_no_sync_off() -> None:
    far = Recorded(started_at=NOW - timedelta(days=1), put_off_until=NOW + timedelta(days=4000))
    assert sources_to_start(customer(), dict.fromkeys(SOURCES, far), NOW) == CONNECTED


def test_the_platform_starts_the_first_sync_that_it_keeps_fivetran_from_starting() -> None:
    watching = parse_settings({"fivetran": {"scheduler": "fivetran"}, "salesforce": {"connection_id": "sf"}})
    assert sources_to_start(watching, {"salesforce": Recorded(held=True)}, NOW) == ("salesforce",)
    assert sources_to_start(watching, {"salesforce": Recorded()}, NOW) == ()
    assert sources_to_start(watching, {"salesforce": Recorded(held=True, started_at=NOW)}, NOW) == ()


def test_the_customers_last_sync_is_the_newest_of_its_sources() -> None:
    newest = utc("2026-05-01 11:00")
    assert customer_last_sync({"salesforce": utc("2026-05-01 10:00"), "servicenow": newest}) == newest
    assert customer_last_sync({"salesforce": None}) is None


def test_a_source_is_overdue_a_frequency_after_its_sync_ought_to_have_started() -> None:
    nine_to_five = {"sync_frequency_minutes": 60, "sync_window": {"start_hour": 9, "end_hour": 16}}
    document = parse_settings({"fivetran": nine_to_five, "salesforce": {"connection_id": "c"}})
    evening = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
    assert not overdue(document, "salesforce", evening, evening + timedelta(hours=17))
    assert overdue(document, "salesforce", evening, evening + timedelta(hours=18))
    assert overdue(document, "salesforce", None, evening)
    assert not overdue(document, "servicenow", None, evening)
