"""Settings that decide how KPIs are computed: their effect is a value in a mart."""

from typing import Any

from kpi_platform.domain.churn import ChurnFactor, factors_in_force
from kpi_platform.domain.health import DATED_INPUTS
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.settings.kpi_mappings import FIELD_OF_KPI
from kpi_platform_tests.settings_effects.effect import Effect

OPPORTUNITY_FIELDS = (
    "opportunity_arr",
    "opportunity_start_date",
    "opportunity_end_date",
    "opportunity_term_months",
)

_CRM, _ITSM = "salesforce.custom_fields", "servicenow.custom_fields"
_FACTORS = "kpi_mappings.churn_risk.factors"
_VALUE_OF = {
    "nps_score": "nps",
    "adoption_score": "adoption_index",
    "churn_risk": "churn_risk",
    "last_login_date": "churn_risk",
    "executive_engagement": "churn_risk",
    "satisfaction_rating": "csat",
}
_CONTRIBUTION_OF = {
    "health_score": "crm_health_score",
    "active_users": "activation_contribution",
    "total_users": "activation_contribution",
    "feature_usage_score": "feature_usage_contribution",
}
_ACCOUNT_OF = {"first_response_time": "sn_first", "support_satisfaction": "sn_rating"}
_DEFAULTS = {
    "nps_score": "NPS_Score__c", "adoption_score": "Adoption_Score__c", "churn_risk": "Churn_Risk_Score__c",
    "health_score": "Health_Score__c", "last_login_date": "Last_Login_Date__c",
    "active_users": "Active_Users__c", "total_users": "Total_Users__c",
    "feature_usage_score": "Feature_Usage_Score__c", "executive_engagement": "Executive_Engagement__c",
    "satisfaction_rating": "Satisfaction_Rating__c",
}  # fmt: skip


def _crm_field(field: str) -> Effect:
    values = (_DEFAULTS[field], f"Other_{field}__c")
    if kpi := _VALUE_OF.get(field):
        return Effect("marts", values, lambda seen: seen.value(field, kpi), customer="crm_fields")
    column = _CONTRIBUTION_OF[field]
    return Effect("marts", values, lambda seen: seen.health(field, column), customer="crm_fields")


def _enabled(kpi: str) -> Effect:
    return Effect(
        "marts", (True, False), lambda seen: seen.value("first", kpi, "status"), customer="disabled"
    )


def _window(kpi: str) -> Effect:
    # Windows of the same length for all, so that an account with rows a week ago keeps its values.
    days = KPIS[kpi].window_days or 0
    return Effect(
        "marts", (days, days + 5), lambda seen: seen.value("first", kpi, "window_start"), customer="windows"
    )


def _field(kpi: str) -> Effect:
    (table, *_), field = FIELD_OF_KPI[kpi]
    other = f"other_{field}" if table == "incident" else f"{table}.Other_{field}__c"
    account = _ACCOUNT_OF.get(kpi, field)
    return Effect("marts", (None, other), lambda seen: seen.value(account, kpi), customer="mapped")


def _weight(category: str, first: float, second: float, *inputs: str) -> Effect:
    return Effect("marts", (first, second), lambda seen: seen.weight(category, *inputs), customer="weights")


def _raw(other: str, account: str, kpi: str) -> Effect:
    usual = other.replace("other", "one")
    return Effect("marts", (usual, other), lambda seen: seen.value(account, kpi), customer="other_schemas")


def _rating(kpi: str, setting: str) -> Effect:
    values, account = {
        "scale": (("1-5", "0-10"), "first" if kpi == "csat" else "sn_rating"),
        "max_outside": ((1 / 3, 1), "sixes"),
    }[setting]
    return Effect("marts", values, lambda seen: seen.value(account, kpi), customer=f"rating_{setting}")


def _engagement(first: Any, second: Any, account: str, customer: str) -> Effect:
    return Effect(
        "marts", (first, second), lambda seen: seen.value(account, "executive_engagement"), customer=customer
    )


def _types(usual: tuple[str, ...], account: str, kind: str) -> Effect:
    def seen(computed: object) -> object:
        return computed.value(account, "net_revenue_retention")  # type: ignore[attr-defined]

    return Effect("marts", (list(usual), [*usual, kind]), seen, customer="mapped")


_FACTOR_LIMITS: dict[str, tuple[Any, Any]] = {
    "nps_risk": (10.0, 50.0),
    "csat_risk": (3.0, 4.5),
    "inactivity_risk": (30, 5),
    "support_volume_risk": (10.0, 0.0),
}
"""Those beyond which no account is, and which the account `sn_id` is beyond."""


def _factor_weight(factor: ChurnFactor) -> Effect:
    values = (factor.weight, factor.weight + 5)
    return Effect("marts", values, lambda seen: seen.risk("risky", factor.name), customer="factor_weights")


