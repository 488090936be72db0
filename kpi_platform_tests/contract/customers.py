"""The four customers of the contract, and others with settings of every kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kpi_platform.domain.kpis import Source
from kpi_platform_tests.contract.dirty_world import AS_OFS, make_world
from kpi_platform_tests.contract.landing import LandedSchema
from kpi_platform_tests.contract.style import Style, land_world
from kpi_platform_tests.reference.marts import Customer
from kpi_platform_tests.reference.sync_state import is_stale

Document = Mapping[str, Any]


@dataclass(frozen=True)
class LandedCustomer:
    """One customer: what lands, its settings document without the raw schemas' names, and by source when the
    last syncs succeeded and failed."""

    key: str
    schemas: Mapping[str, LandedSchema]
    settings: Document
    syncs: Mapping[Source, tuple[datetime | None, datetime | None]] = field(default_factory=dict)

    def schema_name(self, source: str) -> str:
        return f"{self.key}_{source}"

    @property
    def document(self) -> dict[str, Any]:
        """The settings document with this customer's own raw schemas."""
        return {
            **self.settings,
            **{
                source: {**self.settings.get(source, {}), "schema": self.schema_name(source)}
                for source in ("salesforce", "servicenow")
            },
        }

    def as_reference(self, as_of: datetime) -> Customer:
        """The customer as the reference is told of it."""
        stale = frozenset(
            source
            for source, (succeeded, failed) in self.syncs.items()
            if is_stale(succeeded, failed, _frequency(self.settings, source), as_of)
        )
        raw = {
            source: {name: table.raw() for name, table in tables.items()}
            for source, tables in self.schemas.items()
        }
        return Customer(self.key, raw, self.settings, stale)


def _frequency(settings: Document, source: Source) -> timedelta:
    default = {"salesforce": 360, "servicenow": 180}[source]
    return timedelta(minutes=settings.get(source, {}).get("sync_frequency_minutes", default))


CLASS_TABLES = Style(layout="class", naming="fivetran", times="plain")
FLAT_API = Style(
    layout="flat",
    naming="api",
    times="zoned",
    labels=True,
    absent=frozenset({"contract_sla", "incident._fivetran_deleted", "account._fivetran_deleted"}),
    fields={"customer_account_id": "u_customer_account_id_value"},
)
INCOMPLETE = Style(
    layout="class",
    times="plain",
    absent=frozenset(
        {
            "contact", "user", "event", "task_sla", "contract_sla", "core_company", "account.type",
            "account.adoption_score", "account.executive_engagement", "account.churn_risk",
            "account.is_deleted", "case.satisfaction_rating", "opportunity.type",
            "incident.first_responded_at", "task.escalation", "task.sla_due",
            "incident.reopen_count", "account.industry",
        }
    ),
)  # fmt: skip
DIRTY_HISTORY = Style(
    layout="flat",
    times="text",
    as_text=True,
    labels=True,
    history=True,
    absent=frozenset({"account.is_deleted"}),
)

_CHANGED_SETTINGS: Document = {
    "salesforce": {"custom_fields": {"nps_score": "Satisfaction_Index__c"}, "sync_objects": {"cases": False}},
    "servicenow": {"sla_source": "sla_due", "table_prefix": "x_acme_"},
    "kpi_mappings": {
        "adoption_index": {"field": "Usage_Points__c"},
        "executive_engagement": {"window_days": 90},
        "support_ticket_volume": {"window_days": 7},
        "sla_compliance": {"window_days": 90},
        "resolution_time": {"enabled": False},
        "revenue_growth": {"window_days": 90},
        "net_revenue_retention": {
            "window_days": 700,
            "types": {"new_business": ["Services"], "renewal": ["renewal"], "expansion": ["Renewal;UPSELL"]},
        },
    },
    "health_score": {
        "weights": {"relationship": 0.25, "adoption": 0.25, "business_outcomes": 0, "support": 0.5}
    },
}
_SWITCHED_OFF: Document = {
    "salesforce": {"sync_objects": {"contacts": False, "opportunities": False}},
    "servicenow": {"sla_source": "made_sla"},
    "kpi_mappings": {
        "nps": {"enabled": False},
        "support_ticket_volume": {"enabled": False},
        "churn_risk": {"enabled": False},
    },
}


