"""Accounts as people look at them: with health and KPI values, filtered, sorted, paged.

A page of 50 out of 5,000 accounts takes three short queries: how many, which, and their values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.accounts import Account, get_account
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.definitions import KpiDefinition, stored_definitions
from kpi_platform.dashboard.shown_accounts import (
    AccountDetail,
    AccountFilter,
    AccountPage,
    AccountSummary,
    BandFilter,
    Facets,
    KpiValue,
)
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.kpis import HEALTH_THRESHOLDS, Band, Direction, Thresholds, is_too_few, least_sample

SORTS = ("name", "health_score", "revenue", "industry", "region", "csm_name")
"""Orders of a list, besides every KPI's slug."""

_accounts = tables.accounts
_health = tables.account_health
_kpis = tables.kpis
_uploads = tables.kpi_uploads
_ACCOUNT = tuple(field.name for field in fields(Account))
_VALUE = tuple(field.name for field in fields(KpiValue) if field.name not in ("band", "too_few"))
_SAMPLE_SIZE = _VALUE.index("sample_size")


def find_accounts(
    connection: sa.Connection,
    customer: str,
    wanted: AccountFilter,
    *,
    sort: str = "name",
    descending: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> AccountPage:
    """Returns one page of the customer's accounts, retired ones left out. Accounts without a value sort last.
    Raises InvalidInput for a KPI or a sort that there is not."""
    customer_id = get_customer(connection, customer).id
    definitions = stored_definitions(connection, customer_id)
    query = _filtered(customer_id, definitions, wanted)
    total = connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()
    query, key = _sorted_by(query, definitions, sort)
    order = (key.desc() if descending else key.asc()).nulls_last()
    rows = connection.execute(query.order_by(order, _accounts.c.id).limit(limit).offset(offset)).mappings()
    summaries = _summaries(connection, customer_id, definitions, [dict(row) for row in rows])
    return AccountPage(total, summaries)


def account_detail(connection: sa.Connection, customer: str, account_id: int) -> AccountDetail:
    """Returns one account, retired or not. Raises NotFound if the customer has none of this id."""
    account = get_account(connection, customer, account_id)
    customer_id = get_customer(connection, customer).id
    definitions = stored_definitions(connection, customer_id)
    brought = sa.and_(
        _uploads.c.customer_id == _health.c.customer_id, _uploads.c.version == _health.c.upload_version
    )
    query = (
        sa.select(_health, _uploads.c.settings_version)
        .outerjoin_from(_health, _uploads, brought)
        .where(
            _health.c.customer_id == customer_id,
            _health.c.account_id == account_id,
            _health.c.retired_at.is_(None),
        )
    )
    found = connection.execute(query).mappings().one_or_none()
    health: Mapping[str, Any] = dict(found) if found else {}
    row = {name: getattr(account, name) for name in _ACCOUNT}
    row |= {name: health.get(name) for name in ("health_score", "coverage")}
    [summary] = _summaries(connection, customer_id, definitions, [row])
    scores = {name: health[name] for name in tables.HEALTH_COLUMNS} if health else {}
    return AccountDetail(summary, scores, health.get("as_of"), health.get("settings_version"))


def account_facets(connection: sa.Connection, customer: str) -> Facets:
    """Returns industries, regions and customer success managers of the customer's accounts, in order."""
    customer_id = get_customer(connection, customer).id

    def values(column: sa.Column[Any]) -> list[str]:
        query = sa.select(column).distinct().where(*_shown(customer_id), column.is_not(None))
        return list(connection.execute(query.order_by(column)).scalars())

    return Facets(values(_accounts.c.industry), values(_accounts.c.region), values(_accounts.c.csm_name))


def health_bands(
    connection: sa.Connection, customer: str, wanted: AccountFilter | None = None
) -> dict[BandFilter, int]:
    """Returns how many of the customer's accounts are in each band of the health score, among those that the
    rest of the filter leaves. Raises as `find_accounts`."""
    customer_id = get_customer(connection, customer).id
    band = sa.case(
        *((_in_band(_health.c.health_score, HEALTH_THRESHOLDS, "high", name), name) for name in _BANDS),
        else_="missing",
    )
    others = replace(wanted or AccountFilter(), health=None)
    query = _filtered(customer_id, stored_definitions(connection, customer_id), others)
    rows = query.with_only_columns(band.label("band"), maintain_column_froms=True).subquery()
    counted = connection.execute(sa.select(rows.c.band, sa.func.count()).group_by(rows.c.band)).tuples().all()
    counts: dict[BandFilter, int] = dict.fromkeys((*_BANDS, "missing"), 0)
    counts.update(dict(counted))
    return counts


_BANDS: tuple[Band, ...] = ("healthy", "between", "at_risk")


def _shown(customer_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return _accounts.c.customer_id == customer_id, _accounts.c.retired_at.is_(None)


def _joined(customer_id: int, columns: Sequence[Any]) -> sa.Select[Any]:
    same = sa.and_(
        _health.c.customer_id == _accounts.c.customer_id,
        _health.c.account_id == _accounts.c.id,
        _health.c.retired_at.is_(None),
    )
    return sa.select(*columns).outerjoin_from(_accounts, _health, same).where(*_shown(customer_id))


def _filtered(
    customer_id: int, definitions: Mapping[str, KpiDefinition], wanted: AccountFilter
) -> sa.Select[Any]:
    columns = [*(_accounts.c[name] for name in _ACCOUNT), _health.c.health_score, _health.c.coverage]
    query = _joined(customer_id, columns)
    if wanted.search:
        found = _accounts.c.name.icontains(wanted.search, autoescape=True)
        query = query.where(sa.or_(found, _accounts.c.external_id == wanted.search))
    for column, value in (("industry", wanted.industry), ("region", wanted.region), ("csm_name", wanted.csm)):
        if value is not None:
            query = query.where(_accounts.c[column] == value)
    if wanted.health is not None:
        query = query.where(_in_band(_health.c.health_score, HEALTH_THRESHOLDS, "high", wanted.health))
    if wanted.kpi is not None:
        query = query.where(_kpi_condition(customer_id, _definition(definitions, wanted.kpi), wanted))
    elif (wanted.kpi_band, wanted.kpi_min, wanted.kpi_max) != (None, None, None):
        raise InvalidInput("A KPI's band or limits are given without the KPI.", next_step="Give kpi as well.")
    return query


def _kpi_condition(
    customer_id: int, definition: KpiDefinition, wanted: AccountFilter
) -> sa.ColumnElement[bool]:
    of_account = sa.select(_kpis.c.account_id).where(
        _kpis.c.customer_id == customer_id,
        _kpis.c.account_id == _accounts.c.id,
        _kpis.c.kpi == definition.kpi,
        _kpis.c.retired_at.is_(None),
    )
    conditions: list[sa.ColumnElement[bool]] = [_kpis.c.value.is_not(None)]
    if wanted.kpi_min is not None:
        conditions.append(_kpis.c.value >= wanted.kpi_min)
    if wanted.kpi_max is not None:
        conditions.append(_kpis.c.value <= wanted.kpi_max)
    if wanted.kpi_band == "missing":
        return sa.not_(of_account.where(*conditions).exists())
    if wanted.kpi_band is not None:
        thresholds = definition.thresholds
        if thresholds is None:
            raise InvalidInput(
                f"The KPI '{definition.kpi}' has no thresholds.", next_step="Filter by kpi_min and kpi_max."
            )
        conditions.append(_in_band(_kpis.c.value, thresholds, definition.direction, wanted.kpi_band))
        least = least_sample(definition.min_sample)
        conditions.append(sa.func.coalesce(_kpis.c.sample_size >= least, sa.true()))
    return of_account.where(*conditions).exists()


def _sorted_by(
    query: sa.Select[Any], definitions: Mapping[str, KpiDefinition], sort: str
) -> tuple[sa.Select[Any], sa.ColumnElement[Any]]:
    if sort == "health_score":
        return query, _health.c.health_score
    if sort == "revenue":
        return query, _accounts.c.revenue
    if sort in SORTS:
        return query, sa.func.lower(_accounts.c[sort])
    if sort not in definitions:
        raise InvalidInput(
            f"Accounts cannot be sorted by '{sort}'.",
            next_step=f"Sort by {', '.join((*SORTS, *definitions))}.",
        )
    same = sa.and_(
        _kpis.c.customer_id == _accounts.c.customer_id,
        _kpis.c.account_id == _accounts.c.id,
        _kpis.c.kpi == sort,
        _kpis.c.retired_at.is_(None),
    )
    return query.outerjoin(_kpis, same), _kpis.c.value


def _summaries(
    connection: sa.Connection,
    customer_id: int,
    definitions: Mapping[str, KpiDefinition],
    rows: list[dict[str, Any]],
) -> list[AccountSummary]:
    values = _values(connection, customer_id, definitions, [row["id"] for row in rows])
    return [
        AccountSummary(
            account=Account(**{name: row[name] for name in _ACCOUNT}),
            health_score=row["health_score"],
            coverage=row["coverage"],
            health_band=None
            if row["health_score"] is None
            else HEALTH_THRESHOLDS.band(row["health_score"], "high"),
            kpis=values.get(row["id"], {}),
        )
        for row in rows
    ]


def _values(
    connection: sa.Connection,
    customer_id: int,
    definitions: Mapping[str, KpiDefinition],
    account_ids: list[int],
) -> dict[int, dict[str, KpiValue]]:
    query = sa.select(_kpis.c.account_id, *(_kpis.c[name] for name in _VALUE)).where(
        _kpis.c.customer_id == customer_id, _kpis.c.account_id.in_(account_ids), _kpis.c.retired_at.is_(None)
    )
    order = {slug: position for position, slug in enumerate(definitions)}
    found: dict[int, dict[str, KpiValue]] = {account_id: {} for account_id in account_ids}
    # All at once: one by one takes longer than the query.
    rows = connection.execute(query).all()
    for account_id, *columns in sorted(rows, key=lambda row: order.get(row[1], len(order))):
        kpi, value, sample_size = columns[0], columns[1], columns[_SAMPLE_SIZE]
        definition = definitions.get(kpi)
        too_few = (
            value is not None and definition is not None and is_too_few(sample_size, definition.min_sample)
        )
        band = definition.band(value, sample_size) if definition else None
        fields_in_order: list[Any] = [*columns, band, too_few]
        found[account_id][kpi] = KpiValue(*fields_in_order)
    return found


def _definition(definitions: Mapping[str, KpiDefinition], kpi: str) -> KpiDefinition:
    if kpi not in definitions:
        raise InvalidInput(
            f"There is no KPI '{kpi}' here.", next_step=f"Use one of {', '.join(definitions) or 'none yet'}."
        )
    return definitions[kpi]


def _in_band(
    column: sa.ColumnElement[Any], thresholds: Thresholds, better: Direction, band: BandFilter
) -> sa.ColumnElement[bool]:
    """As `Thresholds.band`, for the database."""
    high = better == "high"
    healthy = column >= thresholds.healthy if high else column <= thresholds.healthy
    at_risk = column < thresholds.at_risk if high else column > thresholds.at_risk
    return {
        "healthy": healthy,
        "at_risk": sa.and_(sa.not_(healthy), at_risk),
        "between": sa.and_(sa.not_(healthy), sa.not_(at_risk)),
        "missing": column.is_(None),
    }[band]
