"""The weeks before a first load: Mondays, none twice, none that somebody has loaded."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.past import WEEK, weeks_before

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def test_the_weeks_of_a_tuesday_are_the_mondays_before_its_own() -> None:
    tuesday = MONDAY + timedelta(days=1, hours=13)
    assert weeks_before(tuesday, 2) == [MONDAY - 2 * WEEK, MONDAY - WEEK]
    assert weeks_before(tuesday, 0) == []


def test_a_week_with_a_load_is_left_as_it_is() -> None:
    friday_before = MONDAY - timedelta(days=3)
    assert weeks_before(MONDAY, 2, [friday_before]) == [MONDAY - 2 * WEEK]


@given(INSTANTS, st.integers(0, 104), st.lists(INSTANTS, max_size=5))
def test_every_week_of_the_span_has_one_instant_or_a_load(
    as_of: datetime, weeks: int, loaded: list[datetime]
) -> None:
    found = weeks_before(as_of, weeks, loaded)
    assert found == sorted(set(found))
    assert all(one.weekday() == 0 and one.time().isoformat() == "00:00:00" for one in found)
    assert all(one <= as_of - timedelta(0) and as_of - one <= (weeks + 1) * WEEK for one in found)
    without = weeks_before(as_of, weeks)
    assert len(without) == weeks
    missing = set(without) - set(found)
    assert missing == {one for one in without if any(one <= at < one + WEEK for at in loaded)}
