"""The parts of the health score: each input with its category and its weight in it.

`account_health_score` brings the inputs to 0 to 100 and weighs them; customers weigh the categories.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

HealthScheme = Literal["classic", "standard"]
"""Which inputs the score and the churn risk have: those of before, or those that do not count twice."""


@dataclass(frozen=True, slots=True)
class HealthInput:
    """A KPI by its slug, or another measure of the account."""

    name: str
    category: str
    weight: float


HEALTH_INPUTS = (
    HealthInput("nps", "relationship", 0.3),
    HealthInput("csat", "relationship", 0.3),
    HealthInput("executive_engagement", "relationship", 0.4),
    HealthInput("adoption_index", "adoption", 0.5),
    HealthInput("activation", "adoption", 0.3),
    HealthInput("feature_usage", "adoption", 0.2),
    HealthInput("revenue_growth", "business_outcomes", 0.4),
    HealthInput("net_revenue_retention", "business_outcomes", 0.4),
    HealthInput("churn_risk", "business_outcomes", 0.2),
    HealthInput("sla_compliance", "support", 0.4),
    HealthInput("support_satisfaction", "support", 0.3),
    HealthInput("first_response_time", "support", 0.15),
    HealthInput("resolution_time", "support", 0.15),
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
