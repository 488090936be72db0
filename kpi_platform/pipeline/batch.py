"""Turns customers into batches: those of one destination that one dbt invocation computes together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import KpiPlatformError


@dataclass(frozen=True, slots=True)
class Batch:
    """Customers of one destination, each as dbt is told of it (docs/decisions/0001). `left_out` are customers of
    this destination that cannot be computed, and why."""

    destination: Destination
    as_of: datetime
    plans: Mapping[str, Mapping[str, Any]]
    left_out: Mapping[str, KpiPlatformError]

    @property
    def customers(self) -> tuple[str, ...]:
        return tuple(self.plans)

    def vars(self) -> dict[str, Any]:
        """The dbt vars of the batch. They hold no secret."""
        return {"as_of": self.as_of.isoformat(), "customers": list(self.plans.values())}


def plan_batches(
    configuration: Configuration, engine: Engine, customers: Sequence[str], as_of: datetime
) -> list[Batch]:
    """The batches of `customers`, one a destination, in the order of the customers."""
    raise NotImplementedError
