"""The settings of a customer that change a KPI, with their defaults, read from a plain settings document."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kpi_platform_tests.reference.identity import name_key

WINDOW_DAYS: Mapping[str, int | None] = {
    "nps": None,
    "csat": 90,
    "executive_engagement": 30,
    "adoption_index": None,
    "support_ticket_volume": 30,
    "support_ticket_rate": 30,
    "sla_compliance": 30,
    "first_response_time": 30,
    "resolution_time": 30,
    "support_satisfaction": 90,
    "revenue_growth": 365,
    "net_revenue_retention": 365,
    "gross_revenue_retention": 365,
    "churn_risk": None,
}
"""The standard KPIs, in the order of the contract, with their windows; None where the latest value counts."""

SALESFORCE_KPIS = (
    "nps",
    "csat",
    "executive_engagement",
    "adoption_index",
    "revenue_growth",
    "net_revenue_retention",
    "gross_revenue_retention",
    "churn_risk",
)
SERVICENOW_KPIS = (
    "support_ticket_volume",
    "support_ticket_rate",
    "sla_compliance",
    "first_response_time",
    "resolution_time",
    "support_satisfaction",
)

_SALESFORCE_FIELDS = {
    "nps_score": "NPS_Score__c",
    "adoption_score": "Adoption_Score__c",
    "churn_risk": "Churn_Risk_Score__c",
    "health_score": "Health_Score__c",
    "satisfaction_rating": "Satisfaction_Rating__c",
    "last_login_date": "Last_Login_Date__c",
    "active_users": "Active_Users__c",
    "total_users": "Total_Users__c",
    "feature_usage_score": "Feature_Usage_Score__c",
    "executive_engagement": "Executive_Engagement__c",
    "opportunity_arr": "ARR__c",
    "opportunity_start_date": "Contract_Start_Date__c",
    "opportunity_end_date": "Contract_End_Date__c",
    "opportunity_term_months": "Term_Months__c",
    "opportunity_renewed_contract": "SBQQ__RenewedContract__c",
}
_SERVICENOW_FIELDS = (
    "customer_account_id",
    "customer_account_name",
    "first_responded_at",
    "satisfaction_rating",
)
_FIELD_OF_KPI = {
    "nps": ("salesforce", "nps_score"),
    "csat": ("salesforce", "satisfaction_rating"),
    "adoption_index": ("salesforce", "adoption_score"),
    "churn_risk": ("salesforce", "churn_risk"),
    "first_response_time": ("servicenow", "first_responded_at"),
    "support_satisfaction": ("servicenow", "satisfaction_rating"),
}
_SWITCHES = {
    "salesforce": {
        "account": "accounts",
        "contact": "contacts",
        "opportunity": "opportunities",
        "case": "cases",
        "task": "tasks",
        "user": "users",
    },
    "servicenow": {"incident": "incidents", "task": "tasks"},
}
_SWITCH_SECTION = {"salesforce": "sync_objects", "servicenow": "sync_tables"}
_NRR_TYPES = {
    "new_business": ("New Business", "New Customer"),
    "renewal": ("Renewal", "Existing Customer - Replacement"),
    "expansion": ("Upsell", "Cross-sell", "Expansion", "Existing Customer - Upgrade", "Existing Business"),
}
_ACCOUNT_TYPES = {"customer": ("Customer",), "former": ("Former", "Customer - Churned", "Customer - Former")}
_TITLES = {
    "titles": (
        *("VP", "SVP", "EVP", "AVP", "Vice President", "Director", "President", "Chief", "CEO", "CFO", "COO"),
        *("CTO", "CIO", "CMO", "CRO", "CISO", "CSO", "CPO", "Head of", "Managing Director"),
        *("Geschäftsführer", "Vorstand", "Directeur", "Director General"),
    ),
    "not_titles": (
        *("former", "ex-", "EA to", "assistant", "office of the", "intern", "art director", "product owner"),
    ),
}
_PLACEHOLDERS = ("n/a", "na", "-", "none", "null", "unknown", "tbd", "0")
_HEALTH_WEIGHTS = {"relationship": "0.4", "adoption": "0.3", "business_outcomes": "0.3", "support": "0"}


@dataclass(frozen=True)
class Rules:
    """`document` is a settings document; every absent parameter has its default."""

    document: Mapping[str, Any]

    def source_enabled(self, source: str) -> bool:
        return bool(self._get(source, "enabled", default=True))

    def switched_on(self, source: str, table: str) -> bool:
        """ "A switched-off table is `not_synced` even where it is present." """
        switch = _SWITCHES[source].get(table)
        on = switch is None or self._get(source, _SWITCH_SECTION[source], switch, default=True)
        return self.source_enabled(source) and bool(on)

    def field(self, source: str, name: str) -> str:
        """The column mapped as `name`; a KPI's own `field` wins over `custom_fields`."""
        for kpi, mapped in _FIELD_OF_KPI.items():
            own = self._get("kpi_mappings", kpi, "field")
            if mapped == (source, name) and own:
                return str(own).rpartition(".")[2]
        chosen = self._get(source, "custom_fields", name)
        if chosen:
            return str(chosen)
        if source == "salesforce":
            return _SALESFORCE_FIELDS[name]
        assert name in _SERVICENOW_FIELDS
        return f"{self._get('servicenow', 'table_prefix', default='u_')}{name}"

    def kpi_enabled(self, kpi: str) -> bool:
        return bool(self._get("kpi_mappings", kpi, "enabled", default=True))

    def scale(self, kpi: str) -> tuple[int, int]:
        """Lowest and highest rating."""
        lowest, highest = str(self._get("kpi_mappings", kpi, "scale", default="1-5")).split("-")
        return int(lowest), int(highest)

    def max_outside(self, kpi: str) -> Fraction:
        chosen = self._get("kpi_mappings", kpi, "max_outside")
        return Fraction(1, 3) if chosen is None else Fraction(str(chosen))

    def titles(self, name: str) -> tuple[str, ...]:
        """Words of `titles` or `not_titles`."""
        chosen = self._get("kpi_mappings", "executive_engagement", name)
        return tuple(_TITLES[name] if chosen is None else chosen)

    @property
    def currency(self) -> str:
        return str(self._get("revenue", "currency", default="corporate"))

    @property
    def fx(self) -> str:
        return str(self._get("revenue", "fx", default="constant"))

    @property
    def count_emails(self) -> bool:
        return bool(self._get("kpi_mappings", "executive_engagement", "count_emails", default=False))

    @property
    def planned_days(self) -> int | None:
        mapping = self._get("kpi_mappings", "executive_engagement", default={})
        days = mapping.get("planned_days", 30)
        return None if days is None else int(days)

    def window_days(self, kpi: str) -> int:
        """Days of the window of a KPI that has one."""
        default = WINDOW_DAYS[kpi]
        assert default is not None
        return int(self._get("kpi_mappings", kpi, "window_days") or default)

    def nrr_types(self, name: str) -> frozenset[str]:
        """Opportunity types, in lower case: "Compared case-insensitively." """
        chosen = self._get("kpi_mappings", "net_revenue_retention", "types", name)
        return frozenset(kind.strip().lower() for kind in (_NRR_TYPES[name] if chosen is None else chosen))

    def line_kind(self, opportunity_type: object) -> str | None:
        """ "A type that stands in several lists is a renewal if renewal is one of them." None where it stands
        in no list, and does not recur."""
        name = str(opportunity_type or "").strip().lower()
        kinds = ("renewal", "expansion", "new_business")
        return next((kind for kind in kinds if name and name in self.nrr_types(kind)), None)

    @property
    def basis(self) -> str:
        return str(self._get("revenue", "basis", default="auto"))

    @property
    def default_term_months(self) -> int:
        return int(self._get("revenue", "default_term_months", default=12))

    @property
    def grace_days(self) -> int:
        return int(self._get("revenue", "late_renewal_grace_days", default=60))

    @property
    def one_off_families(self) -> frozenset[str]:
        """ "Families compare trimmed and without case"; a blank one is none."""
        chosen = self._get("revenue", "one_off_product_families", default=())
        return frozenset(name.strip().lower() for name in chosen) - {""}

    def account_types(self, name: str) -> tuple[str, ...]:
        """Prefixes of account types: `customer` or `former`."""
        chosen = self._get("salesforce", "account_types", name)
        return tuple(prefix.strip() for prefix in (_ACCOUNT_TYPES[name] if chosen is None else chosen))

    def date_order(self, source: str) -> str:
        return str(self._get(source, "formats", "date_order", default="ymd"))

    def decimal(self, source: str) -> str:
        return str(self._get(source, "formats", "decimal", default="point"))

    @property
    def link_placeholders(self) -> frozenset[str]:
        """ "n/a, na, -, none, null, unknown, tbd, 0"; "compared normalised" """
        chosen = self._get("servicenow", "link_placeholders")
        return frozenset(name_key(text) or "" for text in (_PLACEHOLDERS if chosen is None else chosen))

    @property
    def child_incidents(self) -> str:
        return str(self._get("servicenow", "child_incidents", default="same_account"))

    @property
    def opens_again(self) -> bool:
        return str(self._get("servicenow", "reopened", default="open_again")) == "open_again"

    @property
    def time_basis(self) -> str:
        return str(self._get("servicenow", "time_basis", default="calendar"))

    @property
    def sla_by_ticket(self) -> bool:
        return str(self._get("servicenow", "sla_unit", default="ticket")) == "ticket"

    @property
    def sla_source(self) -> str:
        return str(self._get("servicenow", "sla_source", default="auto"))

    def churn_factor(self, name: str, weight: int, limit: int) -> tuple[Fraction, Fraction]:
        """Weight and limit of a factor of the churn risk."""
        chosen = self._get("kpi_mappings", "churn_risk", "factors", name, default={})
        return Fraction(str(chosen.get("weight", weight))), Fraction(str(chosen.get("limit", limit)))

    @property
    def scheme(self) -> str:
        return str(self._get("health_score", "scheme", default="classic"))

    def max_age_days(self, name: str) -> int | None:
        """ "standard: nps 365, adoption_index, activation, feature_usage, other CRM fields 90; classic:
        none"; "none: never too old" """
        chosen = self._get("health_score", "max_age_days", default={})
        usual = None if self.scheme == "classic" else 365 if name == "nps" else 90
        days = chosen.get(name, usual)
        return None if days is None else int(days)

    def date_field(self, name: str) -> str | None:
        """ "Dates: `custom_fields.nps_date`, `adoption_index_date`, `activation_date` (both user counts),
        `feature_usage_date`, `churn_risk_date`…; none mapped by default" """
        return self._get("salesforce", "custom_fields", f"{name}_date") or None

    def health_weight(self, category: str) -> Fraction:
        chosen = self._get("health_score", "weights", category)
        return Fraction(_HEALTH_WEIGHTS[category] if chosen is None else str(chosen))

    def _get(self, *path: str, default: Any = None) -> Any:
        found: Any = self.document
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        return default if found is None else found