def _factor_limit(name: str) -> Effect:
    # What it weighs is another setting's effect.
    return Effect(
        "marts", _FACTOR_LIMITS[name], lambda seen: seen.risk("sn_id", name) > 0, customer="factor_limits"
    )


def _input_date(name: str) -> Effect:
    def seen(computed: Any) -> Any:
        if name in KPIS:
            return computed.value("dated", name, "status")
        return computed.health("dated", f"{name}_contribution")

    return Effect("standard", (None, f"{name}_date__c"), seen, customer=f"dated_{name}")


KPI_EFFECTS: dict[str, Effect] = {
    **{f"{_FACTORS}.{one.name}.weight": _factor_weight(one) for one in factors_in_force("classic")},
    **{f"{_FACTORS}.{name}.limit": _factor_limit(name) for name in _FACTOR_LIMITS},
    f"{_FACTORS}.relationship_risk.limit": Effect(
        "marts", (0.0, 5.0), lambda seen: seen.risk("called", "relationship_risk"), customer="touches",
        beside={"salesforce": {"custom_fields": {"executive_engagement": "Nowhere__c"}}},
    ),
    "salesforce.enabled": Effect(
        "marts", (True, False), lambda seen: seen.value("nps_score", "nps", "status"), customer="no_crm",
    ),
    "servicenow.enabled": Effect(
        "marts", (True, False), lambda seen: seen.value("sn_id", "sla_compliance", "status"),
        customer="no_itsm",
    ),
    "salesforce.formats.date_order": Effect(
        "marts", ("ymd", "dmy"), lambda seen: seen.value("written", "churn_risk", "sample_size"),
        customer="itsm_fields",
    ),
    "salesforce.formats.decimal": Effect(
        "marts", ("point", "comma"), lambda seen: seen.health("written", "crm_health_score"),
        customer="itsm_fields",
    ),
    "servicenow.formats.date_order": Effect(
        "marts", ("ymd", "dmy"), lambda seen: seen.value("written", "first_response_time"),
        customer="crm_fields",
    ),
    "servicenow.formats.decimal": Effect(
        "marts", ("point", "comma"), lambda seen: seen.value("written", "support_satisfaction"),
        customer="crm_fields",
    ),
    "salesforce.schema": _raw("other_crm", "nps_score", "nps"),
    "servicenow.schema": _raw("other_itsm", "sn_id", "support_ticket_volume"),
    **{f"{_CRM}.{field}": _crm_field(field) for field in _DEFAULTS},
    f"{_CRM}.churn_date": Effect(
        "marts", ("Churn_Date__c", "Other_churn_date__c"), lambda seen: seen.left("churn_date"),
        customer="crm_fields",
    ),
    "salesforce.account_types.customer": Effect(
        "marts", (["Customer"], ["Customer", "Prospect"]), lambda seen: "prospect" in seen.accounts(),
        customer="weights",
    ),
    "salesforce.account_types.former": Effect(
        "marts", (["Former"], ["Customer"]), lambda seen: "first" in seen.accounts(), customer="former"
    ),
    f"{_ITSM}.customer_account_id": Effect(
        "marts", ("u_customer_account_id", "other_customer_account_id"),
        lambda seen: seen.value("sn_id", "support_ticket_volume"), customer="itsm_fields",
    ),
    f"{_ITSM}.customer_account_name": Effect(
        "marts", ("u_customer_account_name", "other_customer_account_name"),
        lambda seen: seen.name("sn_only"), customer="itsm_fields",
    ),
    f"{_ITSM}.first_responded_at": Effect(
        "marts", ("u_first_responded_at", "other_first_responded_at"),
        lambda seen: seen.value("sn_first", "first_response_time"), customer="itsm_fields",
    ),
    f"{_ITSM}.satisfaction_rating": Effect(
        "marts", ("u_satisfaction_rating", "other_satisfaction_rating"),
        lambda seen: seen.value("sn_rating", "support_satisfaction"), customer="itsm_fields",
    ),
    "servicenow.table_prefix": Effect(
        "marts", ("u_", "x_"), lambda seen: seen.value("sn_id", "support_ticket_volume"), customer="weights"
    ),
    "servicenow.sla_source": Effect(
        "marts", ("auto", "made_sla"), lambda seen: seen.value("sn_sla", "sla_compliance"), customer="weights"
    ),
    "servicenow.time_basis": Effect(
        "marts", ("calendar", "business"), lambda seen: seen.value("sn_sla", "resolution_time"),
        customer="rules",
    ),
    "servicenow.sla_unit": Effect(
        "marts", ("ticket", "sla"), lambda seen: seen.value("sn_sla", "sla_compliance"), customer="rules"
    ),
    "servicenow.child_incidents": Effect(
        "marts", ("same_account", "exclude"), lambda seen: seen.value("sn_child", "support_ticket_volume"),
        customer="rules",
    ),
    "servicenow.reopened": Effect(
        "marts", ("open_again", "as_resolved"),
        lambda seen: seen.value("sn_reopened", "resolution_time", "status"), customer="rules",
    ),
    "servicenow.link_placeholders": Effect(
        "marts", (["n/a"], []), lambda seen: seen.has("N/A"), customer="rules"
    ),
    **{f"kpi_mappings.{kpi}.enabled": _enabled(kpi) for kpi in KPIS},
    **{f"kpi_mappings.{kpi}.window_days": _window(kpi) for kpi in KPIS if KPIS[kpi].window_days},
    **{f"kpi_mappings.{kpi}.field": _field(kpi) for kpi in FIELD_OF_KPI},
    **{
        f"kpi_mappings.{kpi}.{setting}": _rating(kpi, setting)
        for kpi in ("csat", "support_satisfaction")
        for setting in ("scale", "max_outside")
    },
    "revenue.basis": Effect("marts", ("auto", "contract_terms"), lambda seen: seen.basis(), customer="basis"),
    **{
        f"{_CRM}.{field}": Effect(
            "marts", (f"{field}__c", f"Other_{field}__c"), lambda seen: seen.basis(), customer=f"by_{field}"
        )
        for field in OPPORTUNITY_FIELDS
    },
    "revenue.currency": Effect(
        "marts", ("corporate", "EUR"), lambda seen: seen.value("euro", "revenue_growth", "denominator"),
        customer="money",
    ),
    "revenue.fx": Effect(
        "marts", ("constant", "dated"), lambda seen: seen.value("yen", "revenue_growth"), customer="money"
    ),
    "kpi_mappings.executive_engagement.titles": _engagement(["CEO"], ["Boss"], "called", "titles"),
    "kpi_mappings.executive_engagement.not_titles": _engagement(["former"], ["ceo"], "called", "not_titles"),
    "kpi_mappings.executive_engagement.count_emails": _engagement(False, True, "mailed", "engagement"),
    "kpi_mappings.executive_engagement.planned_days": _engagement(30, None, "planned", "engagement"),
    "kpi_mappings.net_revenue_retention.types.new_business": _types(
        ("New Business", "New Customer"), "first", "Alpha"
    ),
    "kpi_mappings.net_revenue_retention.types.renewal": _types(
        ("Renewal", "Existing Customer - Replacement"), "second", "Beta"
    ),
    "kpi_mappings.net_revenue_retention.types.expansion": _types(
        ("Upsell", "Cross-sell", "Expansion", "Existing Customer - Upgrade", "Existing Business"),
        "third", "Gamma",
    ),
    "health_score.scheme": Effect(
        "marts", ("classic", "standard"), lambda seen: seen.risk("silent", "silence_risk"), customer="scheme"
    ),
    "health_score.weights.relationship": _weight(
        "relationship", 0.4, 0.3, "nps", "csat", "executive_engagement"
    ),
    "health_score.weights.adoption": _weight(
        "adoption", 0.3, 0.25, "adoption_index", "activation", "feature_usage"
    ),
    "health_score.weights.business_outcomes": _weight(
        "business_outcomes", 0.3, 0.2, "revenue_growth", "net_revenue_retention", "churn_risk"
    ),
    "health_score.weights.support": _weight(
        "support", 0.0, 0.25,
        "sla_compliance", "support_satisfaction", "first_response_time", "resolution_time",
    ),
}  # fmt: skip

