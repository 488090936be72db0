"""Variants of one customer's sources that the marts must not notice."""

import random
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.contract.landing import LandedSchema, LandedTable
from kpi_platform_tests.reference.tables import column_key
from kpi_platform_tests.reference.values import instant, midnight

_EVENT_TIMES = {
    "incident": "opened_at",
    "case": "created_date",
    "opportunity": "close_date",
    "event": "end_date_time",
}


def shuffled(customer: LandedCustomer, key: str) -> LandedCustomer:
    """The same rows in another order."""
    rng = random.Random(key)
    schemas: dict[str, LandedSchema] = {}
    for source, tables in customer.schemas.items():
        schemas[source] = {
            name: LandedTable(table.columns, rng.sample(table.rows, len(table.rows)))
            for name, table in tables.items()
        }
    return LandedCustomer(key, schemas, customer.settings)


def without_the_future(customer: LandedCustomer, key: str, as_of: datetime) -> LandedCustomer:
    """Without the rows whose event time is at or after `as_of`. Every version of a row goes or stays as
    one."""
    schemas: dict[str, LandedSchema] = {}
    for source, tables in customer.schemas.items():
        schemas[source] = {name: _past(column_key(name), table, as_of) for name, table in tables.items()}
    return LandedCustomer(key, schemas, customer.settings)


def _past(name: str, table: LandedTable, as_of: datetime) -> LandedTable:
    column = next(
        (c for c in table.columns if column_key(c) == column_key(_EVENT_TIMES.get(name, "-"))), None
    )
    if column is None:
        return table
    read = midnight if name == "opportunity" else instant
    end = instant(as_of)
    assert end is not None

    def later(row: Mapping[str, object]) -> bool:
        moment = read(row[column])
        return moment is not None and moment >= end

    primary_key = next(c for c in table.columns if column_key(c) in ("id", "sysid"))
    mixed = {_short(row[primary_key]) for row in table.rows if not later(row)}
    return LandedTable(
        table.columns, [r for r in table.rows if not later(r) or _short(r[primary_key]) in mixed]
    )


def _short(value: object) -> str:
    return str(value)[:15]


def nameless(
    marts: Mapping[str, Iterable[Mapping[str, object]]], *, without: Collection[str] = ()
) -> dict[str, list[str]]:
    """The marts as sorted text without the customer's key, and the columns `without`: equal if two customers
    have the same values."""
    left_out = {"customer_id", *without}
    return {
        mart: sorted(
            repr({name: value for name, value in row.items() if name not in left_out}) for row in rows
        )
        for mart, rows in marts.items()
    }
