"""Reads many rows at once, out of a query into columns.

PostgreSQL streams CSV through COPY; SQLite's driver gives rows. Both happen inside the transaction of the
connection that is passed in.
"""

import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import sqlalchemy as sa

from kpi_platform.dashboard.types import UtcDateTime
from kpi_platform.domain.load_plan import Array

FETCHED_ROWS = 2_048

MICROSECONDS = pa.timestamp("us")

_NONE: Mapping[str, Any] = MappingProxyType({})
_UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")


def read_columns(
    connection: sa.Connection, query: sa.Select[Any], parameters: Mapping[str, Any] = _NONE
) -> dict[str, Array]:
    """Returns the rows of `query` as numpy columns: NULL is NaN in numbers, NaT in instants (datetime64[us],
    UTC), None in text. Integers are int64 as long as none is NULL. `parameters` are those that the query
    leaves open: a query that is made once, and passed again and again, is compiled once."""
    compiled, schema, nothing = _compiled(query, connection.dialect)
    given = {
        name: _bound(compiled.binds[name], value, connection.dialect)
        for name, value in compiled.construct_params(parameters).items()
    }
    postgres = connection.dialect.name == "postgresql"
    table = (_copy_out if postgres else _fetch)(connection, compiled, given, schema)
    return {name: _to_numpy(table.column(name)) for name in schema.names} if table else dict(nothing)


def read_columns_of(
    connection: sa.Connection, query: sa.Select[Any], customer_ids: Sequence[int]
) -> dict[int, dict[str, Array]]:
    """Does what `read_columns` does for each of these customers, with one statement. `query` selects
    `customer_id` too, and is limited with `among_customers`."""
    columns = read_columns(connection, query, {"customers": customer_ids})
    owner = columns.pop("customer_id")
    if len(customer_ids) == 1:
        return {customer_ids[0]: columns}
    order = np.argsort(owner, kind="stable")
    owner = owner[order]
    starts = np.searchsorted(owner, customer_ids, "left").tolist()
    ends = np.searchsorted(owner, customer_ids, "right").tolist()
    return {
        customer: {name: values[order[start:end]] for name, values in columns.items()}
        for customer, start, end in zip(customer_ids, starts, ends, strict=True)
    }


def no_columns(query: sa.Select[Any]) -> dict[str, Array]:
    """Returns what `read_columns` answers for a query without rows, without asking."""
    nothing = _schema(query).empty_table()
    return {name: _to_numpy(nothing.column(name)) for name in nothing.column_names}


def driver_cursor(connection: sa.Connection) -> Any:
    """Returns the driver's own cursor, inside the connection's transaction."""
    return connection.connection.cursor()


def arrow_type(type_: Any) -> pa.DataType:
    """Returns the Arrow type of a column of this SQLAlchemy type."""
    if isinstance(type_, UtcDateTime):
        return _UTC_MICROSECONDS
    if isinstance(type_, sa.Float):
        return pa.float64()
    if isinstance(type_, sa.Integer):
        return pa.int64()
    if isinstance(type_, sa.Boolean):
        return pa.bool_()
    return pa.string()


@lru_cache(maxsize=64)
def _compiled(query: sa.Select[Any], dialect: sa.Dialect) -> tuple[Any, pa.Schema, dict[str, Array]]:
    """With the columns of no rows: most of what a first load looks for is not there."""
    return query.compile(dialect=dialect), _schema(query), no_columns(query)


def _schema(query: sa.Select[Any]) -> pa.Schema:
    return pa.schema([(column.name, arrow_type(column.type)) for column in query.selected_columns])


def _bound(parameter: sa.BindParameter[Any], value: Any, dialect: sa.Dialect) -> Any:
    process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    return process(value) if process else value


def _copy_out(
    connection: sa.Connection, compiled: Any, given: Mapping[str, Any], schema: pa.Schema
) -> pa.Table | None:
    statement = f"COPY ({compiled}) TO STDOUT (FORMAT csv)"
    buffer = io.BytesIO()
    with driver_cursor(connection) as cursor, cursor.copy(statement, given) as copy:
        for chunk in copy:
            buffer.write(chunk)
    if buffer.tell() == 0:
        return None
    return pyarrow.csv.read_csv(
        pa.py_buffer(buffer.getbuffer()),
        read_options=pyarrow.csv.ReadOptions(column_names=schema.names),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _fetch(
    connection: sa.Connection, compiled: Any, given: Mapping[str, Any], schema: pa.Schema
) -> pa.Table | None:
    parts = []
    cursor = driver_cursor(connection).execute(str(compiled), [given[name] for name in compiled.positiontup])
    # A row of Python objects takes ten times the room of one in Arrow: never more at once than a processor's
    # cache holds.
    while rows := cursor.fetchmany(FETCHED_ROWS):
        arrays = [
            _from_sqlite(values, field.type)
            for values, field in zip(zip(*rows, strict=True), schema, strict=True)
        ]
        parts.append(pa.Table.from_arrays(arrays, schema=schema))
    return pa.concat_tables(parts) if parts else None


def _from_sqlite(values: tuple[Any, ...], target: pa.DataType) -> pa.Array:
    """SQLite has texts for instants and numbers for booleans."""
    first, rows = values[0], len(values)
    if rows > 1 and values[-1] == first and values.count(first) == rows:
        return pa.repeat(_from_sqlite(values[:1], target)[0], rows)
    if pa.types.is_timestamp(target):
        return pa.array(values, pa.string()).cast(MICROSECONDS).cast(target)
    if pa.types.is_boolean(target):
        return pa.array(values, pa.int8()).cast(target)
    return pa.array(values, target)


def _to_numpy(column: pa.ChunkedArray) -> Array:
    if pa.types.is_string(column.type):
        return _text_to_numpy(column)
    values: Array
    if pa.types.is_timestamp(column.type):
        values = column.cast(pa.timestamp("us")).to_numpy()
    else:
        values = column.to_numpy()
    return values


def _text_to_numpy(column: pa.ChunkedArray) -> Array:
    # Few distinct texts (slugs, states) become few Python objects.
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    texts = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    codes = encoded.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
    result: Array = texts[codes]
    return result
