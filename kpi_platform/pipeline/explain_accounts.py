"""Explains a customer's accounts: which do not count and why, and the values that cannot be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.account_counts import account_counts
from kpi_platform.dashboard.check_results import check_results
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.account_counts import AccountGroup
from kpi_platform.domain.errors import NotFound
from kpi_platform.pipeline.left_out_accounts import LeftOutAccount, left_out_accounts

UNREADABLE_CHECK = "unreadable_values"
"""The data test whose rows are columns that hold what cannot be read, with count and example."""

_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class AccountsExplanation:
    """The accounts of the newest build. `counting` accounts count; `sentence` says which do not, that
    all do, or that nobody does; `groups` has them by reason and type, and `accounts` are the first of them.
    `unreadable` has a row for each column that holds what cannot be read: table, column, count, example."""

    customer: str
    as_of: datetime
    counting: int
    sentence: str
    groups: Sequence[AccountGroup]
    accounts: Sequence[LeftOutAccount]
    unreadable: Sequence[Mapping[str, Any]]


def explain_accounts(
    configuration: Configuration, engine: sa.Engine, customer: str, *, rows: int
) -> AccountsExplanation:
    """Explains the accounts of `customer`, with at most `rows` of those that do not count. Raises NotFound if
    nothing was computed yet."""
    with reading(engine) as connection:
        built = account_counts(connection, [customer]).get(customer)
        results = check_results(connection, customer)
    if built is None:
        raise NotFound(
            f"Nothing was computed for customer '{customer}' yet.",
            next_step=f"Compute it: kpi-platform run {customer} --skip-sync",
        )
    found = [one for of in results for one in of.findings if one.check == UNREADABLE_CHECK]
    names = ("source_table", "column_name", "row_count", "example_value")
    return AccountsExplanation(
        customer=customer,
        as_of=built.as_of,
        counting=built.counts.counting,
        sentence=built.counts.in_words(),
        groups=[group for group in built.counts.groups if group.reason is not None],
        accounts=left_out_accounts(configuration, engine, customer, limit=rows, wait_seconds=_WAIT_SECONDS),
        unreadable=[{name: row.get(name) for name in names} for one in found for row in one.rows],
    )
