"""Landing rows in every destination, for the conformance suite. The product lands in two of them itself."""

from collections.abc import Mapping
from typing import Any

from kpi_platform.configuration import Configuration
from kpi_platform.local import landing


def open_lander(configuration: Configuration, service: str, config: Mapping[str, Any]) -> landing.Lander:
    """As `local.landing.open_lander`, and for the services `snowflake`, `bigquery` and `redshift`."""
    if service == "snowflake":
        from kpi_platform_tests.destinations.landing_snowflake import SnowflakeLander

        return SnowflakeLander(configuration, config)
    if service == "bigquery":
        from kpi_platform_tests.destinations.landing_bigquery import BigQueryLander

        return BigQueryLander(configuration, config)
    if service == "redshift":
        from kpi_platform_tests.destinations.landing_redshift import RedshiftLander

        return RedshiftLander(configuration, config)
    return landing.open_lander(configuration, service, config)
