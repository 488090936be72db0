# Long: one plan, and the vars of all plans.
"""The input of the KPI build about its customers (docs/decisions/0001): settings, landed tables, sync
state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from kpi_platform.domain.custom_kpi_columns import custom_kpi_var
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.incident_rules import incident_rules
from kpi_platform.domain.kpi_gaps import (
    Gap,
    Landed,
    LandedSources,
    basis_gap,
    kpi_gap,
    presence,
    row_gap,
)
from kpi_platform.domain.kpis import KPIS, Kpi
from kpi_platform.domain.landed import ABSENT, SWITCHED_OFF, LandedTable, find_schema, find_table
from kpi_platform.domain.rating_scales import SCALES
from kpi_platform.domain.salesforce_rules import (
    RecurringType,
    TitleList,
    recurring_types,
    salesforce_facts,
    title_list,
)
from kpi_platform.domain.settings import (
    AccountTypes,
    CustomerSettings,
    KpiMapping,
    RatingMapping,
)
from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCE_TABLES, SOURCES, Source

Catalogue = Mapping[str, Mapping[str, Mapping[str, str]]]
"""schema → table → column → type."""

Tables = Mapping[Source, Mapping[str, LandedTable]]
"""The tables of the enabled sources by name."""

_YEAR = 365


@dataclass(frozen=True, slots=True)
class SyncState:
    """When the last syncs of a source ended; None for never."""

    succeeded_at: datetime | None = None
    failed_at: datetime | None = None

    def is_stale(self, frequency: timedelta, as_of: datetime) -> bool:
        """Whether the source's data is old at `as_of`: its last sync failed, or its last success is longer
        ago than twice the sync frequency. A success after `as_of` holds all that happened before it."""
        if self.succeeded_at is None:
            return self.failed_at is not None
        if self.succeeded_at >= as_of:
            return False
        failed = self.failed_at is not None and self.failed_at > self.succeeded_at
        return failed or as_of - self.succeeded_at > 2 * frequency


@dataclass(frozen=True, slots=True)
class KpiSetting:
    """One KPI of a customer: its row of the dbt model int_kpi_setting. Times are UTC without zone. The last
    three are None for KPIs that are no mean of ratings."""

    kpi: str
    source: Source
    scale: int
    minimum: float | None
    maximum: float | None
    prior_window_start: str | None
    prior_window_end: str | None
    window_start: str | None
    window_end: str
    gap: Gap | None
    is_stale: bool
    lowest_rating: int | None = None
    highest_rating: int | None = None
    max_outside: float | None = None


@dataclass(frozen=True, slots=True)
class AccountLink:
    """Incidents that name `linked_id`, which Salesforce does not hold, belong to Salesforce's `account_id`:
    people said that both are the same. A row of the dbt model int_account_link."""

    linked_id: str
    account_id: str


@dataclass(frozen=True, slots=True)
class CustomerPlan:
    """The input of dbt for one customer. `sources` is what the staging models read; `facts` is the
    customer's row of the dbt model int_customer."""

    key: str
    sources: Mapping[Source, Mapping[str, Any]]
    facts: Mapping[str, Any]
    kpi_settings: tuple[KpiSetting, ...]
    recurring_types: tuple[RecurringType, ...]
    account_types: AccountTypes
    titles: TitleList
    custom_kpis: Sequence[Mapping[str, Any]]
    account_links: tuple[AccountLink, ...] = ()


def landed_tables(customer: str, settings: CustomerSettings, catalogue: Catalogue) -> Tables:
    """Returns every table of the customer's enabled sources. NotFound if an enabled source has no schema in
    the catalogue, or a schema with none of its tables: it was never synced. Tables that are switched off are
    not missing, even if no other is left: their KPIs are not synced."""
    return {
        source: _source_tables(customer, source, settings, catalogue)
        for source in SOURCES
        if settings.source(source).enabled
    }


