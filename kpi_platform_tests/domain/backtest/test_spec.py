"""The instants of a back-test."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.backtest.spec import MOST_INSTANTS, BacktestSpec
from kpi_platform.domain.errors import InvalidInput

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


def days(spec: BacktestSpec, as_of: datetime) -> list[str]:
    return [f"{one:%Y-%m-%d}" for one in spec.instants(as_of)]


def test_months_are_counted_from_the_first_so_that_a_short_one_does_not_move_those_after_it() -> None:
    spec = BacktestSpec(datetime(2024, 1, 31), datetime(2024, 5, 31), horizon_days=1)
    assert days(spec, datetime(2026, 1, 1)) == [
        "2024-01-31",
        "2024-02-29",
        "2024-03-31",
        "2024-04-30",
        "2024-05-31",
    ]


def test_a_quarter_crosses_the_year() -> None:
    spec = BacktestSpec(datetime(2024, 11, 30), datetime(2025, 6, 1), every="3 months", horizon_days=1)
    assert days(spec, datetime(2026, 1, 1)) == ["2024-11-30", "2025-02-28", "2025-05-30"]


@given(st.integers(0, 900), st.integers(1, 60), st.integers(1, 400), st.integers(0, 90), st.integers(0, 900))
def test_an_instant_is_used_if_gap_and_horizon_have_ended(
    length: int, step: int, horizon: int, gap: int, known: int
) -> None:
    as_of = NEW_YEAR + timedelta(days=known)
    spec = BacktestSpec(NEW_YEAR, NEW_YEAR + timedelta(days=length), f"{step} days", horizon, gap)
    wanted = [
        NEW_YEAR + timedelta(days=day) for day in range(0, length + 1, step) if day + gap + horizon <= known
    ]
    if not wanted or len(wanted) > MOST_INSTANTS:
        with pytest.raises(InvalidInput):
            spec.instants(as_of)
    else:
        assert list(spec.instants(as_of)) == wanted


@pytest.mark.parametrize("every", ["", "0 days", "1 week", "-1 day", "1month", "1 day; 1 day"])
def test_another_step_is_refused(every: str) -> None:
    with pytest.raises(InvalidInput, match="no step"):
        BacktestSpec(NEW_YEAR, NEW_YEAR, every=every)


def test_an_empty_time_and_an_odd_horizon_are_refused() -> None:
    with pytest.raises(InvalidInput, match="ends"):
        BacktestSpec(NEW_YEAR, NEW_YEAR - timedelta(days=1))
    for horizon, gap in ((0, 0), (180, -1), (4000, 0)):
        with pytest.raises(InvalidInput, match="horizon"):
            BacktestSpec(NEW_YEAR, NEW_YEAR, horizon_days=horizon, gap_days=gap)
