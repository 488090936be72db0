"""The data tests of the dbt project as checks: what they found, and whose rows it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kpi_platform.adapters.dbt_results import NodeResult, NodeStatus
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.domain.errors import BuildFailed


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one data test. `failures` counts its failing rows, `customers` are their owners (none if
    the rows do not say), and `example` is one of them. `status` is `warn` or `fail` by the test's severity;
    `error` if the test itself could not run (`message` says why)."""

    node: str
    model: str
    column: str | None
    status: NodeStatus
    severity: Literal["warn", "error"]
    failures: int
    customers: tuple[str, ...]
    example: Mapping[str, Any] | None
    message: str | None

    def blames(self, customers: Sequence[str]) -> tuple[str, ...]:
        """Returns those of `customers` that have a wrong row. Rows that do not say whose they are are
        everybody's."""
        if self.status != "fail":
            return ()
        if self.example is None or "customer_id" not in self.example:
            return tuple(customers)
        return tuple(customer for customer in customers if customer in self.customers)

    def as_error(self, customer: str) -> BuildFailed:
        place = f"{self.model}.{self.column}" if self.column else self.model
        example = self.example or {}
        row = ""
        # Another customer's row is nothing for this one's people.
        if example.get("customer_id") == customer:
            row = ", ".join(f"{name}={value}" for name, value in example.items())
        return BuildFailed(
            f"The check {self.node} of {place} found wrong rows, of customer {customer} too."
            + (f" For example: {row}." if row else ""),
            next_step="Look at the rows that the check selects; nothing is loaded for the customer.",
            details={"customer": customer, "nodes": [self.node]},
        )


def check_of(destination: Destination, result: NodeResult) -> Check:
    """Returns the result of a data test, with what its failing rows say."""
    found, example = _failing_rows(destination, result) if result.failures else (set(), None)
    return Check(
        node=result.name,
        model=result.model,
        column=result.column,
        status=result.status,
        severity=result.severity,
        failures=result.failures,
        customers=tuple(sorted(found)),
        example=example,
        message=result.message,
    )


def _failing_rows(destination: Destination, result: NodeResult) -> tuple[set[str], dict[str, Any] | None]:
    """The customers of a test's failing rows, and one of the rows. dbt itself only counts them."""
    # The statement that dbt compiled, in a frame.
    sql = f"({result.compiled_sql}) as failing_rows"
    first = next(destination.query(f"select * from {sql} limit 1"), None)  # noqa: S608
    example = first.to_pylist()[0] if first is not None else None
    if example is None or "customer_id" not in example:
        return set(), example
    batches = destination.query(f"select distinct customer_id from {sql}")  # noqa: S608
    keys = (key for batch in batches for key in batch.column("customer_id").to_pylist())
    return {key for key in keys if key is not None}, example
