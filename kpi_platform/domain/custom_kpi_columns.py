"""Checks a custom KPI against the columns that landed, and makes its input for dbt.

dbt gets column keys that exist, and values with their kind, for the dialect's own quoting; nothing else of a
definition comes near SQL.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from kpi_platform.domain.custom_kpis import Comparison, Condition, CustomKpi, Measure, Or, Scalar
from kpi_platform.domain.instants import in_utc
from kpi_platform.domain.landed import LandedColumn, LandedTable, column_key
from kpi_platform.domain.sources import SOURCE_TABLES, Source

Kind = Literal["number", "text", "boolean", "time"]

_KINDS: Mapping[Kind, re.Pattern[str]] = {
    "boolean": re.compile(r"bool"),
    "time": re.compile(r"timestamp|date"),
    "number": re.compile(
        r"(u?(tiny|small|medium|big|huge)?int(eger)?\d*|byteint|numeric|bignumeric|decimal|number|float\d*|"
        r"double|real)\b"
    ),
}
_NUMERIC_AGGREGATES = ("sum", "avg", "min", "max", "median")


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a definition that does not fit the landed columns: its place in the definition, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class TextReading:
    """A column of text that the definition reads as `kind` (number or time) at `path`; only its values show
    whether it can be. `tables` are those that have it."""

    path: str
    field: str
    kind: Kind
    tables: tuple[LandedTable, ...]

    def problem(self, values: Sequence[str]) -> Problem | None:
        """Returns what is wrong if values have landed and none of them is of that kind."""
        texts = [value.strip() for value in values if value.strip()]
        if not texts or any(_reads_as(self.kind, text) for text in texts):
            return None
        needed = "numbers" if self.kind == "number" else "times"
        return Problem(self.path, f"{self.field} holds text like {texts[0][:40]!r}, and {needed} are needed")


def column_kind(landed_type: str) -> Kind:
    """Returns the kind of value that a column of this type holds; text if nothing else is known."""
    for kind, pattern in _KINDS.items():
        if pattern.match(landed_type.lower()):
            return kind
    return "text"


def check_custom_kpi(kpi: CustomKpi, tables: Mapping[Source, Mapping[str, LandedTable]]) -> list[Problem]:
    """Returns everything that keeps `kpi` from being computed from `tables`; empty if it can be."""
    found = tables.get(kpi.source, {}).get(kpi.table)
    if found is None or found.status != "available":
        reason = "switched off in the settings" if found and found.status == "switched_off" else "not synced"
        return [Problem("table", f"the table {kpi.table} of {kpi.source} is {reason}")]
    return list(_problems(kpi, readable_columns(kpi.source, kpi.table, tables)))


def readable_columns(
    source: Source, table: str, tables: Mapping[Source, Mapping[str, LandedTable]]
) -> Mapping[str, LandedColumn]:
    """Returns the columns of a table by key; those of `task` belong to an incident too (its class table)."""
    columns: dict[str, LandedColumn] = {}
    for landed in _tables_of(source, table, tables):
        columns.update(landed.columns or {})
    return columns


def texts_read_otherwise(
    kpi: CustomKpi, tables: Mapping[Source, Mapping[str, LandedTable]]
) -> Iterator[TextReading]:
    """Yields the places at which `kpi`, which has no other problem, takes numbers or a time from text."""
    measures = (("numerator.", kpi.numerator), ("denominator.", kpi.denominator))
    read: list[tuple[str, str | None, Kind]] = [
        (f"{place}field", measure.field, "number")
        for place, measure in (("", kpi), *measures)
        if measure is not None and measure.aggregate in _NUMERIC_AGGREGATES
    ]
    read.append(("time_field", kpi.time_field, "time"))
    columns = readable_columns(kpi.source, kpi.table, tables)
    for path, name, kind in read:
        if name is not None and _kind(name, columns) == "text":
            having = _tables_of(kpi.source, kpi.table, tables)
            yield TextReading(
                path, name, kind, tuple(t for t in having if column_key(name) in (t.columns or {}))
            )


def custom_kpi_var(kpi: CustomKpi, tables: Mapping[Source, Mapping[str, LandedTable]]) -> dict[str, Any]:
    """Returns `kpi` as dbt gets it. Fields are column keys; every condition has `kind` (number, text, boolean
    or time, the last as ISO 8601 in UTC). `status` is `ready`, `not_synced` (no such table) or `not_mapped`
    (a field is not there, or is of the wrong kind; `problem` says which), and only a ready one has fields."""
    problems = check_custom_kpi(kpi, tables)
    columns = readable_columns(kpi.source, kpi.table, tables)
    var: dict[str, Any] = {
        "slug": kpi.slug,
        "name": kpi.name,
        "source": kpi.source,
        "table": kpi.table,
        "aggregate": kpi.aggregate,
        "window_days": kpi.window_days,
        "unit": kpi.unit,
        "direction": kpi.direction,
        "status": "ready",
        "problem": None,
    }
    if problems:
        status = "not_synced" if problems[0].path == "table" else "not_mapped"
        reasons = "; ".join(f"{problem.path}: {problem.reason}" for problem in problems)
        return var | {"status": status, "problem": reasons}
    return var | {
        "field": _key(kpi.field),
        "filters": [_condition_var(condition, columns) for condition in kpi.filters],
        "numerator": _measure_var(kpi.numerator, columns),
        "denominator": _measure_var(kpi.denominator, columns),
        "time_field": _key(kpi.time_field),
    }


def _tables_of(
    source: Source, table: str, tables: Mapping[Source, Mapping[str, LandedTable]]
) -> list[LandedTable]:
    classes = [one.class_table for one in SOURCE_TABLES[source] if one.name == table and one.class_table]
    of_source = tables.get(source, {})
    return [of_source[name] for name in (*classes, table) if name in of_source]


def _problems(kpi: CustomKpi, columns: Mapping[str, LandedColumn]) -> Iterator[Problem]:
    yield from _field_problems("field", kpi.field, kpi.aggregate, columns)
    yield from _filter_problems("filters", kpi.filters, columns)
    for place, measure in (("numerator", kpi.numerator), ("denominator", kpi.denominator)):
        if measure is not None:
            yield from _field_problems(f"{place}.field", measure.field, measure.aggregate, columns)
            yield from _filter_problems(f"{place}.filters", measure.filters, columns)
    if kpi.time_field is not None:
        kind = _kind(kpi.time_field, columns)
        if kind is None:
            yield Problem("time_field", f"there is no column {kpi.time_field}")
        elif kind not in ("time", "text"):
            yield Problem("time_field", f"{kpi.time_field} holds a {kind}, not a time")


def _field_problems(
    path: str, name: str | None, aggregate: str, columns: Mapping[str, LandedColumn]
) -> Iterator[Problem]:
    if name is None:
        return
    kind = _kind(name, columns)
    if kind is None:
        yield Problem(path, f"there is no column {name}")
    elif aggregate in _NUMERIC_AGGREGATES and kind not in ("number", "text"):
        yield Problem(path, f"{name} holds a {kind}, and {aggregate} needs numbers")


def _filter_problems(
    path: str, conditions: Sequence[Condition], columns: Mapping[str, LandedColumn]
) -> Iterator[Problem]:
    for index, condition in enumerate(conditions):
        here = f"{path}.{index}"
        if not isinstance(condition, Comparison):
            form = "or" if isinstance(condition, Or) else "and"
            yield from _filter_problems(f"{here}.{form}", condition.conditions, columns)
        elif (kind := _kind(condition.field, columns)) is None:
            yield Problem(f"{here}.field", f"there is no column {condition.field}")
        elif (reason := _misfit(condition, kind)) is not None:
            yield Problem(f"{here}.value", f"{condition.field} {reason}")


def _misfit(condition: Comparison, kind: Kind) -> str | None:
    """Why the values cannot be compared with a column of this kind."""
    if condition.operator in ("contains", "starts_with") and kind != "text":
        return f"holds a {kind}, and {condition.operator} needs text"
    if kind == "boolean" and condition.operator in ("lt", "le", "gt", "ge"):
        return "is true or false and has no order"
    for value in _values(condition):
        given = (
            "boolean" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"
        )
        if kind == "time" and (given != "text" or _utc(str(value)) is None):
            return f"holds a time; write {value!r} as 2026-01-31 or 2026-01-31T12:00:00"
        if kind in ("number", "boolean") and given != kind:
            return f"holds a {kind}, and {value!r} is none"
    return None


def _condition_var(condition: Condition, columns: Mapping[str, LandedColumn]) -> dict[str, Any]:
    if not isinstance(condition, Comparison):
        form = "or" if isinstance(condition, Or) else "and"
        return {form: [_condition_var(nested, columns) for nested in condition.conditions]}
    kind = _kind(condition.field, columns)
    values = [_utc(str(value)) if kind == "time" else value for value in _values(condition)]
    if kind == "text" and values and not isinstance(values[0], str):
        kind = "boolean" if isinstance(values[0], bool) else "number"
    return {
        "field": column_key(condition.field),
        "operator": condition.operator,
        "kind": kind,
        "value": values if isinstance(condition.value, tuple) else values[0] if values else None,
    }


def _measure_var(measure: Measure | None, columns: Mapping[str, LandedColumn]) -> dict[str, Any] | None:
    if measure is None:
        return None
    return {
        "aggregate": measure.aggregate,
        "field": _key(measure.field),
        "filters": [_condition_var(condition, columns) for condition in measure.filters],
    }


def _values(condition: Comparison) -> tuple[Scalar, ...]:
    if condition.value is None:
        return ()
    return condition.value if isinstance(condition.value, tuple) else (condition.value,)


def _reads_as(kind: Kind, text: str) -> bool:
    if kind == "time":
        return _utc(text) is not None
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _utc(text: str) -> str | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return in_utc(moment).isoformat()


def _key(name: str | None) -> str | None:
    return column_key(name) if name is not None else None


def _kind(name: str, columns: Mapping[str, LandedColumn]) -> Kind | None:
    column = columns.get(column_key(name))
    return column_kind(column.type) if column is not None else None
