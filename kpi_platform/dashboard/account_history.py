"""How values of accounts developed, from what uploads brought that still count."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.accounts import get_account
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.uploads import newest_upload
from kpi_platform.domain.health import HEALTH_INPUTS
from kpi_platform.domain.sources import SOURCES, Source

TREND_UPLOADS = 30
"""How many of the newest uploads a trend looks back over."""

_uploads = tables.kpi_uploads


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """A value as of an instant. It held until the next point: unchanged values add none. `upload_version`
    is the upload that brought it."""

    as_of: datetime
    value: float | None
    numerator: float | None
    denominator: float | None
    sample_size: int | None
    status: str
    upload_version: int


@dataclass(frozen=True, slots=True)
class HealthPoint:
    """A health score as of an instant; None if it could not be computed."""

    as_of: datetime
    health_score: float | None
    coverage: float | None
    upload_version: int


@dataclass(frozen=True, slots=True)
class HealthState:
    """The parts of an account's health score as of an instant: the points of each input that is known.
    `settings_version` is that of the upload that brought it; None if nothing was saved then."""

    as_of: datetime
    health_score: float | None
    coverage: float | None
    points: Mapping[str, float]
    upload_version: int
    settings_version: int | None


_VALUE = tuple(field.name for field in fields(HistoryPoint) if field.name != "upload_version")
_SCORE = ("as_of", "health_score", "coverage")


def kpi_series(
    connection: sa.Connection,
    customer: str,
    account_id: int,
    kpis: Sequence[str] | None = None,
    *,
    since: datetime | None = None,
) -> dict[str, list[HistoryPoint]]:
    """Returns the points of each KPI (default: all that the account has), oldest first. Raises NotFound
    without account."""
    get_account(connection, customer, account_id)
    history = tables.kpi_history
    query = counting(connection, customer, history, ("kpi", *_VALUE)).where(
        history.c.account_id == account_id, history.c.retired_at.is_(None)
    )
    if kpis is not None:
        query = query.where(history.c.kpi.in_(kpis))
    if since is not None:
        query = query.where(history.c.as_of >= since)
    series: dict[str, dict[datetime, HistoryPoint]] = {}
    for row in connection.execute(query).mappings():
        point = HistoryPoint(**{name: row[name] for name in (*_VALUE, "upload_version")})
        series.setdefault(row["kpi"], {})[point.as_of] = point
    return {kpi: list(points.values()) for kpi, points in series.items()}


def health_series(
    connection: sa.Connection, customer: str, account_id: int, *, since: datetime | None = None
) -> list[HealthPoint]:
    """Returns the account's health scores, oldest first. NotFound without account."""
    get_account(connection, customer, account_id)
    history = tables.account_health_history
    query = counting(connection, customer, history, _SCORE).where(
        history.c.account_id == account_id, history.c.retired_at.is_(None)
    )
    if since is not None:
        query = query.where(history.c.as_of >= since)
    points = {row["as_of"]: HealthPoint(**row) for row in connection.execute(query).mappings()}
    return list(points.values())


def health_state(
    connection: sa.Connection, customer: str, account_id: int, at: datetime
) -> HealthState | None:
    """Returns the account's newest health as of `at` or before; None if no upload that counts brought one.
    NotFound without account."""
    get_account(connection, customer, account_id)
    return health_states(connection, customer, [account_id], at).get(account_id)


def health_states(
    connection: sa.Connection, customer: str, account_ids: Collection[int], at: datetime
) -> dict[int, HealthState]:
    """Returns the newest health as of `at` or before of those of the accounts that had one, by account."""
    history = tables.account_health_history
    newest_first = (history.c.as_of.desc(), history.c.upload_version.desc())
    rank = sa.func.row_number().over(partition_by=history.c.account_id, order_by=newest_first)
    ranked = (
        counting(connection, customer, history, ())
        .with_only_columns(history.c.upload_version, history.c.account_id, rank.label("rank"))
        .where(history.c.account_id.in_(account_ids), history.c.retired_at.is_(None), history.c.as_of <= at)
        .order_by(None)
    )
    newest = ranked.subquery()
    customer_id = get_customer(connection, customer).id
    same = sa.and_(
        history.c.customer_id == customer_id,
        history.c.upload_version == newest.c.upload_version,
        history.c.account_id == newest.c.account_id,
    )
    brought = sa.and_(_uploads.c.customer_id == customer_id, _uploads.c.version == history.c.brought_by)
    columns = ("account_id", *_SCORE, *tables.CONTRIBUTIONS)
    query = (
        sa.select(
            *(history.c[name] for name in columns),
            history.c.brought_by.label("upload_version"),
            _uploads.c.settings_version,
        )
        .join_from(newest, history, same)
        .outerjoin(_uploads, brought)
        .where(newest.c.rank == 1)
    )
    return {row["account_id"]: _health_state(row) for row in connection.execute(query).mappings()}


