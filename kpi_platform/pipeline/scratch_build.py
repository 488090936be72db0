"""A build with settings that are not saved, in a scratch schema beside the marts.

Each of the settings is a customer of its own there, computed from the customer's own rows. Their rows are
erased at the end. The rows that a killed process leaves go with the customer's next build of this kind.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from filelock import FileLock

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.dbt_results import BuildProgress
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.uploads import newest_upload
from kpi_platform.domain.errors import BuildFailed, InvalidInput
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.batch import Batch, CustomerInput, batches_of, read_inputs
from kpi_platform.pipeline.customer_rows import erase_customer_rows, scratch_keys, scratch_of
from kpi_platform.pipeline.places import settle

Tell = Callable[[BuildProgress], None]
"""Is called after each model that is computed."""


@dataclass(frozen=True, slots=True)
class ScratchBuild:
    """Marts in the scratch schema: `keys` are the customers there, one for each of the settings."""

    destination: Destination
    keys: tuple[str, ...]

    def rows(self, mart: str, key: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        for batch in self.destination.read_mart(mart, key, columns):
            yield from batch.to_pylist()


def scratch_input(
    configuration: Configuration, engine: sa.Engine, customer: str, settings: CustomerSettings
) -> tuple[CustomerInput, datetime]:
    """Returns the customer as it is now, and the instant of its newest load. Raises InvalidInput if
    `settings` name another warehouse, and what reading or claiming their schemas raises."""
    inputs, failed = read_inputs(configuration, engine, [customer])
    changed = [replace(one, settings=settings) for one in inputs]
    failed |= settle(engine, inputs, again=False) | settle(engine, changed, again=False)
    for error in failed.values():
        raise error
    [now] = inputs
    if now.settings.warehouse != settings.warehouse:
        raise InvalidInput(
            "A change of the warehouse cannot be previewed: the data would come from elsewhere.",
            next_step="Preview the other changes without it.",
        )
    with reading(engine) as connection:
        newest = newest_upload(connection, get_customer(connection, customer).id)
    return now, newest.as_of if newest else datetime.now(UTC)


@contextmanager
def scratch_build(
    configuration: Configuration,
    now: CustomerInput,
    as_of: datetime,
    settings: Sequence[CustomerSettings],
    marts: Sequence[str],
    on_progress: Tell | None,
) -> Iterator[ScratchBuild]:
    """Computes `marts` (dbt's selection syntax) with one or two `settings`, in one invocation, and gives what
    is computed for as long as the block lasts. Settings that are computed alike are computed once. Raises
    BuildFailed."""
    destination, own = scratch_of(now.destination), scratch_keys(now.customer)
    keys = own[: len(settings)]
    sides = [
        replace(now, customer=key, settings=one, destination=destination)
        for key, one in zip(keys, settings, strict=True)
    ]
    # Builds of one customer share their keys in the scratch schema.
    with FileLock(configuration.home / "preview.lock"):
        [batch] = batches_of(sides, as_of)
        for error in batch.left_out.values():
            raise error
        plans = [replace(batch.plans[key], key=now.customer) for key in keys]
        computed_alike = all(plan == plans[0] for plan in plans)
        try:
            _build(configuration, batch.only(keys[:1]) if computed_alike else batch, marts, on_progress)
            yield ScratchBuild(destination, tuple(keys[0] if computed_alike else key for key in keys))
        finally:
            erase_customer_rows(configuration, destination, own)


def _build(
    configuration: Configuration, batch: Batch, marts: Sequence[str], on_progress: Tell | None
) -> None:
    results = DbtProject(configuration, batch.destination).build(
        "run", batch.vars(), select=marts, on_node=on_progress
    )
    for result in results:
        if result.status == "error":
            raise BuildFailed(
                f"The KPIs cannot be computed with these settings: {result.name} failed. {result.message}",
                next_step="Check the changed settings.",
                details={"nodes": [result.name]},
            )
