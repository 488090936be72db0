"""Accounts by band of their health score: how many, and how much recurring revenue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kpi_platform.domain.kpis import HEALTH_THRESHOLDS
from kpi_platform.domain.load_plan import Array

HealthBand = Literal["healthy", "between", "at_risk", "missing"]
HEALTH_BANDS: tuple[HealthBand, ...] = ("healthy", "between", "at_risk", "missing")
"""`missing`: no score."""


@dataclass(frozen=True, slots=True)
class BandTotal:
    """`accounts` of a band, and their `money`; None if that of none is known."""

    accounts: int = 0
    money: float | None = None


def band_totals(scores: Array, money: Array) -> Mapping[HealthBand, BandTotal]:
    """Returns the total of each band. `scores` and `money` have a place for each account, NaN without one."""
    healthy = scores >= HEALTH_THRESHOLDS.healthy
    at_risk = scores < HEALTH_THRESHOLDS.at_risk
    band = np.select((healthy, at_risk, np.isnan(scores)), (0, 2, 3), 1)
    counts = np.bincount(band, minlength=4)
    known = ~np.isnan(money)
    with_money = np.bincount(band[known], minlength=4)
    sums = np.bincount(band[known], money[known], minlength=4)
    return {
        name: BandTotal(int(counts[place]), float(sums[place]) if with_money[place] else None)
        for place, name in enumerate(HEALTH_BANDS)
    }
