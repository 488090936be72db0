"""A digest is due once on each of its days, at its hour by the wall clock, also when the clocks move."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kpi_platform.domain.digests import LATEST, due_digest
from kpi_platform.domain.settings import CustomerSettings, parse_settings

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")


def settings(zone: str, hour: int, days: str) -> CustomerSettings:
    return parse_settings({"fivetran": {"timezone": zone}, "alerts": {"digest": days, "digest_hour": hour}})


def due_at(given: CustomerSettings, now: datetime) -> tuple[date, datetime] | None:
    found = due_digest(given, now)
    return (found.day, found.since) if found else None


@hypothesis_settings(max_examples=15, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    days=st.sampled_from(("daily", "workdays", "mondays")),
    start=st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1)),
)
def test_each_day_has_one_digest_and_none_leaves_out_an_hour(
    zone: str, hour: int, days: str, start: datetime
) -> None:
    chosen = {"daily": range(7), "workdays": range(5), "mondays": (0,)}[days]
    asked = settings(zone, hour, days)
    begin = start.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    first_due: dict[date, datetime] = {}
    since: dict[date, datetime] = {}
    for look in range(16 * 24 * 2):
        now = begin + look * timedelta(minutes=30)
        found = due_digest(asked, now)
        if found is not None:
            first_due.setdefault(found.day, now)
            since.setdefault(found.day, found.since)
            assert since[found.day] == found.since
    # The first may have been due before the looks began.
    days_due = sorted(first_due)[1:]
    assert days_due
    for day in days_due:
        assert day.weekday() in chosen
        local = first_due[day].astimezone(ZoneInfo(zone))
        assert local.date() == day
        assert local.hour == hour or (local.hour == hour + 1 and _skipped(day, hour, ZoneInfo(zone)))
    for before, after in pairwise(days_due):
        assert first_due[before] - timedelta(minutes=30) < since[after] <= first_due[before]
        skipped = [before + timedelta(days=n) for n in range(1, (after - before).days)]
        assert not [day for day in skipped if day.weekday() in chosen and day != date(2011, 12, 30)]


def _skipped(day: date, hour: int, zone: ZoneInfo) -> bool:
    wall = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
    return wall.astimezone(UTC).astimezone(zone).hour != hour


@pytest.mark.parametrize(
    ("hour", "now", "due"),
    [
        (2, "2026-03-29T00:59+00:00", None),  # 1:59, an hour later it is 3:59
        (2, "2026-03-29T01:00+00:00", "2026-03-29"),  # 3:00: there was no 2:00
        (2, "2026-10-25T00:00+00:00", "2026-10-25"),  # the first 2:00
        (2, "2026-10-25T01:00+00:00", "2026-10-25"),  # the second one, of the same digest
        (23, "2026-06-01T22:00+00:00", "2026-06-01"),  # midnight has passed
    ],
)
def test_the_hour_when_the_clocks_move_and_the_one_before_midnight(hour: int, now: str, due: str) -> None:
    found = due_digest(settings("Europe/Berlin", hour, "daily"), datetime.fromisoformat(now))
    assert (str(found.day) if found else None) == due


def test_a_late_digest_is_left_out_and_the_id_is_of_the_day_and_the_customer() -> None:
    asked = settings("UTC", 7, "workdays")
    monday = datetime(2026, 6, 1, 7, tzinfo=UTC)
    assert due_at(asked, monday) == (date(2026, 6, 1), datetime(2026, 5, 29, 7, tzinfo=UTC))
    assert due_at(asked, monday + LATEST) is None
    assert due_at(asked, monday - timedelta(days=1)) is None
    assert due_at(settings("UTC", 7, "never"), monday) is None
    early, late = due_digest(asked, monday), due_digest(asked, monday + timedelta(hours=5))
    assert early is not None
    assert late is not None
    assert early.id("acme") == late.id("acme") != early.id("bolt")