STANDARD_EFFECTS: dict[str, Effect] = {
    f"{_FACTORS}.silence_risk.weight": Effect(
        "standard", (15, 20), lambda seen: seen.risk("silent", "silence_risk"), customer="silence_weight"
    ),
    f"{_FACTORS}.silence_risk.limit": Effect(
        "standard", (2.0, 3.0), lambda seen: seen.risk("silent", "silence_risk"), customer="silence_limit"
    ),
    **{f"{_CRM}.{name}_date": _input_date(name) for name in DATED_INPUTS},
    "health_score.max_age_days": Effect(
        "standard", ({}, {"nps": 30}), lambda seen: seen.value("aged", "nps", "status"),
        customer="ages", beside={"salesforce": {"custom_fields": {"nps_date": "NPS_Date__c"}}},
    ),
}  # fmt: skip
"""Those that do nothing under the scheme classic."""

LEDGER_EFFECTS: dict[str, Effect] = {
    "revenue.default_term_months": Effect(
        "ledger", (12, 24), lambda seen: seen.line("nps_score1", "end_date"), customer="terms"
    ),
    "revenue.late_renewal_grace_days": Effect(
        "ledger", (60, 0), lambda seen: seen.line("yen1", "until_date"), customer="grace"
    ),
    "revenue.one_off_product_families": Effect(
        "ledger", ([], ["set-up "]), lambda seen: seen.line("nps_score1", "amount"), customer="families"
    ),
    f"{_CRM}.opportunity_renewed_contract": Effect(
        "ledger", ("Renewed__c", "Other_opportunity_renewed_contract__c"),
        lambda seen: seen.line("nps_score0", "ended_by"), customer="renewed",
    ),
}  # fmt: skip
