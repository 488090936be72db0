"""The form from 0 to 100 of each input of the health score, as `account_health_score` weighs it."""

from collections.abc import Mapping

import numpy as np

from kpi_platform.domain.backtest.rows import Numbers
from kpi_platform.domain.health import HEALTH_INPUTS, HealthScheme

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
"""Input of HEALTH_INPUTS → the values that are worth 0 and 100 under the scheme classic; between them it is a
straight line, outside it is flat."""


_CURVES = {one.name: np.array(one.curve, np.float64) for one in HEALTH_INPUTS}


def points(name: str, values: Numbers, scheme: HealthScheme) -> Numbers:
    """Returns the form from 0 to 100 of values of an input under a scheme of the score; NaN stays NaN."""
    if scheme == "standard":
        percent = 100 if name == "activation" else 1
        found: Numbers = np.interp(values * percent, *_CURVES[name].T)
        return found
    worst, best = ENDS[name]
    return np.clip((values - worst) / (best - worst) * 100, 0, 100)
