"""The forms of inputs from 0 to 100, under both schemes of the score."""

import numpy as np
import pytest

from kpi_platform.domain.backtest.points import ENDS, points
from kpi_platform.domain.health import HEALTH_INPUTS


def test_every_input_has_a_form_under_both_schemes() -> None:
    assert set(ENDS) == {one.name for one in HEALTH_INPUTS}
    for name in ENDS:
        for scheme in ("classic", "standard"):
            found = points(name, np.array([-1e9, 1e9, np.nan]), scheme)  # type: ignore[arg-type]
            assert sorted(found[:2]) == [0, 100] and np.isnan(found[2])


@pytest.mark.parametrize(
    ("name", "value", "classic", "standard"),
    [
        ("revenue_growth", 10, 10, 70),
        ("net_revenue_retention", 110, 220 / 3, 85),
        ("activation", 0.7, 70, 70),
    ],
)
def test_a_value_has_the_points_of_the_worked_example(
    name: str, value: float, classic: float, standard: float
) -> None:
    assert points(name, np.array([value]), "classic")[0] == pytest.approx(classic, abs=1e-9)
    assert points(name, np.array([value]), "standard")[0] == pytest.approx(standard, abs=1e-9)