def plan_customer(
    customer: str,
    settings: CustomerSettings,
    tables: Tables,
    sync_states: Mapping[Source, SyncState],
    as_of: datetime,
    account_links: tuple[AccountLink, ...] = (),
) -> CustomerPlan:
    """Plans dbt's input about the customer. It holds no secret: only what the KPIs are computed from."""
    landed = {source: Landed(tables.get(source, {}), _fields(source, settings)) for source in SOURCES}
    placeholders = {source: list(settings.source(source).blank_links) for source in SOURCES}
    stale = {source: _is_stale(source, settings, sync_states.get(source), as_of) for source in SOURCES}
    weights = settings.health_score.weights
    return CustomerPlan(
        customer,
        sources={
            source: {
                "enabled": settings.source(source).enabled,
                "key": SOURCE_SYSTEMS[source].key,
                "key_length": SOURCE_SYSTEMS[source].key_length,
                "fields": dict(landed[source].fields),
                "link_placeholders": placeholders[source],
                "tables": {
                    table.name: landed[source]
                    .tables.get(table.name, ABSENT)
                    .var(
                        landed[source].fields,
                        settings.source(source).formats.model_dump(),
                        placeholders[source],
                    )
                    for table in SOURCE_TABLES[source]
                },
            }
            for source in SOURCES
        },
        facts=presence(landed)
        | incident_rules(settings.servicenow, landed["servicenow"])
        | salesforce_facts(settings)
        | {f"{category}_weight": weight for category, weight in weights.model_dump().items()},
        kpi_settings=_kpi_settings(settings, landed, stale, as_of),
        recurring_types=recurring_types(settings),
        account_types=settings.salesforce.account_types,
        titles=title_list(settings),
        custom_kpis=[
            _custom_kpi(custom_kpi_var(kpi, tables), row_gap(kpi.source, kpi.table, landed), stale, as_of)
            for kpi in settings.custom_kpis
        ],
        account_links=account_links,
    )


def batch_vars(plans: Iterable[CustomerPlan], as_of: datetime) -> dict[str, Any]:
    """Returns the dbt vars of the customers (docs/decisions/0001). Most customers share their KPI settings
    and lists of types, and SQL with thousands of rows is slow to plan: they go by number."""
    plans = list(plans)
    profiles: dict[tuple[KpiSetting, ...], int] = {}
    lists: dict[tuple[RecurringType, ...], int] = {}
    account_types: dict[AccountTypes, int] = {}
    titles: dict[TitleList, int] = {}
    customers, links = [], []
    for plan in plans:
        links += [{"customer_id": plan.key, **asdict(link)} for link in plan.account_links]
        profile = profiles.setdefault(plan.kpi_settings, len(profiles))
        type_list = lists.setdefault(plan.recurring_types, len(lists))
        counting = account_types.setdefault(plan.account_types, len(account_types))
        facts = {
            "customer_id": plan.key,
            **plan.facts,
            "kpi_profile": profile,
            "type_list": type_list,
            "account_type_list": counting,
            "title_list": titles.setdefault(plan.titles, len(titles)),
        }
        customers.append(
            {"key": plan.key, "facts": facts, "sources": plan.sources, "custom_kpis": plan.custom_kpis}
        )
    return {
        "as_of": as_of.isoformat(),
        "customers": customers,
        "kpi_settings": [
            {"kpi_profile": number, **asdict(each)} for one, number in profiles.items() for each in one
        ],
        "recurring_types": [
            {"type_list": number, **asdict(each)} for one, number in lists.items() for each in one
        ],
        "account_types": [one.var() for one in account_types],
        "title_lists": [asdict(one) for one in titles],
        "has_currencies": any(
            plan.facts["has_currency"] or plan.facts["target_currency"] is not None for plan in plans
        ),
        "rating_scales": [{"name": str(one), **asdict(one)} for one in SCALES.values()],
        "account_links": links,
    }


