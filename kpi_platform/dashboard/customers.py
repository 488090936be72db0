"""Customers: the tenants of the dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.domain.customer import parse_customer_key
from kpi_platform.domain.errors import Conflict, UnknownCustomer


@dataclass(frozen=True, slots=True)
class StoredCustomer:
    """`removed_at` is None while the customer is active."""

    id: int
    key: str
    name: str
    created_at: datetime
    removed_at: datetime | None


_table = tables.customers
_BY_KEY = sa.select(_table).where(_table.c.key == sa.bindparam("key"))


def add_customer(connection: sa.Connection, key: str, name: str) -> StoredCustomer:
    """Adds a customer, or brings a removed one back with all its data. Raises InvalidInput for a malformed
    key and Conflict for one that is there already."""
    found = _find(connection, parse_customer_key(key))
    if found is None:
        values = {"key": key, "name": name, "created_at": datetime.now(UTC)}
        connection.execute(sa.insert(_table).values(values))
    elif found.removed_at is None:
        raise Conflict(f"There is a customer '{key}' already.", next_step="Choose another key.")
    else:
        connection.execute(
            sa.update(_table).where(_table.c.id == found.id).values(name=name, removed_at=None)
        )
    return get_customer(connection, key)


def get_customer(connection: sa.Connection, key: str) -> StoredCustomer:
    """Returns the active customer `key`, or UnknownCustomer."""
    found = _find(connection, key)
    if found is None or found.removed_at is not None:
        known = ", ".join(customer.key for customer in list_customers(connection)[:20])
        raise UnknownCustomer(
            f"There is no customer '{key}'.",
            next_step=f"Known customers: {known}." if known else "Add one: kpi-platform customer add KEY",
        )
    return found


def find_customers(connection: sa.Connection, keys: Sequence[str]) -> dict[str, StoredCustomer]:
    """Returns the active ones of `keys`, from one query."""
    query = sa.select(_table).where(_table.c.key.in_(keys), _table.c.removed_at.is_(None))
    return {row["key"]: StoredCustomer(**row) for row in connection.execute(query).mappings()}


def find_each(connection: sa.Connection, keys: Sequence[str]) -> dict[str, StoredCustomer]:
    """Returns the active customers `keys`, in their order, from one query. Raises UnknownCustomer for a key
    of none."""
    found = find_customers(connection, keys)
    return {key: found.get(key) or get_customer(connection, key) for key in keys}


def list_customers(connection: sa.Connection) -> list[StoredCustomer]:
    """Returns the active customers, by key."""
    rows = connection.execute(sa.select(_table).where(_table.c.removed_at.is_(None)).order_by(_table.c.key))
    return [StoredCustomer(**row) for row in rows.mappings()]


def remove_customer(connection: sa.Connection, key: str) -> None:
    """Removes the customer from every list, schedule and page, and revokes its tokens. Its accounts, values,
    history and settings stay, and `add_customer` brings them back; so stays its claim on connections and raw
    schemas, whose data is its own until it is erased."""
    customer = get_customer(connection, key)
    now = datetime.now(UTC)
    tokens = tables.api_tokens
    connection.execute(sa.update(_table).where(_table.c.id == customer.id).values(removed_at=now))
    connection.execute(
        sa.update(tokens)
        .where(tokens.c.customer_id == customer.id, tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _find(connection: sa.Connection, key: str) -> StoredCustomer | None:
    row = connection.execute(_BY_KEY, {"key": key}).mappings().one_or_none()
    return StoredCustomer(**row) if row else None
