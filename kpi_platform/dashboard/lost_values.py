"""Values of accounts that were there at an instant and are there no more."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer

_kpis, _history, _uploads = tables.kpis, tables.kpi_history, tables.kpi_uploads


@dataclass(frozen=True, slots=True)
class LostValue:
    """A KPI of an account without a value now: `value` is the one that it had, `status` says why."""

    account_id: int
    kpi: str
    value: float
    status: str


def lost_values(connection: sa.Connection, customer: str, since: datetime) -> list[LostValue]:
    """Returns the values as of `since` of accounts and KPIs that have none now, by account and KPI. Values of
    KPIs that were switched off, or of accounts that left, are not lost."""
    customer_id = get_customer(connection, customer).id
    now = sa.and_(
        _kpis.c.customer_id == customer_id,
        _kpis.c.retired_at.is_(None),
        _kpis.c.value.is_(None),
        _kpis.c.status != "disabled",
        _kpis.c.as_of > since,
    )
    applied = sa.select(_uploads.c.version).where(
        _uploads.c.customer_id == customer_id, _uploads.c.status == "applied"
    )
    newest_first = (_history.c.as_of.desc(), _history.c.upload_version.desc())
    rank = sa.func.row_number().over(
        partition_by=(_history.c.account_id, _history.c.kpi), order_by=newest_first
    )
    then = (
        sa.select(_history.c.account_id, _history.c.kpi, _history.c.value, _kpis.c.status, rank.label("rank"))
        .join_from(
            _kpis,
            _history,
            sa.and_(
                _history.c.customer_id == customer_id,
                _history.c.account_id == _kpis.c.account_id,
                _history.c.kpi == _kpis.c.kpi,
            ),
        )
        .where(
            now,
            _history.c.upload_version.in_(applied),
            _history.c.change != "removed",
            _history.c.as_of <= since,
        )
        .subquery()
    )
    query = (
        sa.select(then.c.account_id, then.c.kpi, then.c.value, then.c.status)
        .where(then.c.rank == 1, then.c.value.is_not(None))
        .order_by(then.c.account_id, then.c.kpi)
    )
    return [LostValue(*row) for row in connection.execute(query)]
