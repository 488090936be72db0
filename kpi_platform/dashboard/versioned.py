"""The three kinds of rows that uploads change: current rows, and beside them the history of every change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk_reading import no_columns, read_columns, read_columns_of
from kpi_platform.dashboard.bulk_writing import temporary, write_columns
from kpi_platform.dashboard.types import UtcDateTime, among_customers
from kpi_platform.domain.load_plan import Array

Change = Literal["baseline", "inserted", "updated", "retired", "restored", "removed", "history_only"]


@dataclass(frozen=True, slots=True)
class Family:
    """A table of current rows and its history. `key` is the key within a customer, by its history names."""

    current: sa.Table
    history: sa.Table
    key: tuple[str, ...]
    state: tuple[str, ...]

    def current_key(self, name: str) -> sa.Column[Any]:
        return self.current.c["id" if self.current is tables.accounts else name]

    def selected(self) -> list[sa.Label[Any]]:
        """Key and state of the current table, by their names in the history."""
        keys = [self.current_key(name).label(name) for name in self.key]
        return [*keys, *(self.current.c[name].label(name) for name in self.state)]


def _family(current: sa.Table, history: sa.Table, *key: str) -> Family:
    known = {"customer_id", "upload_version", "change", "brought_by", *key}
    return Family(current, history, key, tuple(c.name for c in history.c if c.name not in known))


ACCOUNTS = _family(tables.accounts, tables.account_history, "account_id")
HEALTH = _family(tables.account_health, tables.account_health_history, "account_id")
VALUES = _family(tables.kpis, tables.kpi_history, "account_id", "kpi")
FAMILIES = (ACCOUNTS, HEALTH, VALUES)


def read_current(
    connection: sa.Connection, family: Family, customer_ids: Sequence[int]
) -> dict[int, dict[str, Array]]:
    """Key and state of the current rows of each of these customers."""
    return read_columns_of(connection, _current(family), customer_ids)


def read_current_part(
    connection: sa.Connection, family: Family, customer_id: int, accounts: tuple[int, int]
) -> dict[str, Array]:
    """Key and state of the customer's current rows of the accounts from…to (inclusive)."""
    given = {"customer": customer_id, "low": accounts[0], "high": accounts[1]}
    return read_columns(connection, _current_part(family), given)


@cache
def _current(family: Family) -> sa.Select[Any]:
    customer = family.current.c.customer_id
    return sa.select(customer, *family.selected()).where(among_customers(customer))


@cache
def _current_part(family: Family) -> sa.Select[Any]:
    accounts = family.current_key("account_id").between(sa.bindparam("low"), sa.bindparam("high"))
    mine = family.current.c.customer_id == sa.bindparam("customer")
    return sa.select(*family.selected()).where(mine, accounts)


@cache
def no_current(family: Family) -> Mapping[str, Array]:
    """Returns what the queries answer for a customer without current rows, without asking."""
    return no_columns(_current_part(family))


def read_series(
    connection: sa.Connection,
    family: Family,
    customer_id: int,
    columns: tuple[str, ...],
    as_of: datetime,
    accounts: tuple[int, int] | None,
) -> dict[str, Array]:
    """Key and `columns` as the history has them for `as_of`: of every key the newest row that is no later."""
    history, applied = family.history, tables.kpi_uploads
    keys = [history.c[name] for name in family.key]
    newest_first = (history.c.as_of.desc(), history.c.upload_version.desc())
    position = sa.func.row_number().over(partition_by=keys, order_by=newest_first)
    rows = (
        sa.select(*keys, *(history.c[name] for name in columns), position.label("position"))
        .join_from(
            history,
            applied,
            sa.and_(
                applied.c.customer_id == history.c.customer_id, applied.c.version == history.c.upload_version
            ),
        )
        .where(
            history.c.customer_id == customer_id,
            history.c.as_of <= sa.bindparam("as_of", as_of, UtcDateTime),
            history.c.change != "removed",
            applied.c.status == "applied",
        )
    )
    if accounts is not None:
        rows = rows.where(history.c.account_id.between(*accounts))
    series = rows.subquery()
    names = (*family.key, *columns)
    return read_columns(connection, sa.select(*(series.c[n] for n in names)).where(series.c.position == 1))


