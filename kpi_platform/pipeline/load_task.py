"""What the steps of one load share, and what the database has of its customer."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard.definitions import KpiDefinition, stored_definitions_of
from kpi_platform.dashboard.match_store import match_outcomes
from kpi_platform.dashboard.uploads import COUNTS
from kpi_platform.dashboard.versioned import ACCOUNTS, HEALTH, VALUES, no_current, read_current
from kpi_platform.domain.kpis import Source
from kpi_platform.domain.load_accounts import Outcome
from kpi_platform.domain.load_plan import Array
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.incoming import Incoming


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is there before a load. `values` is None where there may be many: they are read in parts."""

    accounts: Mapping[str, Array]
    health: Mapping[str, Array]
    values: Mapping[str, Array] | None
    outcomes: Mapping[str, Outcome]
    """What the matching made of each source account."""
    definitions: Mapping[str, KpiDefinition]


def read_loaded(
    connection: sa.Connection, customer_ids: Sequence[int], loaded_before: AbstractSet[int]
) -> dict[int, Loaded]:
    """What is there of each of these customers. Those not in `loaded_before` have no health, values and
    definitions: nobody needs to look for them. Values are read along where the customers are several."""
    before = sorted(loaded_before)
    accounts, outcomes = (
        read_current(connection, ACCOUNTS, customer_ids),
        match_outcomes(connection, customer_ids),
    )
    health = read_current(connection, HEALTH, before) if before else {}
    several = len(customer_ids) > 1
    values = read_current(connection, VALUES, before) if before and several else {}
    definitions = stored_definitions_of(connection, before) if before else {}
    return {
        customer: Loaded(
            accounts=accounts[customer],
            health=health.get(customer, no_current(HEALTH)),
            values=values.get(customer, None if customer in loaded_before else no_current(VALUES)),
            outcomes=outcomes[customer],
            definitions=definitions.get(customer, {}),
        )
        for customer in customer_ids
    }


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
        """Whether no load of the customer came before."""
        return self.version == 1

    @property
    def upload(self) -> dict[str, int]:
        """The upload, by the names that tables have for it."""
        return {"customer_id": self.customer_id, "upload_version": self.version}

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
