"""What the steps of one load share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard.definitions import KpiDefinition
from kpi_platform.dashboard.uploads import COUNTS
from kpi_platform.dashboard.versioned import Family, no_current, read_current
from kpi_platform.domain.kpis import Source
from kpi_platform.domain.load_plan import Array
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.incoming import Incoming


@dataclass(frozen=True, slots=True)
class LoadTask:
    """One load inside its transaction. `shown` is the `as_of` that each source's values are shown for: rows
    of a source that shows a newer one are older, and go to the history alone.
    `counts` and `notes` fill up."""

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
        """Whether no load of the customer came before: then it has no values, health, definitions or held
        loads, and nobody needs to look for them."""
        return self.version == 1

    def loaded(self, family: Family, accounts: tuple[int, int] | None = None) -> Mapping[str, Array]:
        """What `read_current` has of a `family` that loads alone bring (not of accounts), with its state."""
        if self.is_first:
            return no_current(family, family.state)
        return read_current(self.connection, family, self.customer_id, family.state, accounts)

    def is_older(self, source: Source) -> bool:
        shown = self.shown[source]
        return shown is not None and shown > self.as_of

    @property
    def any_older(self) -> bool:
        return any(self.is_older(source) for source in self.sources)

    @property
    def retires_accounts(self) -> bool:
        """Whether accounts that are not in the load go: it replaces, and speaks for all sources."""
        return self.replace and len(self.sources) == len(SOURCES) and not self.any_older

    @property
    def instant(self) -> np.datetime64:
        return np.datetime64(self.as_of.replace(tzinfo=None), "us")

    @property
    def changed_anything(self) -> bool:
        left_as_it_was = ("kpis_unchanged", "kpis_skipped", "accounts_skipped", "sent_to_review")
        return any(count for name, count in self.counts.items() if name not in left_as_it_was)
