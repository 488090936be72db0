"""What each KPI of a customer means: kept once a customer, not once a value."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.kpis import Direction, Source


@dataclass(frozen=True, slots=True)
class KpiDefinition:
    """`position` is the order of the KPIs on a page. `healthy` and `at_risk` are None where a custom KPI has
    no thresholds, `window_days` where the latest value counts."""

    kpi: str
    display_name: str
    category: str
    impact: str
    frequency: str
    unit: str
    direction: Direction
    source: Source
    window_days: int | None
    healthy: float | None
    at_risk: float | None
    formula: str
    position: int

    def document(self) -> dict[str, Any]:
        """The fields by name."""
        return {name: getattr(self, name) for name in _NAMES}


_table = tables.kpi_definitions
_NAMES = tuple(field.name for field in fields(KpiDefinition))
_MINE = (
    sa.select(*(_table.c[name] for name in _NAMES))
    .where(_table.c.customer_id == sa.bindparam("customer"))
    .order_by(_table.c.position, _table.c.kpi)
)
_INSERT = sa.insert(_table)


def kpi_definitions(connection: sa.Connection, customer: str) -> dict[str, KpiDefinition]:
    """The definitions of the customer's newest load by KPI, in their order. Those of KPIs that its settings
    no longer have are among them, as long as their values are."""
    return stored_definitions(connection, get_customer(connection, customer).id)


def stored_definitions(connection: sa.Connection, customer_id: int) -> dict[str, KpiDefinition]:
    """As `kpi_definitions`, by the customer's id."""
    rows = connection.execute(_MINE, {"customer": customer_id}).mappings()
    return {row["kpi"]: KpiDefinition(**row) for row in rows}


def store_definitions(
    connection: sa.Connection,
    customer_id: int,
    definitions: list[KpiDefinition],
    known: Mapping[str, KpiDefinition],
) -> bool:
    """Stores what differs from the `known`, which are stored. Those of KPIs that are not among them stay:
    their old values are still there. Returns whether anything differed."""
    differing = [one for one in definitions if known.get(one.kpi) != one]
    new: list[dict[str, Any]] = []
    for one in differing:
        values = one.document()
        if one.kpi in known:
            key = sa.and_(_table.c.customer_id == customer_id, _table.c.kpi == one.kpi)
            connection.execute(sa.update(_table).where(key).values(values))
        else:
            new.append({"customer_id": customer_id, **values})
    if new:
        connection.execute(_INSERT, new)
    return bool(differing)
