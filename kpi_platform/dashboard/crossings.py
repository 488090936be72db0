"""The values that an upload has brought over the threshold at which an account is at risk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.definitions import KpiDefinition, stored_definitions
from kpi_platform.domain.kpis import Thresholds, is_too_few

LIMIT = 1000
"""Values at risk that are looked at, of one upload."""

_LOOK_BACK = 100
_history, _uploads = tables.kpi_history, tables.kpi_uploads


@dataclass(frozen=True, slots=True)
class Crossing:
    """A KPI of an account that was not at risk (None: not known before) and now is."""

    account_id: int
    account: str
    kpi: str
    display_name: str
    unit: str
    before: float | None
    value: float


def became_at_risk(connection: sa.Connection, customer: str, version: int) -> list[Crossing]:
    """Returns those values that upload `version` changed and that became at risk, by account name. A value
    that came for the first time has not crossed anything."""
    customer_id = get_customer(connection, customer).id
    now = _at_risk(connection, customer_id, version)
    definitions = stored_definitions(connection, customer_id)
    before = _before(connection, customer_id, version, sorted({account for account, _ in now}), definitions)
    found: list[Crossing] = []
    for (account_id, kpi), (name, value) in now.items():
        one = definitions[kpi]
        if (account_id, kpi) not in before or one.healthy is None or one.at_risk is None:
            continue
        old = before[account_id, kpi]
        if old is None or Thresholds(one.healthy, one.at_risk).band(old, one.direction) != "at_risk":
            found.append(Crossing(account_id, name, kpi, one.display_name, one.unit, old, value))
    return found


def _at_risk(
    connection: sa.Connection, customer_id: int, version: int
) -> dict[tuple[int, str], tuple[str, float]]:
    accounts, definitions = tables.accounts, tables.kpi_definitions
    risky = sa.or_(
        sa.and_(definitions.c.direction == "high", _history.c.value < definitions.c.at_risk),
        sa.and_(definitions.c.direction == "low", _history.c.value > definitions.c.at_risk),
    )
    query = (
        sa.select(_history.c.account_id, _history.c.kpi, accounts.c.name, _history.c.value)
        .join(accounts, accounts.c.id == _history.c.account_id)
        .join(
            definitions,
            sa.and_(definitions.c.customer_id == _history.c.customer_id, definitions.c.kpi == _history.c.kpi),
        )
        .where(
            _history.c.customer_id == customer_id,
            _history.c.upload_version == version,
            _history.c.change == "updated",
            risky,
            sa.or_(
                definitions.c.min_sample <= 1,
                sa.func.coalesce(_history.c.sample_size >= definitions.c.min_sample, sa.true()),
            ),
        )
        .order_by(accounts.c.name, _history.c.account_id, definitions.c.position)
        .limit(LIMIT)
    )
    return {(row.account_id, row.kpi): (row.name, row.value) for row in connection.execute(query)}


def _before(
    connection: sa.Connection,
    customer_id: int,
    version: int,
    account_ids: Sequence[int],
    definitions: Mapping[str, KpiDefinition],
) -> dict[tuple[int, str], float | None]:
    """Returns the values that were shown before: each KPI's newest in the uploads that count. None if there
    was none, or it came from too few rows."""
    versions = (
        sa.select(_uploads.c.version)
        .where(
            _uploads.c.customer_id == customer_id,
            _uploads.c.version < version,
            _uploads.c.status == "applied",
        )
        .order_by(_uploads.c.version.desc())
        .limit(_LOOK_BACK)
    )
    columns = (_history.c.account_id, _history.c.kpi, _history.c.value, _history.c.sample_size)
    query = sa.select(*columns).where(
        _history.c.customer_id == customer_id,
        # As values, so that the database probes the history's key once for each.
        _history.c.upload_version.in_(list(connection.execute(versions).scalars())),
        _history.c.account_id.in_(account_ids),
        _history.c.change.not_in(("removed", "history_only")),
    )
    rows = connection.execute(query.order_by(_history.c.upload_version))
    return {
        (row.account_id, row.kpi): None
        if row.kpi in definitions and is_too_few(row.sample_size, definitions[row.kpi].min_sample)
        else row.value
        for row in rows
    }
