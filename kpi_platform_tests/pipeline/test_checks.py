"""A failed data test names the customers whose rows are wrong."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pytest

from kpi_platform.adapters.dbt_results import NodeResult
from kpi_platform.domain.data_tests import DataTest
from kpi_platform.pipeline.checks import EXAMPLES, Check, check_of

RULE = DataTest("house_rule", "kpi_values", ("value",), "No value is −99.")


class Rows:
    """A destination whose every query answers the same rows, in batches of 7."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self._rows = rows

    def query(self, sql: str) -> Iterator[pa.RecordBatch]:
        assert sql == "select * from (select 1) as failing_rows"
        yield from pa.Table.from_pylist(self._rows).to_batches(max_chunksize=7)


def check(rows: Sequence[dict[str, Any]], status: Any = "fail") -> Check:
    result = NodeResult(
        name="house_rule", unique_id="test.kpi_platform.house_rule", kind="test", status=status, seconds=0,
        rows=None, message="Got results", failures=len(rows), severity="error", model="kpi_values", test=RULE,
        compiled_sql="select 1",
    )  # fmt: skip
    return check_of(Rows(rows), result, ["acme", "bolt", "cora"])  # type: ignore[arg-type]


def test_a_failed_check_shows_a_customer_no_row_of_another() -> None:
    found = check([
        {"customer_id": "acme", "account_id": "001", "value": -99.0},
        {"customer_id": "bolt", "account_id": "007", "value": -99.0},
        {"customer_id": "bolt", "account_id": "008", "value": -99.0},
    ])  # fmt: skip
    assert found.blamed == ("acme", "bolt")
    assert found.words("acme").startswith(
        "Customer acme: 1 row of kpi_values.value breaks a rule, for example account_id 001, value -99."
    )
    told = f"{found.as_error('bolt')} {found.as_error('bolt').details}"
    assert "Customer bolt: 2 rows" in told
    assert not [word for word in ("acme", "001", "cora") if word in told]


def test_rows_that_do_not_say_whose_they_are_are_everybodys_and_shown_to_nobody() -> None:
    found = check([{"unique_field": "001", "n_records": 2}])
    assert found.blamed == ("acme", "bolt", "cora")
    assert "they do not say whose they are" in found.words("acme")
    assert "001" not in found.words("acme")


def test_a_check_that_passed_concerns_nobody_and_one_that_could_not_run_everybody() -> None:
    assert not check([], "pass").concerns("acme")
    broken = check([], "error")
    assert (broken.concerns("acme"), broken.concerns("zeta"), broken.blamed) == (True, False, ())
    assert "could not run" in broken.words("acme")


@pytest.mark.parametrize("order", [1, -1])
def test_of_many_rows_all_are_counted_and_the_same_few_are_kept(order: int) -> None:
    rows = [
        {"customer_id": "acme", "account_id": f"{number:04}", "row_count": 2, "value": float("nan")}
        for number in range(1000)
    ]
    [failing] = check(rows[::order]).failing["acme"]
    assert failing.count == 2000
    assert [row["account_id"] for row in failing.rows] == [f"{number:04}" for number in range(EXAMPLES)]
    assert failing.rows[0]["value"] == "nan", "JSON has no such number"


def test_rows_are_counted_by_the_table_and_column_that_they_name() -> None:
    found = check([
        {"customer_id": "acme", "source_table": "salesforce.case", "column_name": name, "example_value": "x"}
        for name in ("b", "a", "b")
    ])  # fmt: skip
    assert [(one.table, one.column, one.count) for one in found.failing["acme"]] == [
        ("salesforce.case", "a", 1),
        ("salesforce.case", "b", 2),
    ]
