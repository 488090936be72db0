"""Values of accounts that were there and are there no more."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer

_kpis, _history = tables.kpis, tables.kpi_history
_lost, _uploads = tables.lost_values, tables.kpi_uploads


@dataclass(frozen=True, slots=True)
class LostValue:
    """A KPI of an account without a value now: `value` is the last one that it had, `status` says why."""

    account_id: int
    kpi: str
    value: float
    status: str


def lost_values(
    connection: sa.Connection, customer: str, since: datetime, until: datetime | None = None
) -> list[LostValue]:
    """Returns the values that uploads as of later than `since` took away and that were not there as of
    `until` (None: are not there now), by account and KPI. Values of KPIs that were switched off, or of
    accounts that left, are not lost."""
    state = _kpis if until is None else _history
    same = sa.and_(*(state.c[name] == _lost.c[name] for name in ("customer_id", "account_id", "kpi")))
    if until is not None:
        same = sa.and_(same, _history.c.upload_version == _lost.c.upload_version)
    query = (
        sa.select(_lost.c.account_id, _lost.c.kpi, _lost.c.value, state.c.status)
        .join_from(_lost, _uploads, _is_of(_uploads, _lost))
        .join(state, same)
        .where(
            _lost.c.customer_id == get_customer(connection, customer).id,
            _uploads.c.as_of > since,
            state.c.retired_at.is_(None),
            state.c.value.is_(None),
            state.c.status != "disabled",
        )
        .order_by(_lost.c.account_id, _lost.c.kpi, _uploads.c.as_of, _lost.c.upload_version)
    )
    if until is not None:
        query = query.where(_uploads.c.as_of <= until, ~_came_back(until))
    newest = {(row.account_id, row.kpi): row for row in connection.execute(query)}
    return [LostValue(*row) for row in newest.values()]


def _is_of(uploads: Any, rows: Any) -> sa.ColumnElement[bool]:
    """Whether the upload counts, and brought the row."""
    return sa.and_(
        uploads.c.customer_id == rows.c.customer_id,
        uploads.c.version == rows.c.upload_version,
        uploads.c.status == "applied",
    )


def _came_back(until: datetime) -> sa.ColumnElement[bool]:
    """Whether a later upload, as of `until` or before, brought a value again."""
    later, again = _uploads.alias(), _history.alias()
    same = (again.c[name] == _lost.c[name] for name in ("customer_id", "account_id", "kpi"))
    return (
        sa.select(sa.literal(1))
        .join_from(later, again, _is_of(later, again))
        .where(*same, later.c.as_of > _uploads.c.as_of, later.c.as_of <= until, again.c.value.is_not(None))
        .correlate(_lost, _uploads)
        .exists()
    )