def insert_current(connection: sa.Connection, family: Family, columns: Mapping[str, Any], rows: int) -> None:
    """Adds rows that were not there. Their history is written by `record_inserted`, once for all of them."""
    named = {family.current_key(n).name if n in family.key else n: v for n, v in columns.items()}
    write_columns(connection, family.current, named, rows)


def record_inserted(connection: sa.Connection, family: Family, uploads: Iterable[tuple[int, int]]) -> None:
    """Writes the history of all rows that `insert_current` added in these uploads (customer, version), which
    have some; before anything else of them is applied."""
    connection.execute(_inserted(family), [{"customer": one, "upload": version} for one, version in uploads])


@cache
def _inserted(family: Family) -> sa.Insert:
    current = family.current.c
    customer, upload = current.customer_id, current.upload_version
    mine = customer == sa.bindparam("customer"), upload == sa.bindparam("upload")
    query = sa.select(customer, upload, *family.selected(), upload, sa.literal("inserted")).where(*mine)
    return sa.insert(family.history).from_select(history_names(family), query)


def record_history(
    connection: sa.Connection, family: Family, columns: Mapping[str, Any], rows: int, change: Change
) -> None:
    """Appends to the history alone; `columns` are those of `staging`."""
    write_columns(connection, family.history, {**columns, "change": change}, rows)


@contextmanager
def staging(connection: sa.Connection, family: Family, purpose: str) -> Iterator[sa.Table]:
    """Gives a temporary table for rows that uploads change: customer and upload, the family's key and new
    state, and the upload that brought that; gone after the block."""
    table = _staged(family, purpose)
    with temporary(connection, table):
        yield table


@cache
def _staged(family: Family, purpose: str) -> sa.Table:
    key = ("customer_id", "upload_version", *family.key)
    return sa.Table(
        f"{purpose}_{family.current.name}",
        sa.MetaData(),
        *(sa.Column(n, family.history.c[n].type, primary_key=True, autoincrement=False) for n in key),
        *(sa.Column(name, family.history.c[name].type) for name in family.state),
        sa.Column("brought_by", sa.Integer, nullable=False),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )


def staged_names(family: Family) -> list[str]:
    """Returns the columns of `staging`."""
    return ["customer_id", "upload_version", *family.key, *family.state, "brought_by"]


def apply_staged(
    connection: sa.Connection,
    family: Family,
    staged: sa.Table,
    customer_ids: Sequence[int],
    change: Change,
) -> None:
    """Sets the staged current rows of these customers to the staged state, and writes their history."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {staged.name}")
    connection.execute(_updated(family, staged), {"customers": customer_ids})
    record_staged(connection, family, staged, change)


@cache
def _updated(family: Family, staged: sa.Table) -> sa.Update:
    current = family.current
    customer = current.c.customer_id
    same = (family.current_key(name) == staged.c[name] for name in family.key)
    values = {name: staged.c[name] for name in family.state} | {"upload_version": staged.c.brought_by}
    # The staged rows say which customers, too; this way the database need not look at all others' rows.
    ours = among_customers(customer), customer == staged.c.customer_id
    return sa.update(current).where(*ours, *same).values(values)


def record_staged(connection: sa.Connection, family: Family, staged: sa.Table, change: Change) -> None:
    """Writes the staged rows as history of their uploads."""
    connection.execute(_recorded(family, staged), {"what": change})


@cache
def _recorded(family: Family, staged: sa.Table) -> sa.Insert:
    query = sa.select(*(staged.c[n] for n in staged_names(family)), sa.bindparam("what", type_=sa.Text))
    return sa.insert(family.history).from_select(history_names(family), query)


def history_names(family: Family) -> list[str]:
    return [*staged_names(family), "change"]
