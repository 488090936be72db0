"""The catalogue of the standard KPIs, which every customer has: name, needed tables and columns, measurement,
places on pages, and healthy values. Every other list of KPIs derives from this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from kpi_platform.domain.sources import Source

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
    UNREADABLE = "unreadable"
    NOT_MAPPED = "not_mapped"
    NOT_SYNCED = "not_synced"
    DISABLED = "disabled"


def unreadable_rows(unreadable: int, counted: int) -> str:
    """Says of the rows that a value is measured from: `3 of 90 rows could not be read`."""
    rows = unreadable + counted
    return f"{unreadable:,} of {rows:,} row{'s' if rows > 1 else ''} could not be read"


def left_out_rows(left_out: int, reason: str) -> str:
    """Says of the rows that a KPI looked at: `3 rows were left out, most because: no conversion rate`."""
    if left_out == 1:
        return f"1 row was left out because: {reason}"
    return f"{left_out:,} rows were left out, most because: {reason}"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The values from which an account is healthy or at risk, in the direction that is better."""

    healthy: float
    at_risk: float

    def band(self, value: float, better: Direction) -> Band:
        """Healthy from `healthy` on, at risk beyond `at_risk` (which itself is between the two)."""
        sign = 1 if better == "high" else -1
        if sign * value >= sign * self.healthy:
            return "healthy"
        return "at_risk" if sign * value < sign * self.at_risk else "between"


def is_too_few(sample_size: int | None, min_sample: int) -> bool:
    """Whether a value comes from too few rows to be judged."""
    return sample_size is not None and sample_size < least_sample(min_sample)


def least_sample(min_sample: int) -> int:
    """Returns the fewest rows that a value is judged by. 1, the default, asks for none: a count of no rows is
    0, and says something."""
    return min_sample if min_sample > 1 else 0