def four_customers(seed: str) -> list[LandedCustomer]:
    """`seed` is part of their keys. Class tables with default naming; flat with API naming; one with much
    missing; dirty history mode."""
    return [
        _customer("classic", CLASS_TABLES, {}, seed),
        _customer("flat_api", FLAT_API, {}, seed),
        _customer("incomplete", INCOMPLETE, {}, seed),
        _customer("dirty_history", DIRTY_HISTORY, {}, seed),
    ]


def customers_with_other_settings(seed: str) -> list[LandedCustomer]:
    """Changed windows, fields, weights, lists and SLA source; disabled KPIs; tables and sources switched
    off."""
    renamed = Style(
        fields={
            "nps_score": "satisfaction_index_c",
            "adoption_score": "usage_points_c",
            "first_responded_at": "x_acme_first_responded_at",
            "customer_account_id": "x_acme_customer_account_id",
            "customer_account_name": "x_acme_customer_account_name",
        }
    )
    return [
        _customer("changed", renamed, _CHANGED_SETTINGS, seed),
        *_late_syncs(seed),
        _customer("switched_off", CLASS_TABLES, _SWITCHED_OFF, seed),
        _customer("no_accounts", CLASS_TABLES, {"salesforce": {"sync_objects": {"accounts": False}}}, seed),
        _customer("no_salesforce", FLAT_API, {"salesforce": {"enabled": False}}, seed),
        _customer("no_servicenow", CLASS_TABLES, {"servicenow": {"enabled": False}}, seed),
        _customer("no_tasks", CLASS_TABLES, {"servicenow": {"sync_tables": {"tasks": False}}}, seed),
        _customer("no_sla_table", INCOMPLETE, {"servicenow": {"sla_source": "task_sla"}}, seed),
    ]


def _late_syncs(seed: str) -> list[LandedCustomer]:
    """A sync exactly two frequencies ago and one a microsecond longer ago; a failure after and before a
    success; a source that never succeeded."""
    twice = timedelta(minutes=720)
    a_little = timedelta(microseconds=1)
    now = AS_OFS[0]
    syncs: list[Mapping[Source, tuple[datetime | None, datetime | None]]] = [
        {"salesforce": (now - twice, None), "servicenow": (now - timedelta(minutes=360) - a_little, None)},
        {"salesforce": (now - twice - a_little, None), "servicenow": (now - timedelta(minutes=360), None)},
        {
            "salesforce": (now - timedelta(hours=2), now - timedelta(hours=1)),
            "servicenow": (now - timedelta(hours=1), now - timedelta(hours=2)),
        },
        {"salesforce": (None, now - timedelta(hours=1)), "servicenow": (None, None)},
    ]
    settings: Document = {"salesforce": {"sync_frequency_minutes": 360}}
    return [
        _customer(f"late{number}", CLASS_TABLES, settings, seed, accounts=6, incidents=40, syncs=states)
        for number, states in enumerate(syncs)
    ]


def _customer(
    key: str,
    style: Style,
    settings: Document,
    seed: str,
    *,
    accounts: int = 30,
    incidents: int = 400,
    syncs: Mapping[Source, tuple[datetime | None, datetime | None]] | None = None,
) -> LandedCustomer:
    world = make_world(f"{seed} {key}", history=style.history, accounts=accounts, incidents=incidents)
    schemas = land_world(world, style, f"{seed} {key}")
    return LandedCustomer(f"{key}_{seed}", schemas, settings, syncs or {})
