"""Custom KPIs against what has really landed, before they are saved."""

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.batch import Tables, landed_tables
from kpi_platform.domain.custom_kpi_columns import Problem, check_custom_kpi, texts_read_otherwise
from kpi_platform.domain.custom_kpis import CustomKpi
from kpi_platform.domain.errors import InvalidSettings, NotFound
from kpi_platform.domain.landed import column_key
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES

_SAMPLE = 200
"""As many different values of a text column show whether it holds numbers or times."""


def require_computable(
    configuration: Configuration, settings: CustomerSettings, secrets: CustomerSecrets
) -> None:
    """InvalidSettings if a custom KPI names a field that did not land, compares it with what it cannot be,
    or takes numbers or times from a text that holds none; each error with its field and reason. A table that
    is not synced (yet) is no error: the KPI is `not_synced` until it is. Raises DestinationUnavailable if
    the destination cannot be asked."""
    if not settings.custom_kpis:
        return
    schemas = [settings.source(source).schema_ for source in SOURCES if settings.source(source).enabled]
    destination = open_destination(configuration, settings.warehouse, secrets)
    try:
        tables = landed_tables(secrets.customer, settings, destination.columns(schemas))
    except NotFound:
        return
    errors = [
        {"field": f"custom_kpis.{index}.{problem.path}", "message": problem.reason}
        for index, kpi in enumerate(settings.custom_kpis)
        for problem in check_custom_kpi(kpi, tables) or _unreadable(destination, kpi, tables)
        if problem.path != "table"
    ]
    if errors:
        lines = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        raise InvalidSettings(
            f"Custom KPIs of customer {secrets.customer} do not fit its data. {lines}.",
            next_step="Name a field as Salesforce or ServiceNow has it, or as it landed.",
            details={"errors": errors},
        )


def _unreadable(destination: Destination, kpi: CustomKpi, tables: Tables) -> list[Problem]:
    problems = []
    for reading in texts_read_otherwise(kpi, tables):
        values: list[str] = []
        for table in reading.tables:
            column = (table.columns or {})[column_key(reading.field)]
            assert table.schema is not None
            assert table.identifier is not None
            values += map(str, destination.values(table.schema, table.identifier, column.name, _SAMPLE))
        if problem := reading.problem(values):
            problems.append(problem)
    return problems
