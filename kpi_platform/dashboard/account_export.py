"""All accounts that a filter leaves, with what is shown of each: for a file of thousands.

A part at a time, so that a file of any size needs the memory of one part.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.account_query import filtered, in_order
from kpi_platform.dashboard.account_support import AccountSupport, support_of
from kpi_platform.dashboard.definitions import KpiDefinition
from kpi_platform.dashboard.shown_accounts import AccountFilter

PART = 1_000
"""Accounts of a part."""


class ExportedValue(NamedTuple):
    """A value in a file: it, or by its status why there is none."""

    value: float | None
    status: str
    sample_size: int | None


@dataclass(frozen=True, slots=True)
class ExportedAccount:
    """`attributes` are the fields of `Account`, in their order; `kpis` is by slug. `support` is None if no
    load has brought a state of it."""

    attributes: Sequence[Any]
    health_score: float | None
    coverage: float | None
    kpis: Mapping[str, ExportedValue]
    support: AccountSupport | None


_kpis = tables.kpis
_VALUES = sa.select(
    _kpis.c.account_id, _kpis.c.kpi, *(_kpis.c[name] for name in ExportedValue._fields)
).where(
    _kpis.c.customer_id == sa.bindparam("customer"),
    _kpis.c.account_id.in_(sa.bindparam("accounts", expanding=True)),
    _kpis.c.retired_at.is_(None),
)


def exported_accounts(
    connection: sa.Connection,
    customer_id: int,
    definitions: Mapping[str, KpiDefinition],
    wanted: AccountFilter,
    *,
    sort: str = "name",
    descending: bool = False,
    part: int = PART,
) -> Iterator[list[ExportedAccount]]:
    """Returns the accounts of `find_accounts`, all pages of them, in parts. Raises at once as it does."""
    query = in_order(filtered(customer_id, definitions, wanted), definitions, sort, descending=descending)
    return _parts(connection, customer_id, query, part)


def _parts(
    connection: sa.Connection, customer_id: int, query: sa.Select[Any], size: int
) -> Iterator[list[ExportedAccount]]:
    rows = connection.execute(query, execution_options={"yield_per": size})
    for part in rows.partitions():
        ids = [row.id for row in part]
        support = support_of(connection, customer_id, ids)
        values = _values(connection, customer_id, ids)
        yield [
            ExportedAccount(attributes, health_score, coverage, values[account], support.get(account))
            for account, (*attributes, health_score, coverage) in zip(ids, part, strict=True)
        ]


def _values(
    connection: sa.Connection, customer_id: int, ids: Sequence[int]
) -> dict[int, dict[str, ExportedValue]]:
    found: dict[int, dict[str, ExportedValue]] = {account: {} for account in ids}
    rows = connection.execute(_VALUES, {"customer": customer_id, "accounts": list(ids)}).all()
    for account, kpi, value, status, sample_size in rows:
        found[account][kpi] = ExportedValue(value, status, sample_size)
    return found
