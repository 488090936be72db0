"""Stores the revenue retention that a load brings, and finds the one that is shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.domain.retention import RETENTION_COLUMNS, RETENTION_SOURCE, SegmentRetention

_table, _uploads = tables.revenue_retention, tables.kpi_uploads
_EMPTY = ("segment", "arr_currency")
"""Columns that can be empty, and are part of the key in the database."""


@dataclass(frozen=True, slots=True)
class ShownRetention:
    """Retention that the newest load that counts has brought; segments with most revenue first."""

    as_of: datetime
    upload_version: int
    segments: Sequence[SegmentRetention]


def retention_rows(
    customer_id: int, version: int, as_of: datetime, segments: Iterable[SegmentRetention]
) -> list[dict[str, Any]]:
    """Returns the rows that an upload stores."""
    upload = {"customer_id": customer_id, "upload_version": version, "as_of": as_of}
    return [{**upload, **_stored(one)} for one in segments]


def store_retention(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds rows of `retention_rows`."""
    if rows:
        connection.execute(sa.insert(_table), list(rows))


def retention_of_upload(
    connection: sa.Connection, customer_id: int, version: int
) -> Sequence[SegmentRetention]:
    """Returns what the upload has brought."""
    query = (
        sa.select(*(_table.c[name] for name in RETENTION_COLUMNS))
        .where(_table.c.customer_id == customer_id, _table.c.upload_version == version)
        .order_by(
            _table.c.segment_kind, _table.c.starting_arr.desc(), _table.c.segment, _table.c.arr_currency
        )
    )
    return [_segment(row) for row in connection.execute(query).mappings()]


def shown_retention(connection: sa.Connection, customer: str) -> ShownRetention | None:
    """Returns the retention that is shown: of the uploads of Salesforce that are not taken back, the one
    as of the latest instant. None if nothing was loaded."""
    customer_id = get_customer(connection, customer).id
    query = (
        sa.select(_uploads.c.version, _uploads.c.as_of)
        .where(
            _uploads.c.customer_id == customer_id,
            _uploads.c.kind == "load",
            _uploads.c.status == "applied",
            _uploads.c.data_source.in_(("combined", RETENTION_SOURCE)),
        )
        .order_by(_uploads.c.as_of.desc(), _uploads.c.version.desc())
        .limit(1)
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        return None
    return ShownRetention(
        found.as_of, found.version, retention_of_upload(connection, customer_id, found.version)
    )


def _stored(one: SegmentRetention) -> dict[str, Any]:
    return {**asdict(one), **{name: getattr(one, name) or "" for name in _EMPTY}}


def _segment(row: Mapping[Any, Any]) -> SegmentRetention:
    return SegmentRetention(**{**row, **{name: row[name] or None for name in _EMPTY}})
