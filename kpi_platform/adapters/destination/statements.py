"""The statements that every destination answers, for its dialect to compile."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters.destination.protocol import Catalogue

_COLUMNS = sa.table(
    "columns",
    *(
        sa.column(name)
        for name in ("table_schema", "table_name", "column_name", "data_type", "ordinal_position")
    ),
    schema="information_schema",
).alias("landed")


def columns(schemas: Sequence[str]) -> sa.Select[Any]:
    """Schema, table, column and type of every column in `schemas`, compared ignoring case."""
    c = _COLUMNS.c
    return (
        sa.select(c.table_schema, c.table_name, c.column_name, c.data_type)
        .where(sa.func.lower(c.table_schema).in_([schema.lower() for schema in schemas]))
        .order_by(c.table_schema, c.table_name, c.ordinal_position)
    )


def nested(rows: Iterable[Sequence[str]]) -> Catalogue:
    """Returns the rows of `columns()` as schema → table → column → type (in lower case)."""
    catalogue: dict[str, dict[str, dict[str, str]]] = {}
    for schema, table, column, kind in rows:
        catalogue.setdefault(schema, {}).setdefault(table, {})[column] = kind.lower()
    return catalogue


def mart(
    schema: str,
    table: str,
    customer: str | Sequence[str],
    selected: Sequence[str] | None,
    where: Mapping[str, Any] | None,
) -> sa.Select[Any]:
    """Returns the rows of one customer in a mart, or of several, one customer after the other."""
    source = sa.table(table, schema=schema)
    listed: list[Any] = [sa.column(name) for name in selected] if selected else [sa.text("*")]
    key: sa.ColumnClause[str] = sa.column("customer_id")
    statement = sa.select(*listed).select_from(source)
    if isinstance(customer, str):
        statement = statement.where(key == customer)
    else:
        statement = statement.where(key.in_(customer)).order_by(key)
    for name, wanted in (where or {}).items():
        column: sa.ColumnClause[Any] = sa.column(name)
        many = isinstance(wanted, Sequence) and not isinstance(wanted, str)
        statement = statement.where(column.in_(wanted) if many else column == wanted)
    return statement


def named(customer: str | Sequence[str]) -> str:
    """Returns the label of a statement in the warehouse's own log: whose rows it reads."""
    return customer if isinstance(customer, str) else f"{len(customer)} customers"


def row_counts(schema: str, tables: Sequence[str]) -> sa.CompoundSelect[Any]:
    """Returns the statement for one row a table: its name and its number of rows. `tables` must not be
    empty."""
    return sa.union_all(
        *(
            sa.select(sa.literal(name).label("name"), sa.func.count().label("row_count")).select_from(
                sa.table(_spelled(name), schema=_spelled(schema))
            )
            for name in tables
        )
    )


def values(schema: str, table: str, column: str, limit: int) -> sa.Select[Any]:
    """Returns the statement for at most `limit` different values of a landed column, without NULL."""
    wanted: sa.ColumnClause[Any] = sa.column(_spelled(column))
    source = sa.table(_spelled(table), schema=_spelled(schema))
    return sa.select(wanted).select_from(source).where(wanted.is_not(None)).distinct().limit(_limit(limit))


def first_rows(schema: str, table: str, columns: Sequence[str], limit: int) -> sa.Select[Any]:
    """Returns the statement for landed columns of at most `limit` rows of a table."""
    source = sa.table(_spelled(table), schema=_spelled(schema))
    return (
        sa.select(*(sa.column(_spelled(name)) for name in columns)).select_from(source).limit(_limit(limit))
    )


def mart_rows(schema: str, tables: Sequence[str], customers: Sequence[str]) -> sa.CompoundSelect[Any]:
    """Customer, mart, rows. `tables` must not be empty."""
    customer: sa.ColumnClause[str] = sa.column("customer_id")
    return sa.union_all(
        *(
            sa.select(customer, sa.literal(name).label("mart"), sa.func.count().label("row_count"))
            .select_from(sa.table(name, schema=schema))
            .where(customer.in_(customers))
            .group_by(customer)
            for name in tables
        )
    )


def mart_groups(schema: str, table: str, customers: Sequence[str], by: Sequence[str]) -> sa.Select[Any]:
    """Customer, the values of the columns `by`, rows."""
    customer: sa.ColumnClause[str] = sa.column("customer_id")
    keys = [customer, *(sa.column(name) for name in by)]
    return (
        sa.select(*keys, sa.func.count().label("row_count"))
        .select_from(sa.table(table, schema=schema))
        .where(customer.in_(customers))
        .group_by(*keys)
    )


def _limit(rows: int) -> sa.BindParameter[int]:
    # Not every warehouse takes the limit as a bound value.
    return sa.literal(rows, literal_execute=True)


def rows_by_customer(rows: Iterable[Sequence[Any]]) -> dict[str, dict[str, int]]:
    """Returns the rows of `mart_rows()` as customer → mart → rows."""
    counted: dict[str, dict[str, int]] = {}
    for customer, name, count in rows:
        counted.setdefault(customer, {})[name] = count
    return counted


def _spelled(name: str) -> sa.quoted_name:
    """`name` exactly as it is spelled in the catalogue."""
    return sa.quoted_name(name, quote=True)


def positional(statement: sa.SelectBase, dialect: sa.Dialect) -> tuple[str, list[Any]]:
    """Returns the statement as SQL with a mark for each value, and the values in their order."""
    compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    # Built again from all of them at each call.
    parameters = compiled.params
    return str(compiled), [parameters[name] for name in compiled.positiontup or ()]
