"""One customer as the KPI build is told of it (docs/decisions/0001): settings, landed tables, sync state."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kpi_platform.domain.custom_kpi_columns import custom_kpi_var
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.kpis import Source
from kpi_platform.domain.landed import LandedTable, find_schema, find_table
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCE_TABLES, SOURCES

Catalogue = Mapping[str, Mapping[str, Mapping[str, str]]]
"""schema → table → column → type."""

Tables = Mapping[Source, Mapping[str, LandedTable]]
"""The tables of the enabled sources by name."""


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


def raw_schema(settings: CustomerSettings, source: Source) -> str:
    """The schema that the settings name for what Fivetran lands from `source`."""
    return settings.salesforce.schema_ if source == "salesforce" else settings.servicenow.schema_


def landed_tables(customer: str, settings: CustomerSettings, catalogue: Catalogue) -> Tables:
    """Every table of the customer's enabled sources. NotFound where an enabled source has no schema in the
    catalogue, or a schema with none of its tables: then there is nothing to compute from."""
    return {
        source: _source_tables(customer, source, settings, catalogue)
        for source in SOURCES
        if settings.source(source).enabled
    }


def customer_var(
    customer: str,
    settings: CustomerSettings,
    tables: Tables,
    sync_states: Mapping[Source, SyncState],
    as_of: datetime,
) -> dict[str, Any]:
    """The customer as dbt is told of it. Holds no secret: only what the KPIs are computed from."""
    sources = {
        source: _source_var(source, settings, tables.get(source, {}), sync_states.get(source), as_of)
        for source in SOURCES
    }
    return {
        "key": customer,
        "layout": _layout(sources),
        "sources": sources,
        "sla_source": settings.servicenow.sla_source,
        "kpis": {
            slug: {"enabled": mapping.enabled, "window_days": mapping.window_days}
            for slug, mapping in settings.kpi_mappings.items()
        },
        "nrr_types": settings.kpi_mappings.net_revenue_retention.types.model_dump(mode="json"),
        "health_weights": settings.health_score.weights.model_dump(mode="json"),
        "custom_kpis": [custom_kpi_var(kpi, tables) for kpi in settings.custom_kpis],
    }


def _source_var(
    source: Source,
    settings: CustomerSettings,
    tables: Mapping[str, LandedTable],
    sync_state: SyncState | None,
    as_of: datetime,
) -> dict[str, Any]:
    section = settings.source(source)
    frequency = timedelta(minutes=settings.frequency(source))
    fields = {field: settings.mapped_field(source, field) for field in section.fields}
    return {
        "enabled": section.enabled,
        "stale": sync_state is not None and sync_state.is_stale(frequency, as_of),
        "fields": fields,
        "tables": {
            table.name: tables.get(table.name, LandedTable("absent")).var(fields)
            for table in SOURCE_TABLES[source]
        },
    }


def _layout(sources: Mapping[Source, Mapping[str, Any]]) -> str:
    """Equal for customers whose sources have equal tables: which KPIs they have is then the same too."""
    tables = [
        [
            source,
            var["enabled"],
            [[name, table["status"], table["layout"]] for name, table in var["tables"].items()],
        ]
        for source, var in sources.items()
    ]
    return hashlib.sha256(json.dumps(tables).encode()).hexdigest()[:16]


def _source_tables(
    customer: str, source: Source, settings: CustomerSettings, catalogue: Catalogue
) -> dict[str, LandedTable]:
    section = settings.source(source)
    configured = raw_schema(settings, source)
    schema = find_schema(catalogue, configured)
    landed = catalogue[schema] if schema is not None else {}
    mapped = [settings.mapped_field(source, field) for field in section.fields]
    mapped += [name for kpi in settings.custom_kpis if kpi.source == source for name in kpi.fields()]
    tables = {
        table.name: find_table(
            table,
            schema or configured,
            landed,
            switched_on=table.switch is None or section.switches[table.switch],
            mapped=mapped,
        )
        for table in SOURCE_TABLES[source]
    }
    if not any(table.status == "available" for table in tables.values()):
        raise NotFound(
            f"Customer {customer} has {source} enabled, but its schema {configured} "
            + ("has none of its tables." if landed else "does not exist in the destination, or is empty."),
            next_step=f"Run the first sync of its {source} connection, correct {source}.schema in its "
            f"settings, or set {source}.enabled to false.",
            details={"customer": customer, "source": source, "schema": configured},
        )
    return tables
