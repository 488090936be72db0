"""Accounts as people look at them: with health and KPI values, filtered, sorted, paged.

A page of 50 out of 5,000 accounts takes three short queries: how many, which, and their values.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.account_query import ACCOUNT, filtered, in_band, in_order, shown
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
from kpi_platform.domain.kpis import HEALTH_THRESHOLDS, Band, is_too_few
from kpi_platform.domain.load_plan import Array

_accounts = tables.accounts
_health = tables.account_health
_kpis = tables.kpis
_uploads = tables.kpi_uploads
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
    query = filtered(customer_id, definitions, wanted)
    total = connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()
    query = in_order(query, definitions, sort, descending=descending)
    rows = connection.execute(query.limit(limit).offset(offset)).mappings()
    summaries = _summaries(connection, customer_id, definitions, [dict(row) for row in rows])
    return AccountPage(total, summaries)


def account_ids(
    connection: sa.Connection, customer: str, wanted: AccountFilter, *, also_gone: bool = False
) -> Array:
    """Returns the ids of the accounts that the filter leaves; with `also_gone` of those that left too. Raises
    as `find_accounts`."""
    customer_id = get_customer(connection, customer).id
    query = filtered(customer_id, stored_definitions(connection, customer_id), wanted, also_gone=also_gone)
    ids = query.with_only_columns(_accounts.c.id, maintain_column_froms=True)
    return np.fromiter(connection.scalars(ids), np.int64)


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
    row = {name: getattr(account, name) for name in ACCOUNT}
    row |= {name: health.get(name) for name in ("health_score", "coverage")}
    [summary] = _summaries(connection, customer_id, definitions, [row])
    scores = {name: health[name] for name in tables.HEALTH_COLUMNS} if health else {}
    return AccountDetail(summary, scores, health.get("as_of"), health.get("settings_version"))


def account_facets(connection: sa.Connection, customer: str) -> Facets:
    """Returns industries, regions and customer success managers of the customer's accounts, in order, and
    whether there is recurring revenue."""
    customer_id = get_customer(connection, customer).id

    def values(column: sa.Column[Any]) -> list[str]:
        query = sa.select(column).distinct().where(*shown(customer_id), column.is_not(None))
        return list(connection.execute(query.order_by(column)).scalars())

    known = sa.or_(_accounts.c.arr.is_not(None), _accounts.c.next_renewal_date.is_not(None))
    has_revenue = connection.execute(sa.select(sa.exists().where(*shown(customer_id), known))).scalar_one()
    industries, regions, csms = (values(_accounts.c[name]) for name in ("industry", "region", "csm_name"))
    return Facets(industries, regions, csms, bool(has_revenue))


def health_bands(
    connection: sa.Connection, customer: str, wanted: AccountFilter | None = None
) -> dict[BandFilter, int]:
    """Returns how many of the customer's accounts are in each band of the health score, among those that the
    rest of the filter leaves. Raises as `find_accounts`."""
    customer_id = get_customer(connection, customer).id
    band = sa.case(
        *((in_band(_health.c.health_score, HEALTH_THRESHOLDS, "high", name), name) for name in _BANDS),
        else_="missing",
    )
    others = replace(wanted or AccountFilter(), health=None)
    query = filtered(customer_id, stored_definitions(connection, customer_id), others)
    rows = query.with_only_columns(band.label("band"), maintain_column_froms=True).subquery()
    counted = connection.execute(sa.select(rows.c.band, sa.func.count()).group_by(rows.c.band)).tuples().all()
    counts: dict[BandFilter, int] = dict.fromkeys((*_BANDS, "missing"), 0)
    counts.update(dict(counted))
    return counts


_BANDS: tuple[Band, ...] = ("healthy", "between", "at_risk")


def _summaries(
    connection: sa.Connection,
    customer_id: int,
    definitions: Mapping[str, KpiDefinition],
    rows: list[dict[str, Any]],
) -> list[AccountSummary]:
    values = _values(connection, customer_id, definitions, [row["id"] for row in rows])
    return [
        AccountSummary(
            account=Account(**{name: row[name] for name in ACCOUNT}),
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
