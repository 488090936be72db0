"""The results of the newest checks of each customer, for the status page, which reads this database alone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer

Outcome = Literal["warn", "fail", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that did not pass. `asset` is the table that it looks at, in Dagster's words; `failures` counts
    the customer's wrong rows, of which `rows` are some, if they are known. A row is JSON by column."""

    check: str
    asset: str
    outcome: Outcome
    failures: int
    message: str
    rows: Sequence[Mapping[str, Any]] = ()


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


def findings_of_run(connection: sa.Connection, run_id: str) -> dict[str, list[Finding]]:
    """Returns by customer what the checks of a run found, if no later run has replaced it."""
    return _findings(connection, _table.c.run_id == run_id)


def findings_of_suite(
    connection: sa.Connection, suite: str, customers: Collection[str]
) -> dict[str, list[Finding]]:
    """Returns by customer what the newest checks of `suite` found, for those of `customers` that have any."""
    found = _findings(connection, _table.c.suite == suite)
    return {customer: findings for customer, findings in found.items() if customer in customers}


def _findings(connection: sa.Connection, which: sa.ColumnElement[bool]) -> dict[str, list[Finding]]:
    query = sa.select(tables.customers.c.key, _table.c.findings).join_from(_table, tables.customers)
    found: dict[str, list[Finding]] = {}
    for key, findings in connection.execute(
        query.where(which).order_by(tables.customers.c.key, _table.c.suite)
    ):
        found.setdefault(key, []).extend(Finding(**finding) for finding in findings)
    return found


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
