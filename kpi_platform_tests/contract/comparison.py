"""The differences between the marts of the platform and those of the reference."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.reference.marts import MARTS, compute_marts

Rows = Sequence[Mapping[str, object]]

_GRAIN = dict.fromkeys(MARTS, ("customer_id", "account_id")) | {
    "accounts_left_out": ("customer_id", "reason", "account_type"),
    "kpi_values": ("customer_id", "account_id", "kpi"),
    "servicenow_sla_breaches": ("customer_id", "account_id", "category"),
    "recurring_revenue_lines": ("customer_id", "line_id", "end_date"),
    "revenue_retention": ("customer_id", "segment_kind", "segment", "arr_currency"),
}
_SHOWN = 12
_WIDTH = 1500


def differences(built: Mapping[str, Rows], expected: Mapping[str, Rows]) -> list[str]:
    """One line for each row that is missing, unexpected, double, or has another value in a column of the
    contract. Columns that the reference does not have are the platform's own."""
    return [line for mart in MARTS for line in _mart_differences(mart, built[mart], expected[mart])]


def disagreements(
    built: Mapping[str, Mapping[str, Rows]], customers: Sequence[LandedCustomer], as_of: datetime
) -> list[str]:
    """`differences` of all customers, built at `as_of`, from the reference."""
    return [
        f"{as_of.isoformat()} {line}"
        for customer in customers
        for line in differences(built[customer.key], compute_marts(customer.as_reference(as_of), as_of))
    ]


def report(found: Sequence[str]) -> str:
    """The first differences, for an assertion's message."""
    more = len(found) - _SHOWN
    shown = (line[:_WIDTH] for line in found[:_SHOWN])
    return "\n".join([f"{len(found)} differences", *shown, f"… and {more} more" if more > 0 else ""])


def _mart_differences(mart: str, built: Rows, expected: Rows) -> Iterator[str]:
    grain = _GRAIN[mart]
    got, wanted = _by_key(built, grain), _by_key(expected, grain)
    for key in sorted(set(got) | set(wanted), key=repr):
        rows, row = got.get(key, []), wanted[key][0] if key in wanted else None
        if len(rows) > 1:
            yield f"{mart} {key}: {len(rows)} rows"
        elif row is None:
            yield f"{mart} {key}: unexpected {dict(rows[0])}"
        elif not rows:
            yield f"{mart} {key}: missing {dict(row)}"
        else:
            wrong = [
                column for column in row if not _same(rows[0].get(column, "no such column"), row[column])
            ]
            if wrong:
                columns = ", ".join(f"{name} {rows[0].get(name)!r} not {row[name]!r}" for name in wrong)
                yield f"{mart} {key}: {columns}\n    platform  {_short(rows[0])}\n    reference {_short(row)}"


def _by_key(rows: Rows, grain: tuple[str, ...]) -> dict[tuple[object, ...], list[Mapping[str, object]]]:
    found: dict[tuple[object, ...], list[Mapping[str, object]]] = {}
    for row in rows:
        found.setdefault(tuple(_in_utc(row[column]) for column in grain), []).append(row)
    return found


def _in_utc(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _short(row: Mapping[str, object]) -> dict[str, object]:
    left_out = ("customer_id", "account_id", "window_end", "as_of")
    return {name: value for name, value in row.items() if name not in left_out and value is not None}


def _same(got: object, wanted: object) -> bool:
    if isinstance(got, datetime) and isinstance(wanted, datetime):
        return _in_utc(got) == wanted
    if isinstance(got, bool) or isinstance(wanted, bool):
        return got is wanted
    if isinstance(got, int | float | Decimal) and isinstance(wanted, int | float):
        return math.isclose(float(got), wanted, rel_tol=1e-9, abs_tol=1e-12)
    return got == wanted
