"""What assets, schedules and sensors are given: the installation they work for."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import dagster as dg
import sqlalchemy as sa

from kpi_platform.adapters.fivetran_dagster import KpiFivetranClient, KpiFivetranWorkspace
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.batch import read_inputs


class Platform:
    """Configuration, dashboard database and Fivetran of one installation, each opened when it is first used.

    A plain object: Dagster shows the fields of its own kind of resource, and these lead to secrets.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration

    @cached_property
    def engine(self) -> sa.Engine:
        return open_engine(self.configuration.dashboard_database_url)

    @cached_property
    def fivetran(self) -> KpiFivetranClient:
        """Raises MissingConfiguration where its key is missing."""
        return KpiFivetranWorkspace.of(self.configuration).get_client()

    def settings(self, customers: Sequence[str]) -> Mapping[str, CustomerSettings]:
        """The settings of those of `customers` that are known and valid."""
        inputs, _ = read_inputs(self.configuration, self.engine, customers)
        return {one.customer: one.settings for one in inputs}


PlatformParam = dg.ResourceParam[Platform]
"""The type of the parameter `platform` of assets, schedules and sensors."""
