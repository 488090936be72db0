"""The marts of many customers, read with one statement a mart instead of one a customer.

Opening a warehouse and finding one customer's rows in it takes as long as reading those of a hundred.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import KpiPlatformError, NotFound
from kpi_platform.domain.retention import RETENTION_COLUMNS
from kpi_platform.pipeline.batch import read_inputs

_LARGEST = "kpi_values"
CHUNK_ROWS = 1_000_000
"""Approximate number of rows of `kpi_values` in memory at once (100 bytes each); one customer is never
split."""

VALUE_COLUMNS = (
    "account_id", "kpi", "value", "numerator", "denominator", "sample_size", "unreadable_count",
    "left_out_count", "left_out_reason", "window_start", "window_end", "status", "as_of",
)  # fmt: skip
"""Columns of `kpi_values` that a load reads."""

ADDRESS_COLUMNS = ("account_id", "email_domain")
"""Columns of `account_email_domains` that matching reads."""

GROUP_ROWS = 50_000
GROUP_CUSTOMERS = 32
"""Most customers, and most rows of `kpi_values`, that are written together: enough that the statements cost
little beside the rows, and few enough that nobody waits long for one of them."""
ALONE = 2
"""The part of them that is written together if nobody else can write meanwhile: somebody who saves something
waits for one group."""

_READ_AHEAD: Mapping[str, Sequence[str] | None] = {
    "kpi_values": VALUE_COLUMNS,
    "kpi_integrated_metrics": None,
    "account_health_score": None,
    "servicenow_support_metrics": None,
    "servicenow_sla_breaches": None,
    "revenue_retention": RETENTION_COLUMNS,
    "account_email_domains": ADDRESS_COLUMNS,
}


_ADDED = frozenset({"revenue_retention"})
"""Marts that a warehouse lacks between an upgrade and its next build."""


class MartReader(Protocol):
    """The interface with which the steps read one customer's marts."""

    def read_mart(
        self, table: str, customer: str, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Does what `Destination.read_mart` does."""


def batch_marts(
    configuration: Configuration, engine: sa.Engine, customers: Sequence[str]
) -> Mapping[str, "BatchMarts"]:
    """Customer → what reads its marts. Those without a destination are missing: their step says why."""
    inputs, _ = read_inputs(configuration, engine, customers)
    members: dict[Destination, list[str]] = defaultdict(list)
    for one in inputs:
        members[one.destination].append(one.customer)
    readers = {destination: BatchMarts(destination, keys) for destination, keys in members.items()}
    return {one.customer: readers[one.destination] for one in inputs}


def in_groups(
    marts: Mapping[str, "BatchMarts"], customers: Sequence[str], *, alone: bool = False
) -> Iterator[list[str]]:
    """Divides `customers`, in their order, into groups that are worth being written together. One that
    nothing in `marts` reads, or that has many rows, is by itself. `alone`: the database lets one write at a
    time (`dashboard.database.writes_alone`)."""
    part = ALONE if alone else 1
    most, most_rows = GROUP_CUSTOMERS // part, GROUP_ROWS // part
    group: list[str] = []
    size, before = 0, None
    for customer in customers:
        reader = marts.get(customer)
        chunk, rows = reader.chunk_and_rows(customer) if reader else (0, GROUP_ROWS)
        if group and ((reader, chunk) != before or len(group) == most or size + rows > most_rows):
            yield group
            group, size = [], 0
        group.append(customer)
        size, before = size + rows, (reader, chunk)
    if group:
        yield group


@dataclass(slots=True, eq=False)
class BatchMarts:
    """Reads for `customers` of one destination together. Fastest if they are asked for in their order."""

    destination: Destination
    customers: Sequence[str]
    _chunks: list[dict[str, int]] | None = None
    """Customers whose marts are in memory at once, with their rows of `kpi_values`."""
    _chunk: list[str] = field(default_factory=list)
    _tables: dict[str, Mapping[str, list[pa.RecordBatch]]] = field(default_factory=dict)
    _error: KpiPlatformError | None = None

    def read_mart(
        self, table: str, customer: str, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yields the rows of a mart. A destination that did not answer is not asked again for each further
        customer."""
        if self._error is not None:
            raise self._error
        try:
            if customer not in self._chunk:
                self._begin_chunk_of(customer)
            if table not in self._tables:
                self._tables[table] = self._read(table, columns)
        except KpiPlatformError as error:
            self._error = error
            raise
        yield from self._tables[table].get(customer, ())

    def read_ahead(self) -> None:
        """Reads the rows for matching and load now, if they are one chunk: these steps need not wait for the
        destination then. An error is raised to them."""
        try:
            chunks = self._cut()
            if len(chunks) == 1:
                self._chunk = list(chunks[0])
                self._tables = {table: self._read(table, columns) for table, columns in _READ_AHEAD.items()}
        except KpiPlatformError as error:
            self._error = error

    def chunk_and_rows(self, customer: str) -> tuple[int, int]:
        """Returns the number of the chunk of customers in memory that has this one, and its rows of
        `kpi_values`; many if that cannot be found out, which reading them will report."""
        try:
            chunks = self._cut()
        except KpiPlatformError as error:
            self._error = error
            chunks = []
        found = ((number, chunk[customer]) for number, chunk in enumerate(chunks) if customer in chunk)
        return next(found, (0, GROUP_ROWS))

    def _begin_chunk_of(self, customer: str) -> None:
        self._tables.clear()
        self._chunk = next((list(chunk) for chunk in self._cut() if customer in chunk), [customer])

    def _cut(self) -> list[dict[str, int]]:
        if self._chunks is None:
            rows = self.destination.mart_rows([_LARGEST], self.customers)
            self._chunks = [{}]
            size = 0
            for customer in self.customers:
                mine = rows.get(customer, {}).get(_LARGEST, 0)
                if self._chunks[-1] and size + mine > CHUNK_ROWS:
                    self._chunks.append({})
                    size = 0
                self._chunks[-1][customer] = mine
                size += mine
        return self._chunks

    def _read(self, table: str, columns: Sequence[str] | None) -> Mapping[str, list[pa.RecordBatch]]:
        selected = None if columns is None else ["customer_id", *columns]
        found: dict[str, list[pa.RecordBatch]] = defaultdict(list)
        for batch in self._batches(table, selected):
            runs = pc.run_end_encode(batch.column("customer_id"))
            ends = np.asarray(runs.run_ends)
            starts = np.concatenate(([0], ends[:-1]))
            for customer, start, end in zip(
                runs.values.to_pylist(), starts.tolist(), ends.tolist(), strict=True
            ):
                found[customer].append(batch.slice(start, end - start))
        return found

    def _batches(self, table: str, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        try:
            yield from self.destination.read_mart(table, self._chunk, columns)
        except NotFound:
            if table not in _ADDED:
                raise
