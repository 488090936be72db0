"""Names of secrets that the operator lists for a customer, besides those that are its own by their form."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import NotFound

_table, _customers = tables.allowed_secrets, tables.customers


@dataclass(frozen=True, slots=True)
class AllowedSecret:
    """A listed name. `confirmed` is False while nobody has looked at what an upgrade has listed. `as_before`:
    the value may be the path of a file although the name does not say so."""

    customer: str
    name: str
    allowed_by: str
    allowed_at: datetime
    confirmed: bool
    as_before: bool


def allow_secret(connection: sa.Connection, customer: str, name: str, *, who: str) -> None:
    """Lists `name` for the customer, or confirms what an upgrade has listed."""
    customer_id = get_customer(connection, customer).id
    mine = sa.and_(_table.c.customer_id == customer_id, _table.c.name == name)
    row = {"allowed_by": who, "allowed_at": datetime.now(UTC), "confirmed": True}
    if connection.execute(sa.update(_table).where(mine).values(row)).rowcount == 0:
        known = {"customer_id": customer_id, "name": name, "as_before": False}
        connection.execute(sa.insert(_table).values(known | row))


def forbid_secret(connection: sa.Connection, customer: str, name: str) -> None:
    """Takes `name` from the customer's list. NotFound if it is not on it."""
    customer_id = get_customer(connection, customer).id
    mine = sa.and_(_table.c.customer_id == customer_id, _table.c.name == name)
    if connection.execute(sa.delete(_table).where(mine)).rowcount == 0:
        raise NotFound(
            f"{name} is not listed for customer {customer}.",
            next_step=f"See what is: kpi-platform secret list {customer}",
        )


def listed_secrets(connection: sa.Connection, customers: Sequence[str]) -> list[AllowedSecret]:
    """Returns the secrets that are listed for `customers`, also removed ones, by customer and name."""
    columns = (
        _table.c.name,
        _table.c.allowed_by,
        _table.c.allowed_at,
        _table.c.confirmed,
        _table.c.as_before,
    )
    query = (
        sa.select(_customers.c.key.label("customer"), *columns)
        .join_from(_table, _customers)
        .where(_customers.c.key.in_(customers))
        .order_by(_customers.c.key, _table.c.name)
    )
    return [AllowedSecret(**row) for row in connection.execute(query).mappings()]


def longer_keys(connection: sa.Connection, customers: Sequence[str]) -> dict[str, frozenset[str]]:
    """Returns for each of `customers` the keys of others, also removed ones, that begin with its own and
    `_`."""
    query = sa.select(_customers.c.key)
    if len(customers) == 1:
        query = query.where(_customers.c.key.startswith(f"{customers[0]}_", autoescape=True))
    keys = sorted(connection.scalars(query))
    found = {}
    for customer in customers:
        start, end = bisect_left(keys, f"{customer}_"), bisect_left(keys, f"{customer}`")
        found[customer] = frozenset(keys[start:end])
    return found
