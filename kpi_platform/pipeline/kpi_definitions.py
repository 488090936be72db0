"""The definitions of a customer's KPIs, from the catalogue and its settings."""

from collections.abc import Mapping
from typing import Any

from kpi_platform.dashboard.definitions import KpiDefinition
from kpi_platform.domain import revenue_bases, time_bases
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.revenue_bases import REVENUE_BASES, REVENUE_KPIS
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.domain.time_bases import TIME_BASES


def with_overrides(
    settings: CustomerSettings, overrides: Mapping[str, Mapping[str, Any]]
) -> CustomerSettings:
    """Returns the settings with `overrides` (by KPI, as in `kpi_mappings`) on top; raises InvalidSettings if
    they are not valid."""
    if not overrides:
        return settings
    document = settings.document()
    mappings = document["kpi_mappings"]
    merged = {slug: {**mappings.get(slug, {}), **changes} for slug, changes in overrides.items()}
    return parse_settings({**document, "kpi_mappings": {**mappings, **merged}})


def definitions_of(
    settings: CustomerSettings,
    overrides: Mapping[str, Mapping[str, Any]],
    time_basis: str = time_bases.DEFAULT_BASIS,
    revenue_basis: str = revenue_bases.DEFAULT_BASIS,
) -> list[KpiDefinition]:
    """Returns the standard KPIs, then the customer's own, with `overrides` as in `with_overrides`.
    `time_basis` and `revenue_basis` are those that resolution_time and the revenue were measured by."""
    time = TIME_BASES[time_basis]
    formulas = {"resolution_time": time.formula, **REVENUE_BASES[revenue_basis].formulas}
    bases = {"resolution_time": time_basis, **dict.fromkeys(REVENUE_KPIS, revenue_basis)}
    settings = with_overrides(settings, overrides)
    definitions = []
    for position, kpi in enumerate(KPIS.values()):
        mapping = settings.kpi_mappings[kpi.slug]
        definitions.append(
            KpiDefinition(
                kpi=kpi.slug,
                display_name=kpi.display_name,
                category=mapping.category,
                impact=mapping.impact_level,
                frequency=mapping.measurement_frequency,
                unit=time.unit if kpi.slug == "resolution_time" else kpi.unit,
                direction=kpi.better,
                source=kpi.source,
                window_days=mapping.window_days,
                healthy=mapping.thresholds.healthy,
                at_risk=mapping.thresholds.at_risk,
                formula=formulas.get(kpi.slug, kpi.formula),
                basis=bases.get(kpi.slug),
                position=position,
                min_sample=mapping.min_sample,
            )
        )
    for position, custom in enumerate(settings.custom_kpis, len(definitions)):
        definitions.append(
            KpiDefinition(
                kpi=custom.slug,
                display_name=custom.name,
                category=custom.category,
                impact=custom.impact,
                frequency=custom.frequency,
                unit=custom.unit,
                direction=custom.direction,
                source=custom.source,
                window_days=custom.window_days,
                healthy=custom.thresholds.healthy if custom.thresholds else None,
                at_risk=custom.thresholds.at_risk if custom.thresholds else None,
                formula=f"{custom.aggregate} of {custom.field or 'rows'} in {custom.source} {custom.table}",
                position=position,
            )
        )
    return definitions
