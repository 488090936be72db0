"""What assets, schedules and sensors are given: the platform's configuration and databases, and Fivetran."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import dagster as dg
import sqlalchemy as sa
from dagster._utils.cached_method import cached_method

from kpi_platform.adapters.fivetran_dagster import KpiFivetranWorkspace
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.batch import read_inputs


class Platform(dg.ConfigurableResource[None]):
    """Configuration and dashboard database of this installation, opened when they are used."""

    @cached_method
    def configuration(self) -> Configuration:
        return Configuration.from_environment()

    def engine(self) -> sa.Engine:
        return _engine(self.configuration().dashboard_database_url)

    def settings(self, customers: Sequence[str]) -> Mapping[str, CustomerSettings]:
        """The settings of those of `customers` that are known and valid."""
        inputs, _ = read_inputs(self.configuration(), self.engine(), customers)
        return {one.customer: one.settings for one in inputs}


@lru_cache(maxsize=4)
def _engine(url: str) -> sa.Engine:
    # One pool a process: the daemon's code server evaluates sensors for days.
    return open_engine(url)


RESOURCES = {"platform": Platform(), "fivetran": KpiFivetranWorkspace()}
