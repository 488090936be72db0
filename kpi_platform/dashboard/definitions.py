"""The definition of each KPI of a customer: stored once a customer, not once a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk_writing import from_python, write_columns
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.types import among_customers
from kpi_platform.domain.kpis import Band, Direction, Thresholds, is_too_few
from kpi_platform.domain.sources import Source

_thresholds = lru_cache(maxsize=1024)(Thresholds)
"""Every value is judged by those of its KPI."""


@dataclass(frozen=True, slots=True)
class KpiDefinition:
    """`position` is the order of the KPIs on a page. `healthy` and `at_risk` are None if a custom KPI has
    no thresholds, `window_days` if the latest value counts. A value of fewer rows than `min_sample` has no
    band. `basis` is the name of what it was measured by, if there are several; else None."""

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
    min_sample: int = 1
    basis: str | None = None

    @property
    def thresholds(self) -> Thresholds | None:
        if self.healthy is None or self.at_risk is None:
            return None
        return _thresholds(self.healthy, self.at_risk)

    def band(self, value: float | None, sample_size: int | None) -> Band | None:
        """Returns the band of a value; None without a value or thresholds, or if too few rows made it."""
        if value is None or self.healthy is None or self.at_risk is None:
            return None
        if is_too_few(sample_size, self.min_sample):
            return None
        return _thresholds(self.healthy, self.at_risk).band(value, self.direction)

    def document(self) -> dict[str, Any]:
        """Returns the fields by name."""
        return {name: getattr(self, name) for name in _NAMES}


_table = tables.kpi_definitions
_NAMES = tuple(field.name for field in fields(KpiDefinition))
_OURS = (
    sa.select(_table.c.customer_id, *(_table.c[name] for name in _NAMES))
    .where(among_customers(_table.c.customer_id))
    .order_by(_table.c.position, _table.c.kpi)
)
_UPDATE = sa.update(_table).where(
    _table.c.customer_id == sa.bindparam("customer"), _table.c.kpi == sa.bindparam("of_kpi")
)


def kpi_definitions(connection: sa.Connection, customer: str) -> dict[str, KpiDefinition]:
    """Returns the definitions of the customer's newest load by KPI, in their order. Those of KPIs that its
    settings no longer have are among them, as long as their values are."""
    return stored_definitions(connection, get_customer(connection, customer).id)


def stored_definitions(connection: sa.Connection, customer_id: int) -> dict[str, KpiDefinition]:
    """Does what `kpi_definitions` does, by the customer's id."""
    return stored_definitions_of(connection, [customer_id])[customer_id]


def stored_definitions_of(
    connection: sa.Connection, customer_ids: Sequence[int]
) -> dict[int, dict[str, KpiDefinition]]:
    """Does what `kpi_definitions` does for each of these customers."""
    found: dict[int, dict[str, KpiDefinition]] = {customer: {} for customer in customer_ids}
    for row in map(dict, connection.execute(_OURS, {"customers": customer_ids}).mappings()):
        mine = found[row.pop("customer_id")]
        mine[row["kpi"]] = KpiDefinition(**row)
    return found


def store_definitions(
    connection: sa.Connection,
    new: Mapping[int, list[KpiDefinition]],
    changed: Mapping[int, list[KpiDefinition]],
) -> None:
    """Stores definitions by customer: those of KPIs that have none yet, and those that replace another one.
    Those of other KPIs stay: their old values are still there."""
    rows = [{"customer_id": customer, **one.document()} for customer, mine in new.items() for one in mine]
    if rows:
        columns = from_python(_table, {name: [row[name] for row in rows] for name in rows[0]})
        write_columns(connection, _table, columns, len(rows))
    updates = [
        {"customer": customer, "of_kpi": one.kpi, **one.document()}
        for customer, mine in changed.items()
        for one in mine
    ]
    if updates:
        connection.execute(_UPDATE, updates)
