"""Reading the marts of many customers at once gives each what it would have read alone."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pytest

from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import DestinationUnavailable
from kpi_platform.pipeline import batch_marts
from kpi_platform.pipeline.batch_marts import BatchMarts, in_groups
from kpi_platform_tests.pipeline.desk import T1
from kpi_platform_tests.pipeline.marts import MartAccount, write_marts

CUSTOMERS = {"acme": 3, "bolt": 0, "core": 5, "dash": 2}
COLUMNS = ("account_id", "kpi", "value")


class Counting(DuckDbDestination):
    """Counts its statements; can be down."""

    reads: int = 0
    down: bool = False

    def read_mart(
        self, table: str, customer: str | Sequence[str], columns: Sequence[str] | None = None, **options: Any
    ) -> Iterator[pa.RecordBatch]:
        type(self).reads += 1
        if self.down:
            raise DestinationUnavailable("It is down.")
        return super().read_mart(table, customer, columns, **options)

    def mart_rows(self, *arguments: Any) -> dict[str, dict[str, int]]:
        if self.down:
            type(self).reads += 1
            raise DestinationUnavailable("It is down.")
        return super().mart_rows(*arguments)


@pytest.fixture
def destination(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> Counting:
    for key, accounts in CUSTOMERS.items():
        rows = [MartAccount(f"{key}{n}", f"{key} {n}", {"nps": n, "csat": 4.0}) for n in range(accounts)]
        write_marts(configuration, key, T1, rows)
    monkeypatch.setattr(Counting, "reads", 0)
    return Counting(configuration.warehouse_file, "kpi")


def rows_of(batches: Iterator[pa.RecordBatch]) -> list[dict[str, Any]]:
    found = [row for batch in batches for row in batch.select(COLUMNS).to_pylist()]
    return sorted(found, key=lambda row: (row["account_id"], row["kpi"]))


@pytest.mark.parametrize(("chunk_rows", "statements"), [(1_000_000, 1), (8, 3), (1, 4)])
def test_each_customer_gets_its_own_rows_however_many_are_read_at_once(
    destination: Counting, monkeypatch: pytest.MonkeyPatch, chunk_rows: int, statements: int
) -> None:
    monkeypatch.setattr(batch_marts, "CHUNK_ROWS", chunk_rows)
    marts = BatchMarts(destination, list(CUSTOMERS))
    found = {key: rows_of(marts.read_mart("kpi_values", key, COLUMNS)) for key in CUSTOMERS}
    assert Counting.reads == statements
    assert {key: len(rows) for key, rows in found.items()} == {key: 2 * n for key, n in CUSTOMERS.items()}
    assert found == {key: rows_of(destination.read_mart("kpi_values", key, COLUMNS)) for key in CUSTOMERS}


def test_a_destination_that_is_down_is_asked_once_for_all(
    destination: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counting, "down", True)
    marts = BatchMarts(destination, list(CUSTOMERS))
    for key in CUSTOMERS:
        with pytest.raises(DestinationUnavailable):
            list(marts.read_mart("kpi_values", key))
    assert Counting.reads == 1


def test_what_was_read_ahead_is_there_when_the_destination_is_not(
    destination: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = {key: rows_of(destination.read_mart("kpi_values", key)) for key in CUSTOMERS}
    marts = BatchMarts(destination, list(CUSTOMERS))
    marts.read_ahead()
    monkeypatch.setattr(Counting, "down", True)
    assert {key: rows_of(marts.read_mart("kpi_values", key)) for key in CUSTOMERS} == alone
    assert sum(len(list(marts.read_mart("kpi_integrated_metrics", key))) for key in CUSTOMERS) == 3


def test_more_than_a_chunk_is_not_read_ahead(destination: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_marts, "CHUNK_ROWS", 8)
    marts = BatchMarts(destination, list(CUSTOMERS))
    marts.read_ahead()
    assert Counting.reads == 0
    assert len(rows_of(marts.read_mart("kpi_values", "core"))) == 10


def test_an_error_while_reading_ahead_is_told_to_who_asks(
    destination: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counting, "down", True)
    marts = BatchMarts(destination, list(CUSTOMERS))
    marts.read_ahead()
    with pytest.raises(DestinationUnavailable, match="It is down"):
        list(marts.read_mart("kpi_values", "acme"))


@pytest.mark.parametrize(
    ("customers", "rows", "chunk_rows", "expected"),
    [
        (32, 50_000, 1_000_000, [["acme", "bolt", "core", "dash"]]),
        (3, 50_000, 1_000_000, [["acme", "bolt", "core"], ["dash"]]),
        (32, 10, 1_000_000, [["acme", "bolt"], ["core"], ["dash"]]),
        (32, 50_000, 8, [["acme", "bolt"], ["core"], ["dash"]]),
    ],
    ids=["few", "more customers than go together", "more rows than go together", "more rows than are read"],
)
def test_customers_are_written_together_that_have_few_rows_and_are_read_together(
    destination: Counting,
    monkeypatch: pytest.MonkeyPatch,
    customers: int,
    rows: int,
    chunk_rows: int,
    expected: list[list[str]],
) -> None:
    monkeypatch.setattr(batch_marts, "GROUP_CUSTOMERS", customers)
    monkeypatch.setattr(batch_marts, "GROUP_ROWS", rows)
    monkeypatch.setattr(batch_marts, "CHUNK_ROWS", chunk_rows)
    marts = BatchMarts(destination, list(CUSTOMERS))
    assert list(in_groups(dict.fromkeys(CUSTOMERS, marts), list(CUSTOMERS))) == expected


def test_groups_are_half_as_large_if_nobody_else_can_write_meanwhile(
    destination: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_marts, "GROUP_CUSTOMERS", 4)
    marts = dict.fromkeys(CUSTOMERS, BatchMarts(destination, list(CUSTOMERS)))
    assert list(in_groups(marts, list(CUSTOMERS))) == [["acme", "bolt", "core", "dash"]]
    assert list(in_groups(marts, list(CUSTOMERS), alone=True)) == [["acme", "bolt"], ["core", "dash"]]


def test_who_has_no_destination_or_one_that_is_down_is_alone(
    destination: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counting, "down", True)
    marts = dict.fromkeys(["core", "dash"], BatchMarts(destination, ["core", "dash"]))
    assert list(in_groups(marts, list(CUSTOMERS))) == [[key] for key in CUSTOMERS]
