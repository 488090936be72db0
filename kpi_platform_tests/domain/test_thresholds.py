from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.kpis import KPIS, Thresholds


def test_a_value_on_the_healthy_threshold_is_healthy() -> None:
    assert Thresholds(4, 3).band(4, "high") == "healthy"
    assert Thresholds(5, 10).band(5, "low") == "healthy"


def test_a_value_on_the_risk_threshold_is_not_yet_at_risk() -> None:
    assert Thresholds(4, 3).band(3, "high") == "between"
    assert Thresholds(5, 10).band(10, "low") == "between"
    assert Thresholds(5, 10).band(10.1, "low") == "at_risk"


@given(st.sampled_from(list(KPIS.values())), st.floats(-1e6, 1e6))
def test_every_value_is_in_the_mirrored_band_of_the_mirrored_direction(kpi, value) -> None:
    mirrored = Thresholds(-kpi.thresholds.healthy, -kpi.thresholds.at_risk)
    other = "low" if kpi.better == "high" else "high"
    assert kpi.thresholds.band(value, kpi.better) == mirrored.band(-value, other)
