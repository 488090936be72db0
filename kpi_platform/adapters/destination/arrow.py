"""Arrow batches that look the same for every destination: spelling of names, types of numbers."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

BATCH_ROWS = 20_000


def plain_batches(results: Iterable[pa.Table | pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yields batches of bounded size with names in lower case, and one type for all numbers of a kind: some
    drivers send each batch in the narrowest type that holds it."""
    for result in results:
        table = result if isinstance(result, pa.Table) else pa.Table.from_batches([result])
        fields = [pa.field(column.name.lower(), _plain(column.type)) for column in table.schema]
        renamed = table.rename_columns([one.name for one in fields])
        yield from renamed.cast(pa.schema(fields)).to_batches(BATCH_ROWS)


def _plain(kind: pa.DataType) -> pa.DataType:
    types = pa.types
    if types.is_integer(kind):
        return pa.int64()
    if types.is_floating(kind) or types.is_decimal(kind):
        return pa.float64()
    if types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    return kind
