"""The catalogue of the twelve KPIs: what each is called, how it is measured, and when it is healthy."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

Source = Literal["salesforce", "servicenow"]
Direction = Literal["high", "low"]
Impact = Literal["Critical", "High", "Medium", "Low"]
Frequency = Literal["Daily", "Weekly", "Monthly", "Quarterly"]
Band = Literal["healthy", "between", "at_risk"]


class KpiStatus(StrEnum):
    """Why a value is there, or is not. Only `ok` and `stale` have a value."""

    OK = "ok"
    STALE = "stale"
    OUT_OF_RANGE = "out_of_range"
    NO_DATA = "no_data"
    NOT_MAPPED = "not_mapped"
    NOT_SYNCED = "not_synced"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a value is healthy and where an account is at risk, in the direction that is better."""

    healthy: float
    at_risk: float

    def band(self, value: float, better: Direction) -> Band:
        """Healthy from `healthy` on, at risk beyond `at_risk` (which itself is between the two)."""
        sign = 1 if better == "high" else -1
        if sign * value >= sign * self.healthy:
            return "healthy"
        return "at_risk" if sign * value < sign * self.at_risk else "between"


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI as `kpis.md` defines it. `window_days` is None where the latest value counts."""

    slug: str
    display_name: str
    category: str
    impact: Impact
    frequency: Frequency
    unit: str
    minimum: float | None
    maximum: float | None
    better: Direction
    window_days: int | None
    source: Source
    thresholds: Thresholds
    formula: str


_RELATIONSHIP = "Relationship Strength"
_ADOPTION = "Adoption & Engagement"
_SUPPORT = "Support & Experience"
_OUTCOMES = "Business Outcomes"

# fmt: off
_TWELVE = (
    Kpi("nps", "NPS", _RELATIONSHIP, "Critical", "Quarterly",
        "score", -100, 100, "high", None, "salesforce", Thresholds(50, 10),
        "the account field mapped as nps_score"),
    Kpi("csat", "CSAT", _RELATIONSHIP, "High", "Monthly",
        "score", 1, 5, "high", 90, "salesforce", Thresholds(4, 3),
        "mean rating of the cases created in the window and rated 1 to 5"),
    Kpi("executive_engagement", "Executive Sponsor Engagement", _RELATIONSHIP, "Medium", "Monthly",
        "touches", 0, None, "high", 30, "salesforce", Thresholds(3, 1),
        "completed tasks and ended events with executive contacts in the window"),
    Kpi("adoption_index", "Adoption Index", _ADOPTION, "High", "Monthly",
        "index", 0, 100, "high", None, "salesforce", Thresholds(70, 40),
        "the account field mapped as adoption_score"),
    Kpi("support_ticket_volume", "Support Ticket Volume", _SUPPORT, "Medium", "Weekly",
        "tickets", 0, None, "low", 30, "servicenow", Thresholds(5, 10),
        "incidents opened in the window"),
    Kpi("sla_compliance", "SLA Compliance", _SUPPORT, "Critical", "Daily",
        "percent", 0, 100, "high", 30, "servicenow", Thresholds(95, 85),
        "100 · met / (met + breached), of the SLAs decided in the window"),
    Kpi("first_response_time", "First Response Time", _SUPPORT, "High", "Daily",
        "hours", 0, None, "low", 30, "servicenow", Thresholds(4, 24),
        "mean hours from opening to first response, of the incidents first responded to in the window"),
    Kpi("resolution_time", "Resolution Time", _SUPPORT, "Medium", "Daily",
        "hours", 0, None, "low", 30, "servicenow", Thresholds(24, 120),
        "mean hours from opening to resolution, of the incidents resolved in the window"),
    Kpi("support_satisfaction", "Support Satisfaction", _SUPPORT, "High", "Daily",
        "score", 1, 5, "high", 90, "servicenow", Thresholds(4, 3),
        "mean rating of the incidents resolved in the window and rated 1 to 5"),
    Kpi("revenue_growth", "Revenue Growth", _OUTCOMES, "Critical", "Monthly",
        "percent", -100, None, "high", 365, "salesforce", Thresholds(10, 0),
        "100 · (R1 − R0) / R0, won amounts of this window and of the one before"),
    Kpi("net_revenue_retention", "Net Revenue Retention", _OUTCOMES, "Critical", "Monthly",
        "percent", 0, None, "high", 365, "salesforce", Thresholds(110, 90),
        "100 · N / S, renewals and expansions of this window over the recurring amounts won in the one "
        "before"),
    Kpi("churn_risk", "Churn Risk Score", _OUTCOMES, "Critical", "Daily",
        "score", 0, 100, "low", None, "salesforce", Thresholds(25, 60),
        "the account field mapped as churn_risk, else 100 · held / known weights"),
)
# fmt: on

KPIS: Mapping[str, Kpi] = MappingProxyType({kpi.slug: kpi for kpi in _TWELVE})
"""The twelve KPIs by slug, in the order of the contract."""

CATEGORIES = (_RELATIONSHIP, _ADOPTION, _SUPPORT, _OUTCOMES)

HEALTH_THRESHOLDS = Thresholds(70, 40)
