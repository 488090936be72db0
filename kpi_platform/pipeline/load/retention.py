"""Reads the mart revenue_retention for a load."""

from typing import Any

from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.retention import RETENTION_COLUMNS, SegmentRetention
from kpi_platform.pipeline.batch_marts import MartReader

_NUMBERS = RETENTION_COLUMNS[RETENTION_COLUMNS.index("starting_arr") :]


def read_retention(marts: MartReader, customer: str) -> tuple[SegmentRetention, ...]:
    """Returns the segments of the customer, in an order of their own; none if no build has made the mart
    yet: marts that were built before an upgrade lack it."""
    try:
        batches = list(marts.read_mart("revenue_retention", customer, RETENTION_COLUMNS))
    except NotFound:
        return ()
    segments = [_segment(row) for batch in batches for row in batch.to_pylist()]
    return tuple(
        sorted(segments, key=lambda one: (one.segment_kind, one.segment or "", one.arr_currency or ""))
    )


def _segment(row: dict[str, Any]) -> SegmentRetention:
    numbers = {name: None if row[name] is None else float(row[name]) for name in _NUMBERS}
    return SegmentRetention(**{name: row[name] for name in RETENTION_COLUMNS} | numbers)
