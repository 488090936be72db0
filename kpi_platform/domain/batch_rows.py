"""The rows that the dbt models int_customer and int_kpi_setting hold, column by column.

A field with a `Column` is a column of the model: `make reference` writes it into the dbt
project. A setting with an effect in SQL is a field here, and a value in the function below it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from kpi_platform.domain.kpi_gaps import Gap, LandedSources, asset_gap, basis_gap, kpi_gap, may_have_ledger
from kpi_platform.domain.kpis import KPIS, Kpi
from kpi_platform.domain.rating_scales import SCALES
from kpi_platform.domain.settings import CustomerSettings, KpiMapping, RatingMapping
from kpi_platform.domain.settings.revenue import AS_LANDED, CORPORATE
from kpi_platform.domain.sources import Source

_YEAR = 365
Population = Literal["shown", "buyers", "versions", "present"]
"""The accounts that count: those that the dashboard shows; or in a back-test those that had bought something
by as_of, whatever became of them, those that counted by their version of then, or those of today."""

LEDGER_KPIS = ("revenue_growth", "net_revenue_retention", "gross_revenue_retention")
"""The KPIs that are measured from the ledger of recurring revenue."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dbt model: its canonical type, and what it holds."""

    type: Literal["boolean", "float", "integer", "string", "timestamp"]
    description: str


@dataclass(frozen=True, slots=True)
class Member:
    """A customer of a batch: its key, and the numbers of those of the batch's lists that are its own.
    Customers with equal lists share them."""

    customer_id: Annotated[str, Column("string", "The customer's key.")]
    account_type_list: Annotated[
        int, Column("integer", "Which of the batch's lists of account types says which accounts count.")
    ]
    title_list: Annotated[
        int, Column("integer", "Which of the batch's lists of titles says who is an executive.")
    ]
    kpi_profile: int
    """Which of the batch's lists of KPI settings."""
    churn_list: int
    """Which of the batch's lists of churn factors."""
    type_list: int
    """Which of the batch's lists of recurring opportunity types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """The rest of a customer's row of int_customer: what landed, and the settings that are not of one KPI."""

    has_currency: bool
    """Whether amounts have a currency."""
    may_have_ledger: bool
    """Whether another basis than bookings can be in force; rows decide."""

    is_strict: Annotated[
        bool, Column("boolean", "Whether a field of the account counts only if it was known at as_of.")
    ] = False
    population: Annotated[
        Population,
        Column("string", "Which accounts count: shown, or in a back-test buyers, versions, present."),
    ] = "shown"
    has_account_type: Annotated[bool, Column("boolean", "Whether accounts have a type.")]
    count_emails: Annotated[bool, Column("boolean", "Whether e-mails count as engagement.")]
    planned_days: Annotated[
        int | None, Column("integer", "How many days before its date a task may be created; NULL for any.")
    ]
    converts_money: Annotated[bool, Column("boolean", "Whether amounts are converted into one currency.")]
    target_currency: Annotated[
        str | None, Column("string", "The code of that currency; NULL for the corporate one.")
    ]
    uses_dated_rates: Annotated[
        bool, Column("boolean", "Whether an amount is converted at its date, not at as_of.")
    ]
    basis_setting: Annotated[str, Column("string", "auto, or the basis of revenue that the settings name.")]
    default_term_months: Annotated[int, Column("integer", "Months of a line without a term.")]
    grace_days: Annotated[int, Column("integer", "Days around a line's end in which it is renewed.")]
    has_opportunities: Annotated[bool, Column("boolean", "Whether opportunities are synced.")]
    has_asset_periods: Annotated[bool, Column("boolean", "Whether assets and their periods are synced.")]
    has_engagement_field: Annotated[
        bool, Column("boolean", "Whether the field of executive engagement landed.")
    ]
    has_churn_field: Annotated[bool, Column("boolean", "Whether the field of churn risk landed.")]
    sla_setting: Annotated[str, Column("string", "auto, or the SLA source that the settings name.")]
    sla_unit: Annotated[str, Column("string", "What task_sla decides; ticket or sla.")]
    has_task_sla: Annotated[bool, Column("boolean", "Whether task_sla is synced.")]
    has_sla_due: Annotated[bool, Column("boolean", "Whether sla_due landed.")]
    has_made_sla: Annotated[bool, Column("boolean", "Whether made_sla landed.")]
    has_contract_sla: Annotated[bool, Column("boolean", "Whether contract_sla is synced.")]
    has_contract_target: Annotated[
        bool, Column("boolean", "Whether it has a target; a column that is not there restricts nothing.")
    ]
    has_contract_type: Annotated[bool, Column("boolean", "Whether it has a type, likewise.")]
    has_choice_language: Annotated[
        bool, Column("boolean", "Whether sys_choice says in which language a label is.")
    ]
    has_priority: Annotated[bool, Column("boolean", "Whether priority landed.")]
    has_escalation: Annotated[bool, Column("boolean", "Whether escalation landed.")]
    child_incidents: Annotated[
        str, Column("string", "Which children do not count; exclude, same_account or include.")
    ]
    reopened: Annotated[str, Column("string", "open_again or as_resolved.")]
    has_reopening: Annotated[
        bool,
        Column("boolean", "Whether reopen_count landed, or reopened_time if reopened is open_again."),
    ]
    time_setting: Annotated[
        str,
        Column(
            "string",
            "auto, or the basis of resolution_time that the settings name; calendar, business or sla.",
        ),
    ]
    has_business_time: Annotated[bool, Column("boolean", "Whether business_stc landed and may be the basis.")]
    has_sla_time: Annotated[
        bool, Column("boolean", "Whether the business_duration of task_sla landed and may be the basis.")
    ]
    has_reassignment_count: Annotated[bool, Column("boolean", "Whether reassignment_count landed.")]
    health_scheme: Annotated[
        str, Column("string", "Scheme of the health score and the churn risk; classic or standard.")
    ]
    relationship_weight: Annotated[float, Column("float", "Weight of the category in the health score.")]
    adoption_weight: Annotated[float, Column("float", "Likewise.")]
    business_outcomes_weight: Annotated[float, Column("float", "Likewise.")]
    support_weight: Annotated[float, Column("float", "Likewise.")]


