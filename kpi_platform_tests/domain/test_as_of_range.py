from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.as_of_range import as_of_range
from kpi_platform.domain.errors import InvalidInput

START = datetime(2026, 1, 1, tzinfo=UTC)
lengths = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60))
steps = st.timedeltas(min_value=timedelta(hours=1), max_value=timedelta(days=10))


@given(lengths, steps)
def test_the_instants_are_one_step_apart_and_fill_the_range(length: timedelta, step: timedelta) -> None:
    instants = list(as_of_range(START, START + length, step))
    assert instants[0] == START
    assert all(later - earlier == step for earlier, later in pairwise(instants))
    assert timedelta(0) <= START + length - instants[-1] < step


@pytest.mark.parametrize(("text", "count"), [("1d", 15), ("12h", 29), ("2w", 2)])
def test_a_step_is_a_number_of_hours_days_or_weeks(text: str, count: int) -> None:
    assert len(list(as_of_range(START, START + timedelta(days=14), text))) == count


@pytest.mark.parametrize("step", ["0d", "1m", "", "-1d", timedelta(0)])
def test_a_step_that_leads_nowhere_is_refused(step: str | timedelta) -> None:
    with pytest.raises(InvalidInput):
        list(as_of_range(START, START, step))


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InvalidInput, match="before it starts"):
        as_of_range(START, START - timedelta(days=1), "1d")
