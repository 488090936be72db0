"""Custom KPIs against what has really landed, before they are saved."""

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.configuration import Configuration
from kpi_platform.domain.batch import landed_tables, raw_schema
from kpi_platform.domain.custom_kpi_columns import check_custom_kpi
from kpi_platform.domain.errors import InvalidSettings, NotFound
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES


def require_computable(configuration: Configuration, customer: str, settings: CustomerSettings) -> None:
    """InvalidSettings where a custom KPI names a field that did not land, or compares it with what it cannot
    be; each error with its field and reason. A table that is not synced (yet) is no error: the KPI is
    `not_synced` until it is. Raises DestinationUnavailable where the destination cannot be asked."""
    if not settings.custom_kpis:
        return
    schemas = [raw_schema(settings, source) for source in SOURCES if settings.source(source).enabled]
    catalogue = open_destination(configuration, settings.warehouse).columns(schemas)
    try:
        tables = landed_tables(customer, settings, catalogue)
    except NotFound:
        return
    errors = [
        {"field": f"custom_kpis.{index}.{problem.path}", "message": problem.reason}
        for index, kpi in enumerate(settings.custom_kpis)
        for problem in check_custom_kpi(kpi, tables)
        if problem.path != "table"
    ]
    if errors:
        lines = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        raise InvalidSettings(
            f"Custom KPIs of customer {customer} do not fit its data. {lines}.",
            next_step="Name a field as Salesforce or ServiceNow has it, or as it landed.",
            details={"errors": errors},
        )
