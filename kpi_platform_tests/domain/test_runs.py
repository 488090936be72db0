"""How customers are divided into runs."""

from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.runs import in_runs


@given(st.integers(0, 3_000), st.integers(1, 400))
def test_every_customer_is_in_one_run_in_order_and_no_run_is_too_long(count: int, most: int) -> None:
    customers = [str(number) for number in range(count)]
    runs = list(in_runs(customers, most))
    assert [one for run in runs for one in run] == customers
    assert all(0 < len(run) <= most for run in runs)


def test_the_last_of_several_runs_is_half_as_long() -> None:
    assert [len(run) for run in in_runs(map(str, range(1000)), 290)] == [286, 286, 286, 142]
    assert [len(run) for run in in_runs(map(str, range(290)), 290)] == [290]
    assert [len(run) for run in in_runs(map(str, range(291)), 290)] == [194, 97]
