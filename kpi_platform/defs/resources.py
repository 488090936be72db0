"""The resources of assets, schedules and sensors: the installation that they work for."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import dagster as dg
import sqlalchemy as sa

from kpi_platform.adapters.fivetran_dagster import KpiFivetranClient, KpiFivetranWorkspace
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_dashboard
from kpi_platform.dashboard.fivetran_account import note_limits
from kpi_platform.dashboard.fivetran_calls import add_calls
from kpi_platform.defs.life_line import HOST_TAG, life_line
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.places import settings_to_read
from kpi_platform.tracing import configure_traces, send_traces

if TYPE_CHECKING:
    from kpi_platform.pipeline.batch_marts import BatchMarts


class Platform:
    """Configuration, dashboard database and Fivetran of one installation, each opened when it is first used.

    A plain object: Dagster shows the fields of its own kind of resource, and these lead to secrets.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.marts_read: Mapping[str, BatchMarts] = {}
        """Results of a step of this run, by customer, kept in memory for the steps that follow."""

    @cached_property
    def engine(self) -> sa.Engine:
        return open_dashboard(self.configuration)

    @cached_property
    def fivetran(self) -> KpiFivetranClient:
        """Raises MissingConfiguration if its key is missing."""
        client = KpiFivetranWorkspace.of(self.configuration).get_client()
        client.api.on_calls = self._note_calls
        return client

    def _note_calls(self, calls: int) -> None:
        api = self.fivetran.api
        with self.engine.begin() as database:
            add_calls(database, calls, datetime.now(UTC))
            note_limits(database, hourly_limit=api.hourly_limit, blocked_until=api.blocked_until)

    def close(self) -> None:
        """Closes what was opened."""
        if "fivetran" in self.__dict__:
            self.fivetran.api.close()
        if "engine" in self.__dict__:
            self.engine.dispose()

    def marts(self, customers: Sequence[str]) -> Mapping[str, "BatchMarts"]:
        """Returns the readers of the marts of those of `customers` that have a destination."""
        from kpi_platform.pipeline.batch_marts import batch_marts

        if self.marts_read.keys() >= set(customers):
            return self.marts_read
        return batch_marts(self.configuration, self.engine, customers)

    def settings(self, customers: Sequence[str]) -> Mapping[str, CustomerSettings]:
        """Returns the settings of those of `customers` that are known, valid and their own."""
        return settings_to_read(self.configuration, self.engine, customers)


def platform_resource(configuration: Configuration) -> dg.ResourceDefinition:
    """Returns a `Platform` for each run and each evaluation of a schedule or sensor."""

    @dg.resource(description="Configuration, dashboard database and Fivetran of this installation.")
    def platform(context: dg.InitResourceContext) -> Iterator[Platform]:
        run = context.run
        launched = run is not None and HOST_TAG not in run.tags
        held = life_line(configuration.dagster_home, run.run_id) if run and launched else nullcontext()
        configure_traces(configuration)
        with held, closing(Platform(configuration)) as opened:
            try:
                yield opened
            finally:
                send_traces()

    return platform


PlatformParam = dg.ResourceParam[Platform]
"""The type of the parameter `platform` of assets, schedules and sensors."""
