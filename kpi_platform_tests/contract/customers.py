"""A customer with its raw data, and the four customers of the contract."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kpi_platform.domain.sources import Source
from kpi_platform_tests.contract.dirty_world import DirtyWorld, make_world
from kpi_platform_tests.contract.landing import LandedSchema
from kpi_platform_tests.contract.style import Style, land_world
from kpi_platform_tests.reference.marts import Customer
from kpi_platform_tests.reference.sync_state import is_stale

Document = Mapping[str, Any]
Syncs = Mapping[Source, tuple[datetime | None, datetime | None]]


@dataclass(frozen=True)
class LandedCustomer:
    """One customer: what lands, its settings document without the raw schemas' names, and by source when the
    last syncs succeeded and failed."""

    key: str
    schemas: Mapping[str, LandedSchema]
    settings: Document
    syncs: Syncs = field(default_factory=dict)

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


def four_customers(seed: str) -> list[LandedCustomer]:
    """Class tables with default naming; flat with API naming; one with much
    missing; dirty history mode."""
    return [
        make_customer("classic", seed, CLASS_TABLES),
        make_customer("flat_api", seed, FLAT_API),
        make_customer("incomplete", seed, INCOMPLETE),
        make_customer("dirty_history", seed, DIRTY_HISTORY),
    ]


def make_customer(
    key: str,
    seed: str,
    style: Style,
    settings: Document | None = None,
    *,
    accounts: int = 30,
    incidents: int = 400,
    syncs: Syncs | None = None,
    change: Callable[[DirtyWorld], None] = lambda world: None,
) -> LandedCustomer:
    """A dirty world in `style`, after `change`. `seed` is part of the customer's key."""
    world = make_world(f"{seed} {key}", history=style.history, accounts=accounts, incidents=incidents)
    change(world)
    return LandedCustomer(
        f"{key}_{seed}", land_world(world, style, f"{seed} {key}"), settings or {}, syncs or {}
    )
