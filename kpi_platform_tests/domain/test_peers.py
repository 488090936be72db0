"""Medians and percentiles among peers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.load_plan import Array
from kpi_platform.domain.peers import LEAST_PEERS, MOST_POINTS, PeerGroup, grouped_points, peers_by_measure

_NUMBERS = st.integers(-1000, 1000).map(lambda tenths: tenths / 10)
_MANY = st.lists(_NUMBERS, min_size=LEAST_PEERS, max_size=60)


def group_of(values: list[float]) -> PeerGroup:
    [(_, count, points)] = grouped_points(np.zeros(len(values), int), np.array(values, float))
    return PeerGroup(None, count, points)


@given(_MANY, _NUMBERS)
def test_a_percentile_is_the_share_of_worse_values_with_equal_ones_by_half(
    values: list[float], value: float
) -> None:
    group = group_of(values)
    better = sum(one < value for one in values) + sum(one == value for one in values) / 2
    high, low = (group.percentile(value, direction) for direction in ("high", "low"))
    assert abs(high - 100 * better / len(values)) < 1e-9
    assert abs(high + low - 100) < 1e-9
    assert group.median == float(np.median(values))


@given(_MANY, _NUMBERS, _NUMBERS)
def test_a_better_value_has_no_lower_percentile(values: list[float], one: float, other: float) -> None:
    group, worse, better = group_of(values), min(one, other), max(one, other)
    assert group.percentile(worse, "high") <= group.percentile(better, "high")
    assert group.percentile(worse, "low") >= group.percentile(better, "low")


@given(st.lists(st.tuples(st.integers(0, 4), _NUMBERS), max_size=60))
def test_each_group_has_its_own_values_and_small_ones_are_left_out(rows: list[tuple[int, float]]) -> None:
    groups, values = np.array([one for one, _ in rows], int), np.array([value for _, value in rows], float)
    found = {group: (count, points.tolist()) for group, count, points in grouped_points(groups, values)}
    every = {one: sorted(value for group, value in rows if group == one) for one, _ in rows}
    assert found == {one: (len(own), own) for one, own in every.items() if len(own) >= LEAST_PEERS}


@given(st.integers(0, 2**32 - 1), st.integers(MOST_POINTS, 4 * MOST_POINTS), st.booleans())
def test_a_large_group_places_values_to_a_tenth_of_a_percent(seed: int, size: int, in_steps: bool) -> None:
    values: Array = np.random.default_rng(seed).normal(50, 20, size)
    values = values.round(-1) if in_steps else values
    group = group_of(values.tolist())
    assert group.accounts == size
    assert len(group.points) == MOST_POINTS
    assert abs(group.median - float(np.median(values))) < 1e-9
    for value in values[:20].tolist():
        exact = 100 * (np.mean(values < value) + np.mean(values == value) / 2)
        assert abs(group.percentile(value, "high") - exact) < 0.2


def test_peers_are_those_of_the_industry_if_they_are_enough() -> None:
    def group(industry: str | None, accounts: int) -> PeerGroup:
        return PeerGroup(industry, accounts, np.arange(float(accounts)))

    own = {"nps": group("Steel", 5), "csat": group("Steel", 4)}
    everybody = {"nps": group(None, 9), "csat": group(None, 9), "growth": group(None, 4)}
    chosen = peers_by_measure(own, everybody)
    assert {name: one.industry for name, one in chosen.items()} == {"nps": "Steel", "csat": None}
