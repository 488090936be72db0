"""The data tests of the dbt project as checks: what they found, and whose rows it was."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from typing import Any, Literal

from kpi_platform.adapters.dbt_results import NodeResult, NodeStatus
from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.domain.data_tests import (
    PLACE_COLUMNS,
    REPORT_THE_FAULT,
    DataTest,
    FailingRows,
    finding_words,
)
from kpi_platform.domain.errors import BuildFailed

EXAMPLES = 10
"""Failing rows that are kept of each customer, table and column."""

_LONGEST_CELL = 200


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one data test over the rows of the customers `tested`. `failing` has the wrong rows of
    each, by table and column, and under None those that do not say whose they are. `status` is `warn` or
    `fail` by the test's severity, or `error` if the test itself could not run (`message` says why)."""

    test: DataTest
    node: str
    model: str
    status: NodeStatus
    severity: Literal["warn", "error"]
    tested: tuple[str, ...]
    message: str | None = None
    failing: Mapping[str | None, Sequence[FailingRows]] = field(default_factory=dict)

    def concerns(self, customer: str) -> bool:
        """Tells whether the customer has a wrong row, or may have: rows that do not say whose they are, and a
        test that could not run, are everybody's."""
        if self.status in ("pass", "skipped") or customer not in self.tested:
            return False
        return customer in self.failing or None in self.failing or not self.failing

    @property
    def blamed(self) -> tuple[str, ...]:
        """The customers that may not be loaded."""
        return tuple(filter(self.concerns, self.tested)) if self.status == "fail" else ()

    def words(self, customer: str) -> str:
        """Says what it found of the customer. Another customer's rows are nothing for this one's people."""
        return finding_words(
            customer, self.test, self.failing.get(customer, ()), could_run=self.status != "error"
        )

    def as_error(self, customer: str) -> BuildFailed:
        return BuildFailed(
            self.words(customer),
            next_step=REPORT_THE_FAULT,
            details={"customer": customer, "nodes": [self.node]},
        )


def check_of(destination: Destination, result: NodeResult, tested: Sequence[str]) -> Check:
    """Returns the result of a data test of the customers `tested`, with what its failing rows say."""
    assert result.test is not None
    return Check(
        test=result.test,
        node=result.name,
        model=result.model,
        status=result.status,
        severity=result.severity,
        tested=tuple(tested),
        message=result.message,
        failing=_failing(_rows(destination, result), result.test) if result.failures else {},
    )


def _failing(rows: Iterable[dict[str, Any]], test: DataTest) -> dict[str | None, Sequence[FailingRows]]:
    """The failing rows by customer; dbt itself only counts them."""
    places: dict[tuple[Any, ...], _Place] = defaultdict(_Place)
    for row in rows:
        places[row.pop("customer_id", None), *map(row.get, PLACE_COLUMNS)].add(row)
    failing: dict[str | None, list[FailingRows]] = defaultdict(list)
    for (customer, table, column), place in sorted(places.items(), key=lambda one: str(one[0])):
        failing[customer].append(FailingRows(table or test.table, column, place.count, place.examples()))
    return dict(failing)


def _rows(destination: Destination, result: NodeResult) -> Iterator[dict[str, Any]]:
    # What dbt compiled, with nothing added but this frame.
    sql = f"select * from ({result.compiled_sql}) as failing_rows"  # noqa: S608
    for batch in destination.query(sql):
        for row in batch.to_pylist():
            yield {name.lower(): _plain(value) for name, value in row.items()}


@dataclass(slots=True)
class _Place:
    """Fills up while rows are read; keeps few of them, and always the same, in whatever order they come."""

    count: int = 0
    kept: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        self.count += int(row.get("row_count") or 1)
        self.kept.append(row)
        if len(self.kept) > 20 * EXAMPLES:
            self.kept = self.examples()

    def examples(self) -> list[dict[str, Any]]:
        return sorted(self.kept, key=lambda row: [str(value) for value in row.values()])[:EXAMPLES]


def _plain(value: Any) -> Any:
    """As JSON has it; long text is cut."""
    if value is None or isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = str(value)
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"
