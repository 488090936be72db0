"""Writes many rows at once, out of columns into a table.

PostgreSQL streams CSV through COPY; SQLite takes several hundred rows a statement. Both happen inside the
transaction of the connection that is passed in.
"""

import io
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from kpi_platform.dashboard.bulk_reading import MICROSECONDS, arrow_type, driver_cursor
from kpi_platform.dashboard.types import UtcDateTime
from kpi_platform.domain.load_plan import Array

CHUNK_ROWS = 65_536

ROWS_A_STATEMENT = 400
"""On SQLite, which takes twice as long for as many statements of one row."""


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
    with driver_cursor(connection) as cursor, cursor.copy(statement) as copy:
        for end, chunk in _chunks(columns, rows):
            sink = io.BytesIO()
            arrays = [_to_arrow(table.c[name], values, end - done) for name, values in chunk.items()]
            pyarrow.csv.write_csv(pa.Table.from_arrays(arrays, names=list(chunk)), sink, options)
            copy.write(sink.getbuffer())
            done = end


def _to_arrow(column: sa.Column[Any], values: Any, rows: int) -> pa.Array:
    target = arrow_type(column.type)
    if not isinstance(values, np.ndarray):
        value = pa.scalar(values, target)
        return pa.repeat(value.cast(pa.string()) if pa.types.is_timestamp(target) else value, rows)
    if pa.types.is_timestamp(target):
        # The same few instants again and again: writing each as text once is what makes this fast.
        instants = pa.array(values.astype("datetime64[us]"), MICROSECONDS).dictionary_encode()
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
    cursor = driver_cursor(connection)
    variables = cursor.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    for _, chunk in _chunks(columns, rows):
        arrays = {name: values for name, values in chunk.items() if isinstance(values, np.ndarray)}
        # A parameter of each row costs more than the value that it binds.
        for name in [name for name, values in arrays.items() if _is_one_value(values)][: len(arrays) - 1]:
            (chunk[name],) = _to_values(table.c[name], arrays.pop(name)[:1])
        shared = {name: _to_text(values) for name, values in chunk.items() if name not in arrays}
        at_once = min(ROWS_A_STATEMENT, (variables - len(shared)) // len(arrays))
        names = (*shared, *arrays)
        tuples = zip(*(_to_values(table.c[name], values) for name, values in arrays.items()), strict=True)
        while some := list(islice(tuples, at_once)):
            statement = _insert_statement(table, names, len(shared), len(some), connection.dialect)
            cursor.execute(statement, [*shared.values(), *chain.from_iterable(some)])


def _is_one_value(values: Array) -> bool:
    first = values[0]
    if values.dtype == object:
        return values[-1] is first and values.tolist().count(first) == len(values)
    return bool(((values == first) | ((values != values) & (first != first))).all())


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
        instants = pa.array(values.astype("datetime64[us]"), MICROSECONDS).dictionary_encode()
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
