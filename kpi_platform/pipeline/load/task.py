"""The state that the steps of one load share, and the rows that earlier loads left in the dashboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard.definitions import KpiDefinition, stored_definitions_of
from kpi_platform.dashboard.uploads import COUNTS
from kpi_platform.dashboard.versioned import HEALTH, VALUES, no_current, read_current
from kpi_platform.domain.load_plan import Array
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES, Source
from kpi_platform.pipeline.load.read import Incoming


@dataclass(frozen=True, slots=True)
class Loaded:
    """The rows that earlier loads left. `health` and `values` are None if they may be large: then the step
    that needs them reads them, values in slices."""

    health: Mapping[str, Array] | None
    values: Mapping[str, Array] | None
    definitions: Mapping[str, KpiDefinition]


@dataclass(frozen=True, slots=True)
class LoadTask:
    """One customer's load inside its transaction.

    `shown` is the `as_of` of the values that the dashboard shows, by source. If it is newer than `as_of`, the
    rows of that source go to the history alone. The steps fill `counts` and `notes`.
    """

    connection: sa.Connection
    customer: str
    customer_id: int
    version: int
    as_of: datetime
    shown: dict[Source, datetime | None]
    replace: bool
    sources: tuple[Source, ...]
    settings: CustomerSettings
    definitions: dict[str, KpiDefinition]
    incoming: Incoming
    dry_run: bool
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    notes: list[str] = field(default_factory=list)

    @property
    def is_first(self) -> bool:
        """Whether this is the customer's first load."""
        return self.version == 1

    @property
    def upload(self) -> dict[str, int]:
        """The upload's key, by the column names of the tables that refer to it."""
        return {"customer_id": self.customer_id, "upload_version": self.version}

    def is_older(self, source: Source) -> bool:
        shown = self.shown[source]
        return shown is not None and shown > self.as_of

    @property
    def any_older(self) -> bool:
        return any(self.is_older(source) for source in self.sources)

    @property
    def retires_accounts(self) -> bool:
        """Whether accounts that are not in the load are retired: only if it replaces, for all sources."""
        return self.replace and len(self.sources) == len(SOURCES) and not self.any_older

    @property
    def instant(self) -> np.datetime64:
        return np.datetime64(self.as_of.replace(tzinfo=None), "us")


def read_loaded(connection: sa.Connection, tasks: Sequence[LoadTask]) -> dict[int, Loaded]:
    """Reads what earlier loads left, by customer id. First loads need no query; customers share each
    query."""
    customers = [task.customer_id for task in tasks if not task.is_first]
    several = customers if len(tasks) > 1 else []
    health = read_current(connection, HEALTH, several) if several else {}
    values = read_current(connection, VALUES, several) if several else {}
    definitions = stored_definitions_of(connection, customers) if customers else {}
    return {
        task.customer_id: Loaded(no_current(HEALTH), no_current(VALUES), {})
        if task.is_first
        else Loaded(health.get(task.customer_id), values.get(task.customer_id), definitions[task.customer_id])
        for task in tasks
    }
