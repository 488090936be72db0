"""The input of the KPI build about its customers (docs/decisions/0001): settings, landed tables, sync
state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from kpi_platform.domain.batch_rows import (
    CustomerFacts,
    KpiSetting,
    Member,
    Population,
    before,
    customer_facts,
    kpi_settings,
)
from kpi_platform.domain.churn_rules import ChurnRule, churn_rules
from kpi_platform.domain.custom_kpi_columns import custom_kpi_var
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.input_ages import AgeLimit, age_limits
from kpi_platform.domain.known_then import RecordedValues
from kpi_platform.domain.kpi_gaps import Landed, row_gap
from kpi_platform.domain.landed import ABSENT, SWITCHED_OFF, LandedTable, find_schema, find_table
from kpi_platform.domain.rating_scales import SCALES
from kpi_platform.domain.salesforce_rules import (
    RecurringType,
    TitleList,
    one_off_families,
    recurring_types,
    title_list,
)
from kpi_platform.domain.settings import AccountTypes, CustomerSettings
from kpi_platform.domain.sources import SOURCE_SYSTEMS, SOURCE_TABLES, SOURCES, Source
from kpi_platform.domain.sync_ends import SyncEnds

Catalogue = Mapping[str, Mapping[str, Mapping[str, str]]]
"""schema → table → column → type."""

Tables = Mapping[Source, Mapping[str, LandedTable]]
"""The tables of the enabled sources by name."""


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
    facts: CustomerFacts
    kpi_settings: tuple[KpiSetting, ...]
    churn_rules: tuple[ChurnRule, ...]
    age_limits: tuple[AgeLimit, ...]
    recurring_types: tuple[RecurringType, ...]
    account_types: AccountTypes
    titles: TitleList
    custom_kpis: Sequence[Mapping[str, Any]]
    account_links: tuple[AccountLink, ...] = ()
    one_off_families: tuple[str, ...] = ()
    recorded: RecordedValues | None = None


def landed_tables(customer: str, settings: CustomerSettings, catalogue: Catalogue) -> Tables:
    """Returns every table of the customer's enabled sources. NotFound if an enabled source has no schema in
    the catalogue, or a schema with none of its tables: it was never synced. Tables that are switched off are
    not missing, even if no other is left: their KPIs are not synced."""
    return {
        source: source_tables(customer, source, settings, catalogue)
        for source in SOURCES
        if settings.source(source).enabled
    }


def plan_customer(
    customer: str,
    settings: CustomerSettings,
    tables: Tables,
    sync_states: Mapping[Source, SyncEnds],
    as_of: datetime,
    account_links: tuple[AccountLink, ...] = (),
    *,
    strict: bool = False,
    recorded: RecordedValues | None = None,
    population: Population = "shown",
) -> CustomerPlan:
    """Plans dbt's input about the customer. It holds no secret: only what the KPIs are computed from.
    `strict`: a field of the account counts only if it was known at `as_of`; `recorded` values say so, too."""
    landed = {source: Landed(tables.get(source, {}), _fields(source, settings)) for source in SOURCES}
    placeholders = {source: list(settings.source(source).blank_links) for source in SOURCES}
    stale = {source: _is_stale(source, settings, sync_states.get(source), as_of) for source in SOURCES}
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
        facts=customer_facts(settings, landed, strict=strict, population=population),
        kpi_settings=kpi_settings(settings, landed, stale, as_of),
        churn_rules=churn_rules(settings, as_of),
        age_limits=age_limits(settings, landed, as_of),
        recurring_types=recurring_types(settings),
        account_types=settings.salesforce.account_types,
        titles=title_list(settings),
        custom_kpis=[
            _custom_kpi(custom_kpi_var(kpi, tables), row_gap(kpi.source, kpi.table, landed), stale, as_of)
            for kpi in settings.custom_kpis
        ],
        account_links=account_links,
        one_off_families=one_off_families(settings),
        recorded=recorded if strict else None,
    )


def batch_vars(plans: Iterable[CustomerPlan], as_of: datetime) -> dict[str, Any]:
    """Returns the dbt vars of the customers (docs/decisions/0001). Most customers share their KPI settings
    and lists of types, and SQL with thousands of rows is slow to plan: they go by number."""
    plans = list(plans)
    profiles: dict[tuple[KpiSetting, ...], int] = {}
    factors: dict[tuple[ChurnRule, ...], int] = {}
    lists: dict[tuple[RecurringType, ...], int] = {}
    account_types: dict[AccountTypes, int] = {}
    titles: dict[TitleList, int] = {}
    customers, links, families, ages = [], [], [], []
    for plan in plans:
        families += [{"customer_id": plan.key, "family": one} for one in plan.one_off_families]
        ages += [{"customer_id": plan.key, **asdict(limit)} for limit in plan.age_limits]
        links += [{"customer_id": plan.key, **asdict(link)} for link in plan.account_links]
        profile = profiles.setdefault(plan.kpi_settings, len(profiles))
        type_list = lists.setdefault(plan.recurring_types, len(lists))
        counting = account_types.setdefault(plan.account_types, len(account_types))
        member = Member(
            customer_id=plan.key,
            account_type_list=counting,
            title_list=titles.setdefault(plan.titles, len(titles)),
            kpi_profile=profile,
            churn_list=factors.setdefault(plan.churn_rules, len(factors)),
            type_list=type_list,
        )
        facts = asdict(member) | asdict(plan.facts)
        customers.append(
            {
                "key": plan.key,
                "facts": facts,
                "sources": plan.sources,
                "custom_kpis": plan.custom_kpis,
                **({"recorded": plan.recorded.var()} if plan.recorded else {}),
            }
        )
    return {
        "as_of": as_of.isoformat(),
        "customers": customers,
        "kpi_settings": [
            {"kpi_profile": number, **asdict(each)} for one, number in profiles.items() for each in one
        ],
        "churn_rules": [
            {"churn_list": number, **asdict(each)} for one, number in factors.items() for each in one
        ],
        "age_limits": ages,
        "recurring_types": [
            {"type_list": number, **asdict(each)} for one, number in lists.items() for each in one
        ],
        "account_types": [one.var() for one in account_types],
        "title_lists": [asdict(one) for one in titles],
        "has_currencies": any(
            plan.facts.has_currency or plan.facts.target_currency is not None for plan in plans
        ),
        "has_ledger": any(plan.facts.may_have_ledger for plan in plans),
        "one_off_families": families,
        "rating_scales": [{"name": str(one), **asdict(one)} for one in SCALES.values()],
        "account_links": links,
    }


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
            "window_start": before(as_of, days) if days else None,
            "window_end": before(as_of, 0),
            "gap": gap if is_ready else var["status"],
            "is_stale": stale[var["source"]],
        }
    }


def _fields(source: Source, settings: CustomerSettings) -> dict[str, str]:
    return {field: settings.mapped_field(source, field) for field in settings.source(source).fields}


def _is_stale(
    source: Source, settings: CustomerSettings, sync_state: SyncEnds | None, as_of: datetime
) -> bool:
    frequency = timedelta(minutes=settings.frequency(source))
    return sync_state is not None and sync_state.is_stale(frequency, as_of)


def source_tables(
    customer: str, source: Source, settings: CustomerSettings, catalogue: Catalogue
) -> dict[str, LandedTable]:
    """Returns every table of one source. Raises NotFound as `landed_tables`."""
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
