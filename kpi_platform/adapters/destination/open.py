"""Opens the destination that a customer's settings name."""

from collections.abc import Callable

from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.settings import WarehouseSettings


def _duckdb(
    configuration: Configuration, warehouse: WarehouseSettings, secrets: CustomerSecrets
) -> Destination:
    del secrets
    from kpi_platform.adapters.destination.duckdb import DuckDbDestination

    return DuckDbDestination(file=configuration.warehouse_file, mart_schema=warehouse.schema_)


def _postgres(
    configuration: Configuration, warehouse: WarehouseSettings, secrets: CustomerSecrets
) -> Destination:
    del configuration
    from kpi_platform.adapters.destination.postgres import PostgresDestination

    return PostgresDestination.from_settings(warehouse, secrets)


def _snowflake(
    configuration: Configuration, warehouse: WarehouseSettings, secrets: CustomerSecrets
) -> Destination:
    del configuration
    from kpi_platform.adapters.destination.snowflake import SnowflakeDestination

    return SnowflakeDestination.from_settings(warehouse, secrets)


def _bigquery(
    configuration: Configuration, warehouse: WarehouseSettings, secrets: CustomerSecrets
) -> Destination:
    from kpi_platform.adapters.destination.bigquery import BigQueryDestination

    return BigQueryDestination.from_settings(configuration, warehouse, secrets)


def _redshift(
    configuration: Configuration, warehouse: WarehouseSettings, secrets: CustomerSecrets
) -> Destination:
    from kpi_platform.adapters.destination.redshift import RedshiftDestination

    return RedshiftDestination.from_settings(configuration, warehouse, secrets)


_TYPES: dict[str, Callable[[Configuration, WarehouseSettings, CustomerSecrets], Destination]] = {
    "duckdb": _duckdb,
    "postgres": _postgres,
    "snowflake": _snowflake,
    "bigquery": _bigquery,
    "redshift": _redshift,
}


def open_destination(
    configuration: Configuration, warehouse: WarehouseSettings, secrets: CustomerSecrets
) -> Destination:
    """Returns the destination of the settings section `warehouse`; `secrets` are those of the customer whose
    settings they are. Connects to nothing yet. Raises HostNotAllowed if the operator does not allow its
    host, InvalidInput if the type's extra is not installed, and MissingConfiguration if its secret is
    not in the environment."""
    opener = _TYPES.get(warehouse.type)
    if opener is None:
        raise InvalidInput(
            f"The warehouse type '{warehouse.type}' is not available here.",
            next_step=f"Use one of {', '.join(_TYPES)} as warehouse.type.",
        )
    try:
        return opener(configuration, warehouse, secrets)
    except ModuleNotFoundError as cause:
        raise InvalidInput(
            f"The warehouse type '{warehouse.type}' needs {cause.name}, which is not installed.",
            next_step=f"Install its extra: pip install 'kpi_platform[{warehouse.type}]'.",
        ) from cause
