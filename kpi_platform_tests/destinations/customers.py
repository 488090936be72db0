"""The raw tables that every destination gets: few rows, and all that parts one database from another."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyarrow as pa

from kpi_platform.local.landing import LandingTable
from kpi_platform_tests.contract.customers import (
    CLASS_TABLES,
    DIRTY_HISTORY,
    FLAT_API,
    LandedCustomer,
    make_customer,
)
from kpi_platform_tests.contract.dirty_rows import AS_OFS
from kpi_platform_tests.contract.landing import ARROW_TYPES, LandedSchema

AS_OF = AS_OFS[0]
LATER = AS_OF + timedelta(hours=5)

_CUSTOM_KPIS: list[Mapping[str, Any]] = [
    {
        "name": "Ratings 🎉", "slug": "median_rating", "source": "salesforce", "table": "case",
        "aggregate": "median", "field": "Satisfaction_Rating__c",
        "time_field": "CreatedDate", "window_days": 365,
    },
    {
        "name": "Share of wins", "slug": "won_share", "source": "salesforce", "table": "opportunity",
        "aggregate": "ratio", "unit": "percent", "numerator": {"aggregate": "count", "filters": [
            {"field": "IsWon", "operator": "eq", "value": True},
        ]},
        "denominator": {"aggregate": "count", "filters": [
            {"field": "Type", "operator": "ne", "value": "O'Brien \\ \"🎉\" %s {{ x }}"},
        ]},
    },
    {
        "name": "Categories", "slug": "categories", "source": "servicenow", "table": "incident",
        "aggregate": "count_distinct", "field": "category", "filters": [
            {"or": [
                {"field": "category", "operator": "contains", "value": "E"},
                {"field": "opened_at", "operator": "ge", "value": "2026-01-01T00:00:00Z"},
            ]},
        ],
    },
]  # fmt: skip


def conformance_customers() -> list[LandedCustomer]:
    """Class tables with landed names and plain timestamps; flat incidents with API names and zoned
    timestamps; history mode with everything as text."""
    small = {"accounts": 8, "incidents": 60}
    return [
        make_customer("classic", "d", CLASS_TABLES, {"custom_kpis": _CUSTOM_KPIS}, **small),  # type: ignore[arg-type]
        make_customer("flat_api", "d", FLAT_API, **small),  # type: ignore[arg-type]
        make_customer("dirty_history", "d", DIRTY_HISTORY, **small),  # type: ignore[arg-type]
    ]


def emptied(customer: LandedCustomer) -> LandedCustomer:
    """The customer after all its rows went."""
    schemas: dict[str, LandedSchema] = {
        source: {name: replace(table, rows=[]) for name, table in tables.items()}
        for source, tables in customer.schemas.items()
    }
    return replace(customer, schemas=schemas)


def landed_tables(schema: LandedSchema) -> list[LandingTable]:
    """The tables as the local Fivetran lands them: each replaced by exactly these rows."""
    return [
        LandingTable(
            name,
            pa.table(
                {
                    column: pa.array([row[column] for row in table.rows], type=ARROW_TYPES[kind])
                    for column, kind in table.columns.items()
                }
            ),
        )
        for name, table in schema.items()
    ]
