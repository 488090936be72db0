"""Recurring revenue against a ledger that is written from the contract alone, on generated histories."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from kpi_platform_tests.contract.comparison import disagreements, report
from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.contract.histories import LEDGER_AS_OF, histories
from kpi_platform_tests.contract.landing import LandedTable
from kpi_platform_tests.contract.platform import Marts, Platform
from kpi_platform_tests.contract.variants import nameless, shuffled

_RATIOS = ("net_revenue_retention", "gross_revenue_retention", "revenue_growth")
_MONEY = {"amount", "arr_c", "total_price", "mrr"}


@pytest.fixture(scope="module")
def customers() -> Sequence[LandedCustomer]:
    return histories("ledger", 24, accounts=20)


@pytest.fixture(scope="module")
def built(platform: Platform, customers: Sequence[LandedCustomer]) -> Mapping[str, Marts]:
    """The marts of the customers, and of the twins of a few: in another order, with lines that start later,
    with all amounts doubled. The data tests look at them, too."""
    together = [*customers, *(twin(one) for one in customers[::4] for twin in _TWINS.values())]
    platform.adopt(together)
    return platform.build(together, LEDGER_AS_OF)


def test_every_mart_of_a_history_is_that_of_the_reference(
    built: Mapping[str, Marts], customers: Sequence[LandedCustomer]
) -> None:
    found = disagreements(built, customers, LEDGER_AS_OF)
    assert not found, report(found)


def test_the_histories_meet_every_rule(built: Mapping[str, Marts]) -> None:
    lines = [row for marts in built.values() for row in marts["recurring_revenue_lines"]]
    assert {row["kind"] for row in lines} == {"new_business", "renewal", "expansion", "asset_period"}
    assert {row["reason"] for row in lines} == {None, "not started", "no amount", "no conversion rate"}
    assert sum(row["ended_by"] is not None for row in lines) > 50
    for kpi in _RATIOS:
        assert {"ok", "no_data", "unreadable"} <= {row["status"] for row in _values(built, kpi)}


def test_what_is_kept_is_no_more_than_all_and_no_more_than_with_expansion(built: Mapping[str, Marts]) -> None:
    net = {_place(row): row["value"] for row in _values(built, "net_revenue_retention")}
    for row in _values(built, "gross_revenue_retention"):
        if row["value"] is not None and net[_place(row)] is not None:
            assert row["value"] <= min(100, net[_place(row)]) + 1e-9


def test_the_parts_of_retention_add_up_exactly(built: Mapping[str, Marts]) -> None:
    rows: list[Any] = [row for marts in built.values() for row in marts["revenue_retention"]]
    assert len(rows) > 20
    for row in rows:
        assert isinstance(row["starting_arr"], Decimal)
        ending = row["starting_arr"] + row["expansion"] - row["contraction"] - row["churned"]
        assert ending == row["ending_arr"]


def test_the_order_of_rows_changes_nothing(
    built: Mapping[str, Marts], customers: Sequence[LandedCustomer]
) -> None:
    for one in customers[::4]:
        assert nameless(built[f"{one.key}_shuffled"]) == nameless(built[one.key])


def test_a_line_that_starts_later_changes_no_value(
    built: Mapping[str, Marts], customers: Sequence[LandedCustomer]
) -> None:
    for one in customers[::4]:
        before, after = built[one.key], built[f"{one.key}_later"]
        if any(row["revenue_basis"] == "bookings" for row in before["kpi_integrated_metrics"]):
            continue
        for mart in ("kpi_values", "revenue_retention"):
            assert nameless({mart: after[mart]}) == nameless({mart: before[mart]})


def test_amounts_that_are_all_twice_as_much_change_no_ratio(
    built: Mapping[str, Marts], customers: Sequence[LandedCustomer]
) -> None:
    for one in customers[::4]:
        twice = {(row["account_id"], row["kpi"]): row for row in built[f"{one.key}_doubled"]["kpi_values"]}
        for row in built[one.key]["kpi_values"]:
            if row["kpi"] in _RATIOS:
                other = twice[row["account_id"], row["kpi"]]
                assert other["status"] == row["status"]
                if row["value"] is not None:
                    assert math.isclose(other["value"], row["value"], rel_tol=1e-9, abs_tol=1e-9)  # type: ignore[arg-type]


def _values(built: Mapping[str, Marts], kpi: str) -> Iterator[dict[str, Any]]:
    return (row for marts in built.values() for row in marts["kpi_values"] if row["kpi"] == kpi)


def _place(row: Mapping[str, Any]) -> tuple[object, object]:
    return row["customer_id"], row["account_id"]


def _changed(
    customer: LandedCustomer, name: str, change: Callable[[str, LandedTable], LandedTable]
) -> LandedCustomer:
    tables = {table: change(table, landed) for table, landed in customer.schemas["salesforce"].items()}
    schemas = {**customer.schemas, "salesforce": tables}
    return replace(customer, key=f"{customer.key}_{name}", schemas=schemas)


def _later(table: str, landed: LandedTable) -> LandedTable:
    """With a second row for some: won before, but from tomorrow on; without such a field, won tomorrow."""
    if table != "opportunity":
        return landed
    tomorrow = LEDGER_AS_OF.date() + timedelta(days=1)
    is_text = landed.columns["close_date"] == "VARCHAR"
    name = "close_date" if is_text else "contract_start_date_c"
    change = {name if name in landed.columns else "close_date": str(tomorrow) if is_text else tomorrow}
    lines = [row for row in landed.rows if row["type"] not in ("Services", "", None)]
    more = [{**row, "id": f"later {place}", **change} for place, row in enumerate(lines[::3])]
    return LandedTable(landed.columns, [*landed.rows, *more])


def _doubled(_: str, landed: LandedTable) -> LandedTable:
    def double(name: str, value: Any) -> Any:
        if name not in _MONEY or value is None:
            return value
        try:
            return type(value)(float(value) * 2)
        except ValueError:
            return value

    return LandedTable(
        landed.columns, [{name: double(name, value) for name, value in row.items()} for row in landed.rows]
    )


_TWINS: Mapping[str, Callable[[LandedCustomer], LandedCustomer]] = {
    "shuffled": lambda one: shuffled(one, f"{one.key}_shuffled"),
    "later": lambda one: _changed(one, "later", _later),
    "doubled": lambda one: _changed(one, "doubled", _doubled),
}
