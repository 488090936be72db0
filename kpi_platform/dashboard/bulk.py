"""Many rows at once: out of a query into Arrow, out of columns into a table.

PostgreSQL streams CSV through COPY in both directions; SQLite takes several hundred rows a statement. Both
happen inside the transaction of the connection that is passed in.
"""

import io
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, islice
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from kpi_platform.dashboard.types import UtcDateTime
from kpi_platform.domain.load_plan import Array

CHUNK_ROWS = 65_536

FETCHED_ROWS = 2_048

ROWS_A_STATEMENT = 400
"""On SQLite, which takes twice as long for as many statements of one row."""

_NONE: Mapping[str, Any] = MappingProxyType({})
_MICROSECONDS = pa.timestamp("us")
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
    """`read_columns` for each of these customers, with one statement. `query` selects `customer_id` too, and
    is limited with `among_customers`."""
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


def write_columns(
    connection: sa.Connection,
    table: sa.Table,
    columns: Mapping[str, Any],
    rows: int,
) -> None:
    """Appends `rows` rows. A column is an array as `read_columns` gives it, or one value for all rows; at
    least one is an array."""
    if rows == 0:
        return
    write = _copy_in if connection.dialect.name == "postgresql" else _insert_rows
    write(connection, table, columns, rows)


def from_python(table: sa.Table, columns: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Makes columns for `write_columns` of Python objects: numbers, texts, booleans and None."""
    numeric = {name: isinstance(table.c[name].type, sa.Integer | sa.Float) for name in columns}
    return {
        name: np.array(values, dtype=np.float64 if numeric[name] else object)
        for name, values in columns.items()
    }


def concatenated(parts: Sequence[tuple[Mapping[str, Any], int]]) -> tuple[dict[str, Any], int]:
    """Concatenates columns for `write_columns`. All parts have the same columns. A column that is one value
    for all rows stays so if the parts agree on it."""
    if len(parts) == 1:
        columns, rows = parts[0]
        return dict(columns), rows
    joined: dict[str, Any] = {}
    for name, first in parts[0][0].items():
        values = [columns[name] for columns, _ in parts]
        if isinstance(first, np.ndarray) or any(value != first for value in values):
            values = [
                value if isinstance(value, np.ndarray) else np.full(rows, value)
                for value, (_, rows) in zip(values, parts, strict=True)
            ]
            joined[name] = np.concatenate(values)
        else:
            joined[name] = first
    return joined, sum(rows for _, rows in parts)


@contextmanager
def temporary(connection: sa.Connection, table: sa.Table) -> Iterator[None]:
    """Creates a temporary `table` for the block; on PostgreSQL it goes with the transaction (a DROP
    lets its driver forget every statement that it has prepared)."""
    connection.exec_driver_sql(_creation(table, connection.dialect))
    yield
    if connection.dialect.name != "postgresql":
        table.drop(connection)


@lru_cache(maxsize=64)
def _creation(table: sa.Table, dialect: sa.Dialect) -> str:
    return str(CreateTable(table).compile(dialect=dialect))


def _cursor(connection: sa.Connection) -> Any:
    """The driver's own cursor, inside the connection's transaction."""
    return connection.connection.cursor()


@lru_cache(maxsize=64)
def _compiled(query: sa.Select[Any], dialect: sa.Dialect) -> tuple[Any, pa.Schema, dict[str, Array]]:
    """With the columns of no rows: most of what a first load looks for is not there."""
    return query.compile(dialect=dialect), _schema(query), no_columns(query)


def _schema(query: sa.Select[Any]) -> pa.Schema:
    return pa.schema([(column.name, _arrow_type(column.type)) for column in query.selected_columns])


def _bound(parameter: sa.BindParameter[Any], value: Any, dialect: sa.Dialect) -> Any:
    process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    return process(value) if process else value


def _copy_out(
    connection: sa.Connection, compiled: Any, given: Mapping[str, Any], schema: pa.Schema
) -> pa.Table | None:
    statement = f"COPY ({compiled}) TO STDOUT (FORMAT csv)"
    buffer = io.BytesIO()
    with _cursor(connection) as cursor, cursor.copy(statement, given) as copy:
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
    cursor = _cursor(connection).execute(str(compiled), [given[name] for name in compiled.positiontup])
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
    if pa.types.is_timestamp(target):
        return pa.array(values, pa.string()).cast(_MICROSECONDS).cast(target)
    if pa.types.is_boolean(target):
        return pa.array(values, pa.int8()).cast(target)
    return pa.array(values, target)


def _arrow_type(type_: Any) -> pa.DataType:
    if isinstance(type_, UtcDateTime):
        return _UTC_MICROSECONDS
    if isinstance(type_, sa.Float):
        return pa.float64()
    if isinstance(type_, sa.Integer):
        return pa.int64()
    if isinstance(type_, sa.Boolean):
        return pa.bool_()
    return pa.string()


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


def _chunks(columns: Mapping[str, Any], rows: int) -> Iterator[tuple[int, dict[str, Any]]]:
    for start in range(0, rows, CHUNK_ROWS):
        end = min(start + CHUNK_ROWS, rows)
        yield (
            end,
            {n: v[start:end] if isinstance(v, np.ndarray) else v for n, v in columns.items()},
        )


def _copy_in(
    connection: sa.Connection,
    table: sa.Table,
    columns: Mapping[str, Any],
    rows: int,
) -> None:
    preparer = connection.dialect.identifier_preparer
    names = ", ".join(preparer.quote(name) for name in columns)
    statement = f"COPY {preparer.format_table(table)} ({names}) FROM STDIN (FORMAT csv)"
    options = pyarrow.csv.WriteOptions(include_header=False)
    done = 0
    with _cursor(connection) as cursor, cursor.copy(statement) as copy:
        for end, chunk in _chunks(columns, rows):
            sink = io.BytesIO()
            arrays = [_to_arrow(table.c[name], values, end - done) for name, values in chunk.items()]
            pyarrow.csv.write_csv(pa.Table.from_arrays(arrays, names=list(chunk)), sink, options)
            copy.write(sink.getbuffer())
            done = end


def _to_arrow(column: sa.Column[Any], values: Any, rows: int) -> pa.Array:
    target = _arrow_type(column.type)
    if not isinstance(values, np.ndarray):
        value = pa.scalar(values, target)
        return pa.repeat(value.cast(pa.string()) if pa.types.is_timestamp(target) else value, rows)
    if pa.types.is_timestamp(target):
        # The same few instants again and again: writing each as text once is what makes this fast.
        instants = pa.array(values.astype("datetime64[us]"), _MICROSECONDS).dictionary_encode()
        return instants.dictionary.cast(target).cast(pa.string()).take(instants.indices)
    if pa.types.is_integer(target) and values.dtype.kind == "f":
        return pc.cast(pa.array(values, from_pandas=True), target)
    return pa.array(values, target, from_pandas=True)


def _insert_rows(
    connection: sa.Connection,
    table: sa.Table,
    columns: Mapping[str, Any],
    rows: int,
) -> None:
    cursor = _cursor(connection)
    arrays = {name: values for name, values in columns.items() if isinstance(values, np.ndarray)}
    shared = {name: _to_text(values) for name, values in columns.items() if name not in arrays}
    variables = cursor.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    at_once = min(ROWS_A_STATEMENT, (variables - len(shared)) // len(arrays))
    names = (*shared, *arrays)
    for _, chunk in _chunks(arrays, rows):
        tuples = zip(*(_to_values(table.c[name], values) for name, values in chunk.items()), strict=True)
        while some := list(islice(tuples, at_once)):
            statement = _insert_statement(table, names, len(shared), len(some), connection.dialect)
            cursor.execute(statement, [*shared.values(), *chain.from_iterable(some)])


@lru_cache(maxsize=256)
def _insert_statement(
    table: sa.Table, names: tuple[str, ...], shared: int, rows: int, dialect: sa.Dialect
) -> str:
    """The first `shared` of the columns have one value for all rows: it is bound once, as `?1`, `?2`, …; a
    bare `?` counts on from the highest number before it."""
    marks = [*(f"?{number}" for number in range(1, shared + 1)), *"?" * (len(names) - shared)]
    preparer = dialect.identifier_preparer
    quoted = ", ".join(preparer.quote(name) for name in names)
    row = f"({', '.join(marks)})"
    into = f"INSERT INTO {preparer.format_table(table)} ({quoted})"
    return f"{into} VALUES {', '.join([row] * rows)}"


def _to_text(value: Any) -> Any:
    """An instant as SQLite has it; anything else as it is."""
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _to_values(column: sa.Column[Any], values: Array) -> Any:
    if isinstance(column.type, UtcDateTime):
        instants = pa.array(values.astype("datetime64[us]"), _MICROSECONDS).dictionary_encode()
        texts = np.array([*instants.dictionary.cast(pa.string()).to_pylist(), None], dtype=object)
        codes = instants.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
        return texts[codes].tolist()
    if values.dtype.kind != "f":
        return values.tolist()
    null = np.isnan(values)
    if isinstance(column.type, sa.Integer):
        plain = np.where(null, 0, values).astype(np.int64).astype(object)
    elif not null.any():
        return values.tolist()
    else:
        plain = values.astype(object)
    plain[null] = None
    return plain.tolist()