def customer_facts(
    settings: CustomerSettings,
    landed: LandedSources,
    *,
    strict: bool = False,
    population: Population = "shown",
) -> CustomerFacts:
    """Returns what int_customer holds of a customer. `target_currency` is None for the corporate one."""
    salesforce, servicenow = landed["salesforce"], landed["servicenow"]
    rules, weights = settings.servicenow, settings.health_score.weights
    engagement, revenue = settings.kpi_mappings.executive_engagement, settings.revenue
    currency = revenue.currency
    bases = ("business", "sla") if rules.time_basis == "auto" else (rules.time_basis,)
    reopened_by_time = rules.reopened == "open_again" and servicenow.has_incident_column("reopened_time")
    return CustomerFacts(
        has_currency=salesforce.has_column("opportunity.currency_iso_code", "account.currency_iso_code"),
        is_strict=strict,
        population=population,
        has_account_type=salesforce.has_column("account.type"),
        count_emails=engagement.count_emails,
        planned_days=engagement.planned_days,
        converts_money=currency != AS_LANDED,
        target_currency=None if currency in (AS_LANDED, CORPORATE) else currency,
        uses_dated_rates=revenue.fx == "dated",
        may_have_ledger=may_have_ledger(revenue.basis, salesforce),
        basis_setting=revenue.basis,
        default_term_months=revenue.default_term_months,
        grace_days=revenue.late_renewal_grace_days,
        has_opportunities=salesforce.has_table("opportunity"),
        has_asset_periods=not asset_gap(salesforce),
        has_engagement_field=salesforce.has_column("account.executive_engagement"),
        has_churn_field=salesforce.has_column("account.churn_risk"),
        sla_setting=rules.sla_source,
        sla_unit=rules.sla_unit,
        has_task_sla=servicenow.has_table("task_sla"),
        has_sla_due=servicenow.has_incident_column("sla_due"),
        has_made_sla=servicenow.has_incident_column("made_sla"),
        has_contract_sla=servicenow.has_table("contract_sla"),
        has_contract_target=servicenow.has_column("contract_sla.target"),
        has_contract_type=servicenow.has_column("contract_sla.type"),
        has_choice_language=servicenow.has_column("sys_choice.language"),
        has_priority=servicenow.has_incident_column("priority"),
        has_escalation=servicenow.has_incident_column("escalation"),
        child_incidents=rules.child_incidents,
        reopened=rules.reopened,
        has_reopening=servicenow.has_incident_column("reopen_count") or reopened_by_time,
        time_setting=rules.time_basis,
        has_business_time="business" in bases and not basis_gap("business", servicenow),
        has_sla_time="sla" in bases and not basis_gap("sla", servicenow),
        has_reassignment_count=servicenow.has_incident_column("reassignment_count"),
        health_scheme=settings.health_score.scheme,
        relationship_weight=weights.relationship,
        adoption_weight=weights.adoption,
        business_outcomes_weight=weights.business_outcomes,
        support_weight=weights.support,
    )


