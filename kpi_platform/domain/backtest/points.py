"""The form from 0 to 100 of each input of the health score, as `account_health_score` weighs it."""

from collections.abc import Mapping

import numpy as np

from kpi_platform.domain.backtest.rows import Numbers

ENDS: Mapping[str, tuple[float, float]] = {
    "nps": (-100, 100),
    "csat": (1, 5),
    "executive_engagement": (0, 10),
    "adoption_index": (0, 100),
    "activation": (0, 1),
    "feature_usage": (0, 100),
    "revenue_growth": (0, 100),
    "net_revenue_retention": (0, 150),
    "churn_risk": (100, 0),
    "sla_compliance": (0, 100),
    "support_satisfaction": (1, 5),
    "first_response_time": (24, 0),
    "resolution_time": (120, 0),
}
"""Input of HEALTH_INPUTS → the values that are worth 0 and 100; between them it is a straight line, outside
it is flat."""


def points(name: str, values: Numbers) -> Numbers:
    """Returns the form from 0 to 100 of values of an input; NaN stays NaN."""
    worst, best = ENDS[name]
    return np.clip((values - worst) / (best - worst) * 100, 0, 100)
