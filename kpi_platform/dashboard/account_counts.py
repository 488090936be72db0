"""How many accounts counted at the newest build of each customer: for pages and loads, which read this
database alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import find_customers
from kpi_platform.dashboard.types import among_customers
from kpi_platform.domain.account_counts import AccountCounts


@dataclass(frozen=True, slots=True)
class BuiltAccounts:
    """Counts of the build at `as_of`."""

    as_of: datetime
    counts: AccountCounts


_table = tables.account_counts
_OURS = sa.select(_table.c.customer_id, _table.c.as_of, _table.c.counts).where(
    among_customers(_table.c.customer_id)
)


def record_account_counts(
    connection: sa.Connection, counts: Mapping[str, AccountCounts], as_of: datetime
) -> None:
    """Replaces the counts of these customers (by key); one that was removed meanwhile has none."""
    known = find_customers(connection, list(counts))
    rows = [
        {"customer_id": one.id, "as_of": as_of, "counts": counts[key].document()}
        for key, one in known.items()
    ]
    if rows:
        ids = [row["customer_id"] for row in rows]
        connection.execute(sa.delete(_table).where(_table.c.customer_id.in_(ids)))
        connection.execute(sa.insert(_table), rows)


def account_counts(connection: sa.Connection, customers: Sequence[str]) -> dict[str, BuiltAccounts]:
    """Customer key → what its newest build counted, of those that have been built."""
    keys = {one.id: key for key, one in find_customers(connection, customers).items()}
    rows = connection.execute(_OURS, {"customers": list(keys)})
    return {
        keys[customer]: BuiltAccounts(as_of, AccountCounts.parse(found)) for customer, as_of, found in rows
    }
