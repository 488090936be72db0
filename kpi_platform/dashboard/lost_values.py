"""Values of accounts that were there at an instant and are there no more."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.account_history import counting

_kpis, _history = tables.kpis, tables.kpi_history


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
    rank = sa.func.row_number().over(
        partition_by=(_history.c.account_id, _history.c.kpi),
        order_by=(_history.c.as_of.desc(), _history.c.upload_version.desc()),
    )
    same = sa.and_(
        _kpis.c.customer_id == _history.c.customer_id,
        _kpis.c.account_id == _history.c.account_id,
        _kpis.c.kpi == _history.c.kpi,
    )
    then = (
        counting(connection, customer, _history, ("account_id", "kpi", "value"))
        .add_columns(_kpis.c.status, rank.label("rank"))
        .join(_kpis, same)
        .where(
            _kpis.c.retired_at.is_(None),
            _kpis.c.value.is_(None),
            _kpis.c.status != "disabled",
            _kpis.c.as_of > since,
            _history.c.as_of <= since,
        )
        .order_by(None)
        .subquery()
    )
    query = (
        sa.select(then.c.account_id, then.c.kpi, then.c.value, then.c.status)
        .where(then.c.rank == 1, then.c.value.is_not(None))
        .order_by(then.c.account_id, then.c.kpi)
    )
    return [LostValue(*row) for row in connection.execute(query)]
