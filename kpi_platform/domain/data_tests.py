"""Data tests of the dbt project in words: rules and findings, the same for page, run, check and alert."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kpi_platform.domain.kpis import KPIS

PLACE_COLUMNS = ("source_table", "column_name")
"""Columns of a failing row that say of which table and column it tells, where the test is about several."""

_OWN_COLUMNS = (*PLACE_COLUMNS, "customer_id", "row_count", "broken_rule", "example_value", "as_of")
_PLACES_NAMED = 5
_CELLS_NAMED = 5
_LONGEST = 80


REPORT_THE_FAULT = (
    "This is a fault of the platform, not of the source: report it, with this message, to whoever runs the "
    "platform. Until the check passes nothing is loaded for the customer, and its last load stays shown."
)
"""The next step after a test that keeps a customer from being loaded."""


@dataclass(frozen=True, slots=True)
class DataTest:
    """A data test: the table and columns that it is about, and its rule as a sentence."""

    name: str
    table: str
    columns: tuple[str, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class FailingRows:
    """A customer's rows that break a rule, of one table and column. `count` is how many they are; `rows` are
    some of them, as the test selects them."""

    table: str
    column: str | None
    count: int
    rows: Sequence[Mapping[str, Any]]


def data_test(
    name: str,
    table: str,
    *,
    generic: str | None = None,
    arguments: Mapping[str, Any] | None = None,
    description: str = "",
    meta: Mapping[str, Any] | None = None,
) -> DataTest:
    """Returns the test that the manifest describes so. `table` is what it is attached to, `generic` the name
    of the generic test with its `arguments`; the words of a singular test are its `description` and `meta`.
    The rule of a test without words is empty."""
    arguments, meta = arguments or {}, meta or {}
    words = _GENERIC.get(generic or "")
    columns = words.columns(arguments) if words else ()
    return DataTest(
        name,
        meta.get("table", table),
        tuple(meta.get("columns", columns)),
        _sentence(description) or (words.rule(arguments) if words else ""),
    )


def finding_words(
    customer: str, test: DataTest, failing: Sequence[FailingRows] = (), *, could_run: bool = True
) -> str:
    """Says what `test` found of `customer`: table, column, how many rows, an example, and the rule.
    Without `failing` it is not known whose the rows are, or, without `could_run`, whether there are any."""
    rule = f" The rule: {test.rule}" if test.rule else f" The rule is that of the check {test.name}."
    if not could_run:
        return f"Customer {customer}: the check of {_place(test)} could not run.{rule}"
    if not failing:
        found = f"some rows of {_place(test)} break a rule; they do not say whose they are"
        return f"Customer {customer}: {found}.{rule}"
    own_words = _OWN_WORDS.get(test.name)
    named = [
        own_words(one) if own_words else _rows(test, one, verb=place == 0)
        for place, one in enumerate(failing[:_PLACES_NAMED])
    ]
    if more := len(failing) - len(named):
        named.append(f"and rows of {more} more {'column' if more == 1 else 'columns'}")
    return f"Customer {customer}: {'; '.join(named)}.{rule}"


def _rows(test: DataTest, failing: FailingRows, *, verb: bool) -> str:
    place = _place(test, failing.table, failing.column)
    count = f"{failing.count:,} {'row' if failing.count == 1 else 'rows'} of {place}"
    if verb:
        count += " breaks a rule" if failing.count == 1 else " break a rule"
    example = _example(failing.rows[0]) if failing.rows else ""
    return f"{count}, for example {example}" if example else count


def _out_of_range(failing: FailingRows) -> str:
    """`Adoption Index of 1 account is 104, outside 0 to 100: Bay Energy`. A row's column is the KPI."""
    if not failing.rows:
        return f"{_kpi_name(failing.column)} of {_accounts(failing.count)} is outside its range"
    row = failing.rows[0]
    limits = [row.get("minimum"), row.get("maximum")]
    shown = [shown_value(limit) for limit in limits if limit is not None]
    outside = f"outside {' to '.join(shown)}"
    if len(shown) == 1:
        outside = f"{'below' if limits[1] is None else 'above'} {shown[0]}"
    value, account = shown_value(row.get("value")), shown_value(row.get("account_name"))
    found = f"{_kpi_name(failing.column)} of {_accounts(failing.count)} is"
    if failing.count == 1:
        return f"{found} {value}, {outside}: {account}"
    return f"{found} {outside}, for example {value} of {account}"


def _accounts(count: int) -> str:
    return f"{count:,} {'account' if count == 1 else 'accounts'}"


def _kpi_name(slug: str | None) -> str:
    known = KPIS.get(slug or "")
    return known.display_name if known else str(slug)


_OWN_WORDS: Mapping[str, Callable[[FailingRows], str]] = {"values_out_of_range": _out_of_range}
"""How a test says what it found of one place, where table, column and an example row say too little."""


def _place(test: DataTest, table: str | None = None, column: str | None = None) -> str:
    if column is not None:
        return f"{table}.{column}"
    if table is not None and table != test.table:
        return f"{table}.{test.columns[0]}" if len(test.columns) == 1 else table
    if 0 < len(test.columns) <= 3:
        return ", ".join(f"{test.table}.{name}" for name in test.columns)
    return test.table


def _example(row: Mapping[str, Any]) -> str:
    if row.get("example_value") is not None:
        shown = shown_value(row["example_value"])
        return f"'{shown}'" if isinstance(row["example_value"], str) else shown
    cells = [
        f"{name} {shown_value(value)}"
        for name, value in row.items()
        if name not in _OWN_COLUMNS and value is not None
    ]
    broken = f" ({shown_value(row['broken_rule'])})" if row.get("broken_rule") else ""
    return ", ".join(cells[:_CELLS_NAMED]) + broken


def shown_value(value: Any) -> str:
    """Returns a value of a row on one line, cut if it is long."""
    text = f"{value:g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


@dataclass(frozen=True, slots=True)
class _Words:
    """How a generic test is put into words, by its arguments."""

    rule: Callable[[Mapping[str, Any]], str]
    columns: Callable[[Mapping[str, Any]], Sequence[str]] = lambda arguments: (arguments["column_name"],)


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(map(str, names))


def _sentence(text: str) -> str:
    words = " ".join(text.split())
    return words if not words or words.endswith(".") else f"{words}."


def _model(reference: str) -> str:
    """`kpi_accounts` of `ref('kpi_accounts')`."""
    return str(re.findall(r"[\w.]+", reference)[-1])


_GENERIC = {
    "not_null": _Words(lambda one: f"Every row has a value in {one['column_name']}."),
    "unique": _Words(lambda one: f"No two rows have the same {one['column_name']}."),
    "accepted_values": _Words(lambda one: f"{one['column_name']} is one of {_listed(one['values'])}."),
    "relationships": _Words(
        lambda one: f"Every {one['column_name']} is in {_model(one['to'])}.{one['field']}."
    ),
    "unique_grain": _Words(
        lambda one: f"No two rows are equal in {_listed(one['columns'])}.", lambda one: one["columns"]
    ),
    "valid_rows": _Words(
        lambda one: (
            "Every required column has a value, every value is one that its column may have, and no two rows "
            f"are equal in {_listed(one['grain'])}."
        ),
        lambda one: [*one["required"], *one.get("ranges", {}), *one.get("values", {})],
    ),
}
