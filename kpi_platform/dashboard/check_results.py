"""The results of the newest checks of each customer, for the status page, which reads this database alone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer

Outcome = Literal["warn", "fail", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that did not pass. `asset` is the table that it looks at, in Dagster's words; `failures` counts
    the customer's wrong rows, if they are known."""

    check: str
    asset: str
    outcome: Outcome
    failures: int
    message: str


@dataclass(frozen=True, slots=True)
class CheckResults:
    """The newest outcome of one suite, such as the data tests or the freshness of the sources."""

    suite: str
    checked_at: datetime
    run_id: str | None
    passed: int
    findings: tuple[Finding, ...]


_table = tables.check_results


def record_check_results(
    connection: sa.Connection,
    suite: str,
    results: Mapping[str, tuple[int, Sequence[Finding]]],
    *,
    run_id: str | None,
) -> None:
    """Replaces the customers' results of `suite`: customer → how many passed, and what the others found."""
    rows = [
        {
            "customer_id": get_customer(connection, customer).id,
            "suite": suite,
            "checked_at": datetime.now(UTC),
            "run_id": run_id,
            "passed": passed,
            "findings": [asdict(finding) for finding in findings],
        }
        for customer, (passed, findings) in results.items()
    ]
    if not rows:
        return
    ids = [row["customer_id"] for row in rows]
    connection.execute(sa.delete(_table).where(_table.c.suite == suite, _table.c.customer_id.in_(ids)))
    connection.execute(sa.insert(_table), rows)


def check_results(connection: sa.Connection, customer: str) -> list[CheckResults]:
    """Returns the customer's newest results, one a suite."""
    customer_id = get_customer(connection, customer).id
    query = sa.select(_table).where(_table.c.customer_id == customer_id).order_by(_table.c.suite)
    return [
        CheckResults(
            row["suite"], row["checked_at"], row["run_id"], row["passed"],
            tuple(Finding(**finding) for finding in row["findings"]),
        )
        for row in connection.execute(query).mappings()
    ]  # fmt: skip