def _kpi_settings(
    settings: CustomerSettings, landed: LandedSources, stale: Mapping[Source, bool], as_of: datetime
) -> tuple[KpiSetting, ...]:
    found = []
    for kpi in KPIS.values():
        mapping = settings.kpi_mappings[kpi.slug]
        days = mapping.window_days
        found.append(
            KpiSetting(
                kpi=kpi.slug,
                source=kpi.source,
                scale=kpi.scale,
                minimum=kpi.minimum,
                maximum=kpi.maximum,
                prior_window_start=_before(as_of, _YEAR + days) if days else None,
                prior_window_end=_before(as_of, _YEAR) if days else None,
                window_start=_before(as_of, days) if days else None,
                window_end=_before(as_of, 0),
                gap=_gap(kpi, settings, landed) if mapping.enabled else "disabled",
                is_stale=stale[kpi.source],
                **_rating_scale(mapping),
            )
        )
    return tuple(found)


def _rating_scale(mapping: KpiMapping) -> dict[str, Any]:
    if not isinstance(mapping, RatingMapping):
        return {}
    bounds = SCALES[mapping.scale]
    return {
        "lowest_rating": bounds.lowest,
        "highest_rating": bounds.highest,
        "max_outside": mapping.max_outside,
    }


def _gap(kpi: Kpi, settings: CustomerSettings, landed: LandedSources) -> Gap | None:
    gap = kpi_gap(kpi.source, kpi.needs, landed)
    if kpi.slug == "resolution_time" and gap != "not_synced":
        return basis_gap(settings.servicenow.time_basis, landed["servicenow"]) or gap
    return gap


def _custom_kpi(
    var: dict[str, Any], gap: str | None, stale: Mapping[Source, bool], as_of: datetime
) -> dict[str, Any]:
    """The definition, with its row of the dbt model int_custom_setting as `setting`."""
    is_ready = var["status"] == "ready"
    is_ratio = var["aggregate"] == "ratio"
    days = var["window_days"]
    return var | {
        "setting": {
            "kpi": var["slug"],
            "source": var["source"],
            "numerator_aggregate": var["numerator"]["aggregate"]
            if is_ratio and is_ready
            else var["aggregate"],
            "denominator_aggregate": var["denominator"]["aggregate"] if is_ratio and is_ready else None,
            "scale": 100 if is_ratio and var["unit"] == "percent" else 1,
            "window_start": _before(as_of, days) if days else None,
            "window_end": _before(as_of, 0),
            "gap": gap if is_ready else var["status"],
            "is_stale": stale[var["source"]],
        }
    }


def _fields(source: Source, settings: CustomerSettings) -> dict[str, str]:
    return {field: settings.mapped_field(source, field) for field in settings.source(source).fields}


def _is_stale(
    source: Source, settings: CustomerSettings, sync_state: SyncState | None, as_of: datetime
) -> bool:
    frequency = timedelta(minutes=settings.frequency(source))
    return sync_state is not None and sync_state.is_stale(frequency, as_of)


def _before(as_of: datetime, days: int) -> str:
    """The instant in the form in which every database reads a UTC timestamp without zone."""
    return (as_of - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S.%f")


def _source_tables(
    customer: str, source: Source, settings: CustomerSettings, catalogue: Catalogue
) -> dict[str, LandedTable]:
    section = settings.source(source)
    configured = settings.source(source).schema_
    schema = find_schema(catalogue, configured)
    landed = catalogue[schema] if schema is not None else {}
    mapped = [settings.mapped_field(source, field) for field in section.fields]
    mapped += [name for kpi in settings.custom_kpis if kpi.source == source for name in kpi.fields()]
    found = {
        table: find_table(table, schema or configured, landed, mapped=mapped)
        for table in SOURCE_TABLES[source]
    }
    if all(table is ABSENT for table in found.values()):
        raise NotFound(
            f"Customer {customer} has {source} enabled, but its schema {configured} "
            + ("has none of its tables." if landed else "does not exist in the destination, or is empty."),
            next_step=f"Run the first sync of its {source} connection, correct {source}.schema in its "
            f"settings, or set {source}.enabled to false.",
            details={"customer": customer, "source": source, "schema": configured},
        )
    return {
        table.name: one if table.switch is None or section.switches[table.switch] else SWITCHED_OFF
        for table, one in found.items()
    }
