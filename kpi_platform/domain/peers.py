"""Peers of an account, the accounts of its industry or all of the customer's, and their usual values.

A group keeps its values in order, so that a median and the place of any value are read from it. Up to
MOST_POINTS values it keeps each; of a larger group that many in equal steps, which places a value to a tenth
of a percent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kpi_platform.domain.kpis import Direction
from kpi_platform.domain.load_plan import Array

LEAST_PEERS = 5
"""Accounts with a value that make a group; fewer say nothing of what is usual."""

MOST_POINTS = 1001
"""Values that a group keeps. An odd number: the median is one of them."""


@dataclass(frozen=True, slots=True, eq=False)
class PeerGroup:
    """The values of `accounts` accounts of `industry` (None: of all accounts). `points` are ascending."""

    industry: str | None
    accounts: int
    points: Array

    @property
    def median(self) -> float:
        return float(np.median(self.points))

    def percentile(self, value: float, direction: Direction) -> float:
        """Returns the share of the group's values that are worse than `value`, in percent from 0 to 100;
        those that are equal count half."""
        below = int(np.searchsorted(self.points, value, "left"))
        upto = int(np.searchsorted(self.points, value, "right"))
        lower = 100 * (below + upto) / 2 / len(self.points)
        return lower if direction == "high" else 100 - lower


def peers_by_measure(
    own: Mapping[str, PeerGroup], everybody: Mapping[str, PeerGroup]
) -> dict[str, PeerGroup]:
    """Returns the peers of an account for each measure: of its industry (`own`) if they are enough, else
    everybody. A measure of which too few accounts have a value is left out."""
    chosen = {**everybody, **{name: group for name, group in own.items() if group.accounts >= LEAST_PEERS}}
    return {name: group for name, group in chosen.items() if group.accounts >= LEAST_PEERS}


def grouped_points(groups: Array, values: Array) -> list[tuple[int, int, Array]]:
    """Returns group, how many values it has, and its points, for each of the `groups` (numbers, one for each
    value) with at least LEAST_PEERS values; ascending by group."""
    order = np.lexsort((values, groups))
    groups, values = groups[order], values[order]
    found, starts, counts = np.unique(groups, return_index=True, return_counts=True)
    enough = counts >= LEAST_PEERS
    triples = zip(found[enough].tolist(), starts[enough].tolist(), counts[enough].tolist(), strict=True)
    return [(group, count, _points(values[start : start + count])) for group, start, count in triples]


def _points(ascending: Array) -> Array:
    if len(ascending) <= MOST_POINTS:
        return ascending
    points: Array = np.quantile(ascending, np.linspace(0, 1, MOST_POINTS))
    return points
