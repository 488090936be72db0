"""How often settings are parsed."""

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.pipeline import customer_settings
from kpi_platform.pipeline.batch import read_inputs
from kpi_platform.pipeline.customer_settings import effective_settings, settings_of_each
from kpi_platform_tests.pipeline.desk import Desk


def test_the_steps_of_a_run_parse_the_settings_of_each_customer_once(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    keys = ["acme", "bolt", "cargo"]
    for key in keys:
        desk = Desk(configuration, sqlite_engine, key)
        desk.settings(salesforce={"schema": f"{key}_crm"}, servicenow={"schema": f"{key}_itsm"})
    before = customer_settings._parsed.cache_info().misses
    for _ in range(3):
        inputs, failed = read_inputs(configuration, sqlite_engine, keys)
        assert (len(inputs), failed) == (3, {})
        with sqlite_engine.connect() as connection:
            settings_of_each(configuration, connection, keys)
            effective_settings(configuration, connection, "bolt")
    assert customer_settings._parsed.cache_info().misses - before == 3
