"""The parts of the health score: each input with its category and its weight in it.

`account_health_score` brings the inputs to 0 to 100 and weighs them; customers weigh the categories.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

HealthScheme = Literal["classic", "standard"]
"""Which inputs the score and the churn risk have: those of before, or those that do not count twice."""


Curve = tuple[tuple[float, float], ...]
"""Points (value, score), values ascending."""

_RATING: Curve = ((1, 0), (3, 40), (4, 75), (4.6, 100))
_SHARE: Curve = ((0, 0), (100, 100))


@dataclass(frozen=True, slots=True)
class HealthInput:
    """A KPI by its slug, or another measure of the account. `curve` are the points (value, score) by which
    the scheme `standard` scores it: linear between them, flat outside (scorecards.md, "Curves of
    `standard`")."""

    name: str
    category: str
    weight: float
    curve: Curve


HEALTH_INPUTS = (
    HealthInput("nps", "relationship", 0.3, ((-50, 0), (0, 40), (30, 70), (60, 100))),
    HealthInput("csat", "relationship", 0.3, _RATING),
    HealthInput("executive_engagement", "relationship", 0.4, ((0, 0), (1, 60), (3, 100))),
    HealthInput("adoption_index", "adoption", 0.5, _SHARE),
    HealthInput("activation", "adoption", 0.3, _SHARE),
    HealthInput("feature_usage", "adoption", 0.2, _SHARE),
    HealthInput("revenue_growth", "business_outcomes", 0.4, ((-50, 0), (0, 50), (25, 100))),
    HealthInput(
        "net_revenue_retention", "business_outcomes", 0.4, ((50, 0), (80, 25), (100, 70), (120, 100))
    ),
    HealthInput("churn_risk", "business_outcomes", 0.2, ((0, 100), (100, 0))),
    HealthInput("sla_compliance", "support", 0.4, ((70, 0), (85, 40), (95, 85), (100, 100))),
    HealthInput("support_satisfaction", "support", 0.3, _RATING),
    HealthInput("first_response_time", "support", 0.15, ((0, 100), (4, 70), (24, 0))),
    HealthInput("resolution_time", "support", 0.15, ((0, 100), (24, 70), (120, 0))),
)
"""In the order in which they are shown."""

DATED_INPUTS = ("nps", "adoption_index", "activation", "feature_usage", "churn_risk")
"""The inputs that are fields of the CRM's account, and may say of when they are."""

MAX_AGE_DAYS: Mapping[HealthScheme, Mapping[str, int]] = MappingProxyType(
    {"classic": {}, "standard": {name: 365 if name == "nps" else 90 for name in DATED_INPUTS}}
)
"""Days from which on an input is too old, unless the settings say otherwise. One that is missing never is."""

HEALTH_CATEGORIES: Mapping[str, tuple[HealthInput, ...]] = MappingProxyType(
    {
        category: tuple(one for one in HEALTH_INPUTS if one.category == category)
        for category in dict.fromkeys(one.category for one in HEALTH_INPUTS)
    }
)
