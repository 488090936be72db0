"""Rows of PostgreSQL's wire protocol, which Redshift speaks too, as Arrow batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

BATCH_ROWS = 20_000

_ARROW_TYPES: Mapping[int, pa.DataType] = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int64(),
    23: pa.int64(),
    700: pa.float64(),
    701: pa.float64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", tz="UTC"),
    1700: pa.float64(),
}
"""Arrow's type for PostgreSQL's type id; what is not listed is text."""


def batches(
    description: Sequence[Sequence[Any]], parts: Iterable[Sequence[Sequence[Any]]]
) -> Iterator[pa.RecordBatch]:
    """Yields one batch for each part. `description` is that of the cursor: name and type id first; names come
    in lower case."""
    schema = pa.schema(
        [(_text(name).lower(), _ARROW_TYPES.get(type_id, pa.string())) for name, type_id, *_ in description]
    )
    for rows in parts:
        columns = zip(*rows, strict=True)
        arrays = [_array(values, kind) for values, kind in zip(columns, schema.types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == pa.float64():
        values = [None if value is None else float(value) for value in values]
    elif kind == pa.string():
        values = [value if value is None or isinstance(value, str) else str(value) for value in values]
    return pa.array(values, type=kind)