def current_health(
    connection: sa.Connection, customer: str, account_ids: Collection[int]
) -> dict[int, HealthState]:
    """Returns what is shown of the health now of those of the accounts that have one, by account."""
    shown = tables.account_health
    brought = sa.and_(
        _uploads.c.customer_id == shown.c.customer_id, _uploads.c.version == shown.c.upload_version
    )
    columns = ("account_id", *_SCORE, *tables.CONTRIBUTIONS, "upload_version")
    query = (
        sa.select(*(shown.c[name] for name in columns), _uploads.c.settings_version)
        .outerjoin_from(shown, _uploads, brought)
        .where(
            shown.c.customer_id == get_customer(connection, customer).id,
            shown.c.account_id.in_(account_ids),
            shown.c.retired_at.is_(None),
        )
    )
    return {row["account_id"]: _health_state(row) for row in connection.execute(query).mappings()}


def _health_state(row: sa.RowMapping) -> HealthState:
    points = {
        one.name: row[column]
        for one, column in zip(HEALTH_INPUTS, tables.CONTRIBUTIONS, strict=True)
        if row[column] is not None
    }
    others = ("as_of", "health_score", "coverage", "upload_version", "settings_version")
    return HealthState(points=points, **{name: row[name] for name in others})


def health_trends(
    connection: sa.Connection, customer: str, account_ids: Sequence[int]
) -> dict[int, list[HealthPoint]]:
    """Returns the newest scores of many accounts at once, oldest first: for sparklines."""
    history = tables.account_health_history
    customer_id = get_customer(connection, customer).id
    versions = _applied(connection, customer_id, TREND_UPLOADS)
    query = counting(connection, customer, history, ("account_id", *_SCORE)).where(
        history.c.upload_version.in_(versions),
        history.c.account_id.in_(account_ids),
        history.c.retired_at.is_(None),
    )
    trends: dict[int, dict[datetime, HealthPoint]] = {account_id: {} for account_id in account_ids}
    for row in connection.execute(query).mappings():
        point = HealthPoint(**{name: row[name] for name in (*_SCORE, "upload_version")})
        trends[row["account_id"]][point.as_of] = point
    return {account_id: list(points.values()) for account_id, points in trends.items()}


def confirmed_until(connection: sa.Connection, customer: str) -> Mapping[Source, datetime]:
    """Returns the instant until which loads have confirmed the shown values of each source: the end of the
    last point's line."""
    newest = newest_upload(connection, get_customer(connection, customer).id)
    times = {source: newest.newest_as_of(source) for source in SOURCES} if newest else {}
    return {source: moment for source, moment in times.items() if moment is not None}


def counting(
    connection: sa.Connection, customer: str, history: sa.Table, columns: Sequence[str]
) -> sa.Select[Any]:
    """Returns the rows of `history` that uploads brought that count, in the order of time; of one instant the
    newest upload is last."""
    customer_id = get_customer(connection, customer).id
    # The versions as values, so that the database probes the history's key once for each.
    return (
        sa.select(*(history.c[name] for name in columns), history.c.brought_by.label("upload_version"))
        .where(
            history.c.customer_id == customer_id,
            history.c.upload_version.in_(_applied(connection, customer_id)),
            history.c.change != "removed",
        )
        .order_by(history.c.as_of, history.c.upload_version)
    )


def _applied(connection: sa.Connection, customer_id: int, newest: int | None = None) -> list[int]:
    """The versions of the uploads that count, newest first."""
    query = sa.select(_uploads.c.version).where(
        _uploads.c.customer_id == customer_id, _uploads.c.status == "applied"
    )
    return list(connection.execute(query.order_by(_uploads.c.version.desc()).limit(newest)).scalars())