@dataclass(frozen=True, slots=True)
class KpiSetting:
    """One KPI of a customer: its row of int_kpi_setting. Times are UTC without zone."""

    kpi: Annotated[str, Column("string", "Slug.")]
    source: Annotated[Source, Column("string", "salesforce or servicenow.")]
    scale: Annotated[float, Column("float", "What numerator / denominator is multiplied by.")]
    minimum: Annotated[float | None, Column("float", "Least value in range; NULL for none.")]
    maximum: Annotated[float | None, Column("float", "Greatest value in range; NULL for none.")]
    prior_window_start: Annotated[
        str | None,
        Column("timestamp", "Start of the window of the same length one year (365 days) earlier."),
    ]
    prior_window_end: Annotated[str | None, Column("timestamp", "End of it.")]
    window_start: Annotated[
        str | None, Column("timestamp", "Start of the window; NULL for the latest value.")
    ]
    ledger_window_start: Annotated[
        str | None, Column("timestamp", "Start of the window of the same length right before it.")
    ]
    window_end: Annotated[str, Column("timestamp", "as_of.")]
    gap: Annotated[Gap | None, Column("string", "disabled, not_synced, not_mapped, or NULL.")]
    gap_by_assets: Annotated[
        Gap | None, Column("string", "The same if revenue is measured from periods of assets.")
    ]
    is_stale: Annotated[bool, Column("boolean", "Whether the sync of its source is stale.")]
    lowest_rating: Annotated[
        int | None,
        Column(
            "integer",
            "Least rating of the scale that is mapped to 1 to 5; NULL for KPIs that are no mean of ratings.",
        ),
    ] = None
    highest_rating: Annotated[int | None, Column("integer", "Greatest rating of it, likewise.")] = None
    max_outside: Annotated[
        float | None,
        Column("float", "Share of ratings outside the scale beyond which there is no value, likewise."),
    ] = None


def kpi_settings(
    settings: CustomerSettings, landed: LandedSources, stale: Mapping[Source, bool], as_of: datetime
) -> tuple[KpiSetting, ...]:
    """Returns what int_kpi_setting holds of a customer, in the order of the catalogue. `stale` says of each
    source whether its last sync is too old."""
    return tuple(
        _kpi_setting(kpi, settings.kpi_mappings[kpi.slug], _gaps(kpi, settings, landed), stale, as_of)
        for kpi in KPIS.values()
    )


def _kpi_setting(
    kpi: Kpi,
    mapping: KpiMapping,
    gaps: tuple[Gap | None, Gap | None],
    stale: Mapping[Source, bool],
    as_of: datetime,
) -> KpiSetting:
    gap, gap_by_assets = gaps
    days = mapping.window_days
    return KpiSetting(
        kpi=kpi.slug,
        source=kpi.source,
        scale=kpi.factor(days),
        minimum=kpi.minimum,
        maximum=kpi.maximum,
        prior_window_start=before(as_of, _YEAR + days) if days else None,
        prior_window_end=before(as_of, _YEAR) if days else None,
        window_start=before(as_of, days) if days else None,
        ledger_window_start=before(as_of, 2 * days) if days else None,
        window_end=before(as_of, 0),
        gap=gap if mapping.enabled else "disabled",
        gap_by_assets=gap_by_assets if mapping.enabled else "disabled",
        is_stale=stale[kpi.source],
        **_rating_scale(mapping),
    )


def _rating_scale(mapping: KpiMapping) -> dict[str, Any]:
    if not isinstance(mapping, RatingMapping):
        return {}
    bounds = SCALES[mapping.scale]
    return {
        "lowest_rating": bounds.lowest,
        "highest_rating": bounds.highest,
        "max_outside": mapping.max_outside,
    }


def _gaps(kpi: Kpi, settings: CustomerSettings, landed: LandedSources) -> tuple[Gap | None, Gap | None]:
    """The gap, and the one if revenue is measured from periods of assets."""
    gap = _gap(kpi, settings, landed)
    return gap, asset_gap(landed["salesforce"]) if kpi.slug in LEDGER_KPIS else gap


def _gap(kpi: Kpi, settings: CustomerSettings, landed: LandedSources) -> Gap | None:
    gap = kpi_gap(kpi.source, kpi.needs, landed)
    if kpi.slug == "resolution_time" and gap != "not_synced":
        return basis_gap(settings.servicenow.time_basis, landed["servicenow"]) or gap
    return gap


def before(as_of: datetime, days: int) -> str:
    """Returns the instant in the form in which every database reads a UTC timestamp without zone."""
    return (as_of - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S.%f")
