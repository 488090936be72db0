"""The three kinds of rows that uploads change: current rows, and beside them the history of every change."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk import no_columns, read_columns, write_columns
from kpi_platform.dashboard.types import UtcDateTime
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
    connection: sa.Connection,
    family: Family,
    customer_id: int,
    columns: tuple[str, ...],
    accounts: tuple[int, int] | None = None,
) -> dict[str, Array]:
    """Key and `columns` of the customer's current rows; only of accounts from…to (inclusive) where given."""
    query = _current(family, columns, in_range=accounts is not None)
    bounds = {} if accounts is None else {"low": accounts[0], "high": accounts[1]}
    return read_columns(connection, query, {"customer": customer_id, **bounds})


@cache
def _current(family: Family, columns: tuple[str, ...], *, in_range: bool) -> sa.Select[Any]:
    selected = [column for column in family.selected() if column.name in (*family.key, *columns)]
    query = sa.select(*selected).where(family.current.c.customer_id == sa.bindparam("customer"))
    between = family.current_key("account_id").between(sa.bindparam("low"), sa.bindparam("high"))
    return query.where(between) if in_range else query


@cache
def no_current(family: Family, columns: tuple[str, ...]) -> Mapping[str, Array]:
    """What `read_current` answers of a customer that has none, without asking."""
    return no_columns(_current(family, columns, in_range=False))


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


def insert_current(
    connection: sa.Connection,
    family: Family,
    customer_id: int,
    version: int,
    columns: Mapping[str, Any],
    rows: int,
) -> None:
    """Adds rows that were not there. Their history is written by `record_inserted`, once for all of them."""
    named = {family.current_key(n).name if n in family.key else n: v for n, v in columns.items()}
    write_columns(
        connection, family.current, {"customer_id": customer_id, **named, "upload_version": version}, rows
    )


def record_inserted(connection: sa.Connection, family: Family, customer_id: int, version: int) -> None:
    """The history of all rows that `insert_current` added; before anything else of this upload is applied."""
    connection.execute(_inserted(family), {"customer": customer_id, "upload": version})


@cache
def _inserted(family: Family) -> sa.Insert:
    current = family.current.c
    customer, upload = current.customer_id, current.upload_version
    mine = customer == sa.bindparam("customer"), upload == sa.bindparam("upload")
    query = sa.select(customer, upload, *family.selected(), sa.literal("inserted"), upload).where(*mine)
    return sa.insert(family.history).from_select(history_names(family), query)


def record_history(
    connection: sa.Connection,
    family: Family,
    customer_id: int,
    version: int,
    columns: Mapping[str, Any],
    rows: int,
    change: Change,
) -> None:
    """Appends to the history alone."""
    written = {
        "customer_id": customer_id,
        "upload_version": version,
        **columns,
        "change": change,
        "brought_by": version,
    }
    write_columns(connection, family.history, written, rows)


@contextmanager
def staging(connection: sa.Connection, family: Family, purpose: str) -> Iterator[sa.Table]:
    """A temporary table with the family's key and state, and `brought_by`; gone after the block, on
    PostgreSQL with the transaction (a DROP lets its driver forget every statement that it has prepared)."""
    table = _staged(family, purpose)
    connection.exec_driver_sql(_created(table, connection.dialect))
    yield table
    if connection.dialect.name != "postgresql":
        table.drop(connection)


@cache
def _staged(family: Family, purpose: str) -> sa.Table:
    keys = [
        sa.Column(name, family.history.c[name].type, primary_key=True, autoincrement=False)
        for name in family.key
    ]
    state = [sa.Column(name, family.history.c[name].type) for name in family.state]
    return sa.Table(
        f"{purpose}_{family.current.name}",
        sa.MetaData(),
        *keys,
        *state,
        sa.Column("brought_by", sa.Integer, nullable=False),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )


@lru_cache(maxsize=64)
def _created(table: sa.Table, dialect: sa.Dialect) -> str:
    return str(CreateTable(table).compile(dialect=dialect))


def apply_staged(
    connection: sa.Connection,
    family: Family,
    staged: sa.Table,
    customer_id: int,
    version: int,
    change: Change,
) -> None:
    """Gives existing current rows the staged state, and writes their history."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {staged.name}")
    connection.execute(_updated(family, staged), {"customer": customer_id})
    record_staged(connection, family, staged, customer_id, version, change)


@cache
def _updated(family: Family, staged: sa.Table) -> sa.Update:
    current = family.current
    same = sa.and_(*(family.current_key(name) == staged.c[name] for name in family.key))
    values = {name: staged.c[name] for name in family.state} | {"upload_version": staged.c.brought_by}
    return sa.update(current).where(current.c.customer_id == sa.bindparam("customer"), same).values(values)


def record_staged(
    connection: sa.Connection,
    family: Family,
    staged: sa.Table,
    customer_id: int,
    version: int,
    change: Change,
) -> None:
    """The staged rows as history of this upload."""
    parameters = {"customer": customer_id, "upload": version, "what": change}
    connection.execute(_recorded(family, staged), parameters)


@cache
def _recorded(family: Family, staged: sa.Table) -> sa.Insert:
    query = sa.select(
        sa.bindparam("customer", type_=sa.Integer),
        sa.bindparam("upload", type_=sa.Integer),
        *(staged.c[name] for name in (*family.key, *family.state)),
        sa.bindparam("what", type_=sa.Text),
        staged.c.brought_by,
    )
    return sa.insert(family.history).from_select(history_names(family), query)


def history_names(family: Family) -> list[str]:
    return ["customer_id", "upload_version", *family.key, *family.state, "change", "brought_by"]
