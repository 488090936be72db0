"""The accounts that a dashboard knows."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, cast

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk_reading import read_columns
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `external_id` is its id at a source that has one. The columns of `domain.account_columns`
    have their names; `revenue` is a year's."""

    id: int
    name: str
    external_id: str | None
    website: str | None
    industry: str | None
    region: str | None
    revenue: float | None
    csm_name: str | None
    csm_email: str | None
    arr: float | None
    arr_in_grace: float | None
    next_renewal_date: str | None
    arr_currency: str | None
    retired_at: datetime | None
    upload_version: int | None
    created_at: datetime


_table = tables.accounts
_NAMES = tuple(field.name for field in fields(Account))
_LAST_ID = sa.select(sa.func.coalesce(sa.func.max(_table.c.id), 0))
_NEXT_IDS = sa.select(
    sa.cast(
        sa.func.nextval(
            sa.func.pg_get_serial_sequence(sa.literal(_table.name, sa.Text), sa.literal("id", sa.Text))
        ),
        sa.Integer,
    ).label("id")
).select_from(sa.func.generate_series(1, sa.bindparam("count", type_=sa.Integer)).alias())


def add_account(
    connection: sa.Connection,
    customer: str,
    *,
    name: str,
    external_id: str | None = None,
    **columns: str | float | None,
) -> Account:
    """Adds an account that no load brought; `columns` are of `domain.account_columns`. The next load keeps
    how it was, for a roll-back."""
    if not name.strip():
        raise InvalidInput("An account needs a name.", next_step="Give it one.")
    row = {
        "customer_id": get_customer(connection, customer).id,
        "name": name,
        "external_id": external_id,
        **columns,
        "created_at": datetime.now(UTC),
    }
    account_id = connection.execute(sa.insert(_table).values(row).returning(_table.c.id)).scalar_one()
    return get_account(connection, customer, account_id)


def accounts_of(connection: sa.Connection, customer: str, ids: Iterable[int]) -> dict[int, Account]:
    """Returns those of the customer's accounts that have these ids, by id."""
    rows = connection.execute(_select(connection, customer).where(_table.c.id.in_(set(ids)))).mappings()
    return {row["id"]: Account(**row) for row in rows}


def get_account(connection: sa.Connection, customer: str, account_id: int) -> Account:
    """Returns one account of the customer, retired or not; NotFound otherwise."""
    condition = _select(connection, customer).where(_table.c.id == account_id)
    row = connection.execute(condition).mappings().one_or_none()
    if row is None:
        raise NotFound(f"Customer '{customer}' has no account {account_id}.", next_step="List the accounts.")
    return Account(**row)


def list_accounts(connection: sa.Connection, customer: str, *, retired: bool = False) -> list[Account]:
    """Returns the customer's accounts by name; retired ones too if asked."""
    query = _select(connection, customer).order_by(_table.c.name, _table.c.id)
    if not retired:
        query = query.where(_table.c.retired_at.is_(None))
    return [Account(**row) for row in connection.execute(query).mappings()]


def ids_by_external_id(
    connection: sa.Connection, customer: str, external_ids: Collection[str]
) -> dict[str, int]:
    """Returns the ids of the customer's accounts, retired ones too, that have these ids at the source."""
    customer_id = get_customer(connection, customer).id
    query = sa.select(_table.c.external_id, _table.c.id).where(
        _table.c.customer_id == customer_id, _table.c.external_id.in_(external_ids)
    )
    return {row.external_id: row.id for row in connection.execute(query)}


def _select(connection: sa.Connection, customer: str) -> sa.Select[Any]:
    customer_id = get_customer(connection, customer).id
    return sa.select(*(_table.c[name] for name in _NAMES)).where(_table.c.customer_id == customer_id)


def new_account_ids(connection: sa.Connection, count: int, *, reserve: bool) -> list[int]:
    """Returns ids for `count` new accounts. Without `reserve` they are only likely: for a dry run."""
    if reserve and connection.dialect.name == "postgresql":
        return cast(list[int], read_columns(connection, _NEXT_IDS, {"count": count})["id"].tolist())
    first = connection.execute(_LAST_ID).scalar_one() + 1
    return list(range(first, first + count))