@dataclass(frozen=True, slots=True)
class MappedField:
    """A field of `custom_fields` that a KPI is read from, and the landed tables that may hold it."""

    name: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """Tables and columns that must have landed. Without one of `tables` the KPI is not synced. `columns` are
    alternatives, each `table.column`: if none of a group landed, the KPI is not mapped. A name of
    `custom_fields` means the column that is mapped to it."""

    tables: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI of the contract. `window_days` is None if the latest value counts. `scale` multiplies
    numerator / denominator; a KPI `per_days` is that of a window of so many days, whatever its own is.
    `minimum` and `maximum` are the range of the value. `models` are the dbt models
    that its source rows, and so its formula, are read from; `summed` is the one of them whose numerators and
    denominators are added up by account (None: another model does that, or nothing is added up). `column` is
    its name in the wide marts."""

    slug: str
    display_name: str
    short_name: str
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
    models: tuple[str, ...]
    column: str
    needs: Needs
    field: MappedField | None = None
    scale: int = 1
    per_days: int | None = None
    summed: str | None = None

    def factor(self, window_days: int | None) -> float:
        """Returns what numerator / denominator is multiplied by, of a window of so many days."""
        if self.per_days is None or window_days is None:
            return self.scale
        return self.scale * self.per_days / window_days


_RELATIONSHIP = "Relationship Strength"
_ADOPTION = "Adoption & Engagement"
_SUPPORT = "Support & Experience"
_OUTCOMES = "Business Outcomes"

CATEGORIES = (_RELATIONSHIP, _ADOPTION, _SUPPORT, _OUTCOMES)

# A class table keeps in `task` what its incidents have in common.
_RESOLVED = ("incident.resolved_at", "task.resolved_at", "incident.closed_at", "task.closed_at")
_OPPORTUNITY = tuple((f"opportunity.{name}",) for name in ("account_id", "amount", "is_won", "close_date"))

# fmt: off
_CATALOGUE = (
    Kpi("nps", "NPS", "NPS", _RELATIONSHIP, "Critical", "Quarterly",
        "score", -100, 100, "high", None, "salesforce", Thresholds(50, 10),
        "the account field mapped as nps_score",
        models=("int_salesforce_account",), column="nps",
        needs=Needs(("account",), (("account.nps_score",),)),
        field=MappedField("nps_score", ("account",))),
    Kpi("csat", "CSAT", "CSAT", _RELATIONSHIP, "High", "Monthly",
        "score", 1, 5, "high", 90, "salesforce", Thresholds(4, 3),
        "mean rating of the cases created in the window and rated 1 to 5",
        models=("int_case_rating",), summed="int_case_rating", column="csat",
        needs=Needs(("account", "case"), (
            ("case.account_id",), ("case.created_date",), ("case.satisfaction_rating",),
        )),
        field=MappedField("satisfaction_rating", ("case",))),
    Kpi("executive_engagement", "Executive Sponsor Engagement", "Executive", _RELATIONSHIP, "Medium",
        "Monthly",
        "touches", 0, None, "high", 30, "salesforce", Thresholds(3, 1),
        "completed tasks and ended events with executive contacts in the window",
        models=("int_executive_touch",), summed="int_executive_touch", column="executive_engagement_score",
        needs=Needs(("account", "contact", "task"), (
            ("contact.account_id",), ("contact.title",), ("task.who_id",), ("task.is_closed", "task.status"),
            ("task.completed_date_time", "task.activity_date", "task.created_date"),
        ))),
    Kpi("adoption_index", "Adoption Index", "Adoption", _ADOPTION, "High", "Monthly",
        "index", 0, 100, "high", None, "salesforce", Thresholds(70, 40),
        "the account field mapped as adoption_score",
        models=("int_salesforce_account",), column="adoption_index",
        needs=Needs(("account",), (("account.adoption_score",),)),
        field=MappedField("adoption_score", ("account",))),
    Kpi("support_ticket_volume", "Support Ticket Volume", "Tickets", _SUPPORT, "Medium", "Weekly",
        "tickets", 0, None, "low", 30, "servicenow", Thresholds(5, 10),
        "incidents opened in the window",
        models=("int_incident_event",), column="support_ticket_volume",
        needs=Needs(("incident",))),
    Kpi("support_ticket_rate", "Support Ticket Rate", "Ticket rate", _SUPPORT, "Medium", "Weekly",
        "tickets per 100 users", 0, None, "low", 30, "servicenow", Thresholds(2, 5),
        "100 · incidents opened in the window / total users of the account, for 30 days",
        models=("int_incident_event",), column="support_ticket_rate",
        needs=Needs(("incident",)),
        scale=100, per_days=30),
    Kpi("sla_compliance", "SLA Compliance", "SLA met", _SUPPORT, "Critical", "Daily",
        "percent", 0, 100, "high", 30, "servicenow", Thresholds(95, 85),
        "100 · met / (met + breached), of the SLAs decided in the window",
        models=("int_task_sla_event", "int_incident_event"), column="sla_compliance_percent",
        needs=Needs(("incident",)),
        scale=100),
    Kpi("first_response_time", "First Response Time", "First resp.", _SUPPORT, "High", "Daily",
        "hours", 0, None, "low", 30, "servicenow", Thresholds(4, 24),
        "mean hours from opening to first response, of the incidents first responded to in the window",
        models=("int_incident_event",), column="first_response_time_hours",
        needs=Needs(("incident",), (("incident.first_responded_at", "task.first_responded_at"),)),
        field=MappedField("first_responded_at", ("incident", "task"))),
    Kpi("resolution_time", "Resolution Time", "Resolution", _SUPPORT, "Medium", "Daily",
        "hours", 0, None, "low", 30, "servicenow", Thresholds(24, 120),
        "mean hours from opening to resolution, of the incidents resolved in the window",
        models=("int_incident_event",), column="resolution_time_hours",
        needs=Needs(("incident",), (_RESOLVED,))),
    Kpi("support_satisfaction", "Support Satisfaction", "Support CSAT", _SUPPORT, "High", "Daily",
        "score", 1, 5, "high", 90, "servicenow", Thresholds(4, 3),
        "mean rating of the incidents resolved in the window and rated 1 to 5",
        models=("int_incident_event",), column="support_satisfaction",
        needs=Needs(("incident",), (_RESOLVED, ("incident.satisfaction_rating", "task.satisfaction_rating"))),
        field=MappedField("satisfaction_rating", ("incident", "task"))),
    Kpi("revenue_growth", "Revenue Growth", "Growth", _OUTCOMES, "Critical", "Monthly",
        "percent", -100, None, "high", 365, "salesforce", Thresholds(10, 0),
        "100 · (R1 − R0) / R0, won amounts of this window and of the one before",
        models=("int_won_amount", "int_ledger_amount"), summed="int_revenue_amount",
        column="revenue_growth_percent",
        needs=Needs(("account", "opportunity"), _OPPORTUNITY),
        scale=100),
    Kpi("net_revenue_retention", "Net Revenue Retention", "NRR", _OUTCOMES, "Critical", "Monthly",
        "percent", 0, None, "high", 365, "salesforce", Thresholds(110, 90),
        "100 · N / S, renewals and expansions of this window over the recurring amounts won in the one "
        "before",
        models=("int_won_amount", "int_ledger_amount"), summed="int_revenue_amount",
        column="net_revenue_retention",
        needs=Needs(("account", "opportunity"), (*_OPPORTUNITY, ("opportunity.type",))),
        scale=100),
    Kpi("gross_revenue_retention", "Gross Revenue Retention", "GRR", _OUTCOMES, "Critical", "Monthly",
        "percent", 0, 100, "high", 365, "salesforce", Thresholds(95, 85),
        "100 · the smaller of ARR now and ARR at the start of the window / ARR at the start of the window",
        models=("int_ledger_amount",), summed="int_revenue_amount", column="gross_revenue_retention",
        needs=Needs(("account", "opportunity"), (*_OPPORTUNITY, ("opportunity.type",))),
        scale=100),
    Kpi("churn_risk", "Churn Risk Score", "Churn risk", _OUTCOMES, "Critical", "Daily",
        "score", 0, 100, "low", None, "salesforce", Thresholds(25, 60),
        "the account field mapped as churn_risk, else 100 · held / known weights",
        models=("account_churn_risk",), column="churn_risk",
        needs=Needs(("account",)),
        field=MappedField("churn_risk", ("account",))),
)
# fmt: on

KPIS: Mapping[str, Kpi] = MappingProxyType({kpi.slug: kpi for kpi in _CATALOGUE})
"""The standard KPIs by slug, in the order of the contract."""

HEALTH_THRESHOLDS = Thresholds(70, 40)
