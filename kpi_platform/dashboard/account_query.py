"""The queries that find a customer's accounts: filtered, and in an order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.accounts import Account
from kpi_platform.dashboard.definitions import KpiDefinition
from kpi_platform.dashboard.shown_accounts import AccountFilter, BandFilter
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.kpis import HEALTH_THRESHOLDS, Direction, Thresholds, least_sample

_TEXTS = ("name", "industry", "region", "csm_name")
_PLAIN = ("revenue", "arr", "next_renewal_date")
SORTS = ("health_score", *_TEXTS, *_PLAIN)
"""Orders of a list, besides every KPI's slug."""

ACCOUNT = tuple(field.name for field in fields(Account))
"""The columns that every query selects first, before health score and coverage."""

_accounts, _health, _kpis = tables.accounts, tables.account_health, tables.kpis


def shown(customer_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions that every account of a list meets."""
    return _accounts.c.customer_id == customer_id, _accounts.c.retired_at.is_(None)


def _joined(customer_id: int, columns: Sequence[Any], *, also_gone: bool = False) -> sa.Select[Any]:
    same = sa.and_(
        _health.c.customer_id == _accounts.c.customer_id,
        _health.c.account_id == _accounts.c.id,
        _health.c.retired_at.is_(None),
    )
    there = shown(customer_id)[:1] if also_gone else shown(customer_id)
    return sa.select(*columns).outerjoin_from(_accounts, _health, same).where(*there)


def filtered(
    customer_id: int,
    definitions: Mapping[str, KpiDefinition],
    wanted: AccountFilter,
    *,
    also_gone: bool = False,
) -> sa.Select[Any]:
    """Returns the accounts that the filter leaves (with `also_gone` those that left too): the columns of
    ACCOUNT, health score and coverage. Raises InvalidInput for a KPI that there is not."""
    columns = [*(_accounts.c[name] for name in ACCOUNT), _health.c.health_score, _health.c.coverage]
    query = _joined(customer_id, columns, also_gone=also_gone)
    if wanted.search:
        found = _accounts.c.name.icontains(wanted.search, autoescape=True)
        query = query.where(sa.or_(found, _accounts.c.external_id == wanted.search))
    for column, value in (("industry", wanted.industry), ("region", wanted.region), ("csm_name", wanted.csm)):
        if value is not None:
            query = query.where(_accounts.c[column] == value)
    for condition in _limits(wanted):
        query = query.where(condition)
    if wanted.csm_email is not None:
        query = query.where(sa.func.lower(_accounts.c.csm_email) == wanted.csm_email.lower())
    if wanted.health is not None:
        query = query.where(in_band(_health.c.health_score, HEALTH_THRESHOLDS, "high", wanted.health))
    if wanted.kpi is not None:
        query = query.where(_kpi_condition(customer_id, _definition(definitions, wanted.kpi), wanted))
    elif (wanted.kpi_band, wanted.kpi_min, wanted.kpi_max) != (None, None, None):
        raise InvalidInput("A KPI's band or limits are given without the KPI.", next_step="Give kpi as well.")
    return query


def _limits(wanted: AccountFilter) -> Iterator[sa.ColumnElement[bool]]:
    renewal = _accounts.c.next_renewal_date
    if wanted.arr_min is not None:
        yield _accounts.c.arr >= wanted.arr_min
    if wanted.arr_max is not None:
        yield _accounts.c.arr <= wanted.arr_max
    if wanted.renewal_from is not None:
        yield renewal >= wanted.renewal_from.isoformat()
    if wanted.renewal_to is not None:
        yield renewal <= wanted.renewal_to.isoformat()


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
        conditions.append(in_band(_kpis.c.value, thresholds, definition.direction, wanted.kpi_band))
        least = least_sample(definition.min_sample)
        conditions.append(sa.func.coalesce(_kpis.c.sample_size >= least, sa.true()))
    return of_account.where(*conditions).exists()


def in_order(
    query: sa.Select[Any], definitions: Mapping[str, KpiDefinition], sort: str, *, descending: bool
) -> sa.Select[Any]:
    """Returns the query in the order of `sort`, accounts without a value last. Raises InvalidInput for an
    order that there is not."""
    if sort == "health_score":
        key: sa.ColumnElement[Any] = _health.c.health_score
    elif sort in _PLAIN:
        key = _accounts.c[sort]
    elif sort in _TEXTS:
        key = sa.func.lower(_accounts.c[sort])
    elif sort in definitions:
        same = sa.and_(
            _kpis.c.customer_id == _accounts.c.customer_id,
            _kpis.c.account_id == _accounts.c.id,
            _kpis.c.kpi == sort,
            _kpis.c.retired_at.is_(None),
        )
        query, key = query.outerjoin(_kpis, same), _kpis.c.value
    else:
        raise InvalidInput(
            f"Accounts cannot be sorted by '{sort}'.",
            next_step=f"Sort by {', '.join((*SORTS, *definitions))}.",
        )
    order = (key.desc() if descending else key.asc()).nulls_last()
    return query.order_by(order, _accounts.c.id)


def _definition(definitions: Mapping[str, KpiDefinition], kpi: str) -> KpiDefinition:
    if kpi not in definitions:
        raise InvalidInput(
            f"There is no KPI '{kpi}' here.", next_step=f"Use one of {', '.join(definitions) or 'none yet'}."
        )
    return definitions[kpi]


def in_band(
    column: sa.ColumnElement[Any], thresholds: Thresholds, better: Direction, band: BandFilter
) -> sa.ColumnElement[bool]:
    """Returns the condition of `Thresholds.band`, for the database."""
    high = better == "high"
    healthy = column >= thresholds.healthy if high else column <= thresholds.healthy
    at_risk = column < thresholds.at_risk if high else column > thresholds.at_risk
    return {
        "healthy": healthy,
        "at_risk": sa.and_(sa.not_(healthy), at_risk),
        "between": sa.and_(sa.not_(healthy), sa.not_(at_risk)),
        "missing": column.is_(None),
    }[band]
