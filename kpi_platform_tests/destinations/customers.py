"""The raw tables that every destination gets: few rows, and all that parts one database from another."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pyarrow as pa

from kpi_platform.local.landing import LandingTable
from kpi_platform_tests.contract import people
from kpi_platform_tests.contract.customers import (
    CLASS_TABLES,
    DIRTY_HISTORY,
    FLAT_API,
    Document,
    LandedCustomer,
    make_customer,
)
from kpi_platform_tests.contract.dirty_rows import AS_OFS
from kpi_platform_tests.contract.dirty_world import DirtyWorld
from kpi_platform_tests.contract.histories import histories
from kpi_platform_tests.contract.landing import ARROW_TYPES, LandedSchema
from kpi_platform_tests.contract.style import Style

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


_WRITTEN = Style(naming="capitals", layout="both", times="text", as_text=True, labels=True, local="dmy")

# Every switch of quality.md and support.md has one of its values here or by default in the first customer.
_BY_SLA: Document = {
    "salesforce": {"account_types": {"customer": [" Customer ", "Pro"], "former": ["Customers"]}},
    "servicenow": {
        "child_incidents": "exclude", "reopened": "as_resolved", "sla_unit": "sla", "time_basis": "business",
        "link_placeholders": ["Not Set"],
    },
    "revenue": {"currency": "EUR", "fx": "dated"},
    "kpi_mappings": {
        "csat": {"scale": "0-10", "max_outside": 1},
        "support_satisfaction": {"scale": "1-7", "max_outside": 0.5},
        "executive_engagement": {"titles": ["C.E.O.", "Head  of"], "not_titles": [], "count_emails": True},
    },
}  # fmt: skip
_AS_LANDED: Document = {
    "salesforce": {"account_types": {"customer": ["*"]}},
    "servicenow": {"child_incidents": "include", "time_basis": "sla", "sla_source": "sla_due"},
    "revenue": {"currency": "as_landed"},
    "kpi_mappings": {"executive_engagement": {"not_titles": ["ex-"], "planned_days": None}},
}
_BY_HAND: Document = {
    "salesforce": {"formats": {"date_order": "dmy", "decimal": "comma"}},
    "servicenow": {
        "formats": {"date_order": "dmy", "decimal": "comma"}, "time_basis": "auto", "sla_source": "made_sla"
    },
    "revenue": {"currency": "JPY"},
}  # fmt: skip


def conformance_customers() -> list[LandedCustomer]:
    """Class tables with landed names and plain timestamps; flat incidents with API names and zoned
    timestamps; history mode with everything as text; names in capitals, and texts as people write dates and
    amounts; and two ledgers of recurring revenue, one of contracts and one of assets."""
    small = partial(make_customer, seed="d", accounts=8, incidents=60)
    return [
        small("classic", style=CLASS_TABLES, settings={"custom_kpis": _CUSTOM_KPIS}, change=_every_title),
        small("flat_api", style=FLAT_API, settings=_BY_SLA),
        small("dirty_history", style=DIRTY_HISTORY, settings=_AS_LANDED),
        small("written", style=_WRITTEN, settings=_BY_HAND),
        *(one for number, one in enumerate(histories("d", 4, accounts=20)) if number in (0, 3)),
    ]


def _every_title(world: DirtyWorld) -> None:
    """A contact of one account and a completed task with it for each title that rules trip over."""
    alive = {"is_deleted": False, "_fivetran_deleted": False, "_fivetran_synced": AS_OF}
    account, contact, task = (world.salesforce[name] for name in ("account", "contact", "task"))
    titled = "001TITLED000000"
    account.append({**account[0], "id": titled, "type": "Customer", "master_record_id": None, **alive})
    for number, title in enumerate(people.TITLES):
        who = f"003TITLE{number:07d}"
        contact.append({**contact[0], "id": who, "account_id": titled, "title": title, **alive})
        done = {"is_closed": True, "task_subtype": "Call", "completed_date_time": AS_OF - timedelta(days=1)}
        task.append({**task[0], "id": f"00TTITLE{number:07d}", "who_id": who, **done, **alive})


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
