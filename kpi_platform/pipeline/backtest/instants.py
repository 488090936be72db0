"""The marts of one customer at many instants, in a scratch schema beside the marts.

Each instant is a customer of its own there: its key ends with the instant, which dbt reads (`as_of` of the
dbt project). What the dashboard shows and what runs have recorded stays as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.dbt_results import BuildProgress
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.configuration import Configuration
from kpi_platform.domain.batch import Tables, batch_vars, plan_customer
from kpi_platform.domain.batch_rows import Population
from kpi_platform.domain.destination_kinds import DESTINATION_KINDS
from kpi_platform.domain.errors import BuildFailed, NotFound
from kpi_platform.domain.known_then import RecordedValues
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.batch import CustomerInput, landed_of, recorded_values
from kpi_platform.pipeline.customer_rows import (
    erase_customer_rows,
    left_instants,
    note_instants,
    scratch_of,
)

Tell = Callable[[BuildProgress], None]


def instant_key(customer: str, instant: datetime) -> str:
    """Returns the key of the customer at an instant in UTC."""
    return f"{customer}__at_{instant:%Y-%m-%dT%H:%M:%S.%f}"


@dataclass(frozen=True, slots=True)
class Instants:
    """A customer whose marts are computed at instants in the scratch schema."""

    configuration: Configuration
    customer: CustomerInput
    tables: Tables
    recorded: RecordedValues | None
    destination: Destination

    @classmethod
    def of(cls, configuration: Configuration, customer: CustomerInput) -> "Instants":
        """Looks at what has landed. Raises what keeps the customer from being computed."""
        destination = scratch_of(customer.destination)
        recorded = recorded_values(customer.destination)
        return cls(
            configuration,
            customer,
            landed_of(customer),
            replace(recorded, key=customer.customer) if recorded else None,
            destination,
        )

    @property
    def has_turns(self) -> bool:
        """Whether the destination lets one process in at a time."""
        return DESTINATION_KINDS[self.customer.settings.warehouse.type].place == "file"

    @contextmanager
    def computed(
        self,
        settings: CustomerSettings,
        instants: Sequence[datetime],
        marts: Sequence[str],
        population: Population,
        *,
        on_node: Tell | None = None,
    ) -> Iterator["Computed"]:
        """Computes `marts` (dbt's selection syntax) at each instant from what was known then, in one
        invocation, and gives them for as long as the block lasts. Raises BuildFailed."""
        keys = {instant_key(self.customer.customer, instant): instant for instant in instants}
        plans = [
            plan_customer(
                key,
                settings,
                self.tables,
                {},
                instant,
                self.customer.account_links,
                strict=True,
                recorded=self.recorded,
                population=population,
            )
            for key, instant in keys.items()
        ]
        variables = {**batch_vars(plans, max(instants)), "instants": True, "run_id": None}
        project = DbtProject(self.configuration, self.destination)
        own = tuple(dict.fromkeys((*keys, *left_instants(self.configuration, self.customer.customer))))
        note_instants(self.configuration, self.customer.customer, own)
        try:
            for result in project.build("run", variables, select=marts, on_node=on_node):
                if result.status == "error":
                    raise BuildFailed(
                        f"The past of customer {self.customer.customer} cannot be computed: "
                        f"{result.name} failed. {result.message}",
                        next_step="Mend the table that the message is about, or switch it off in the "
                        "settings.",
                        details={"nodes": [result.name]},
                    )
            yield Computed(self.destination, project, variables, keys)
        finally:
            erase_customer_rows(self.configuration, self.destination, own)
            note_instants(self.configuration, self.customer.customer, ())


@dataclass(frozen=True, slots=True)
class Computed:
    """Marts at instants: `keys` are the customers there."""

    destination: Destination
    project: DbtProject
    variables: dict[str, Any]
    keys: dict[str, datetime]

    def read(self, mart: str, columns: Sequence[str]) -> pa.Table:
        """Returns the rows of a mart, with `customer_id`, at all instants."""
        names = ["customer_id", *columns]
        try:
            batches = list(self.destination.read_mart(mart, list(self.keys), names))
        except NotFound:
            batches = []
        return pa.Table.from_batches(batches) if batches else pa.table({name: pa.array([]) for name in names})

    def ask(self, statement: str) -> list[dict[str, Any]]:
        """Returns the rows of a statement over models of the dbt project."""
        sql = self.project.compile(statement, self.variables)
        return [row for batch in self.destination.query(sql) for row in batch.to_pylist()]
