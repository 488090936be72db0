"""Explains the value that the dashboard shows of an account, which is not always the newest computed one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.matches import matches_of_account
from kpi_platform.dashboard.shown_accounts import AccountSummary, KpiValue
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.find_account import AccountName
from kpi_platform.pipeline.explain import (
    DEFAULT_ROWS,
    Explanation,
    explain_value,
    explained_customer,
    explained_kpi,
)

_MEASURED = ("value", "numerator", "denominator", "sample_size", "status")


@dataclass(frozen=True, slots=True)
class ShownExplanation:
    """`is_shown` is False if the marts have no value like the shown one, as after a roll-back; then the
    newest computed one is explained."""

    explanation: Explanation
    is_shown: bool


def explain_shown(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    account: AccountSummary,
    kpi: str,
    *,
    rows: int = DEFAULT_ROWS,
    wait_seconds: float,
) -> ShownExplanation:
    """Explains the value of `kpi` that the dashboard shows of `account`.

    Of several source accounts that are this account, it is the one whose value is shown. Raises NotFound
    if the account has no such value, no source account, or nothing was computed; DestinationLocked if
    the embedded warehouse is not free within `wait_seconds`."""
    shown = account.kpis.get(kpi)
    if shown is None:
        raise NotFound(
            f"The account '{account.account.name}' shows no KPI '{kpi}'.",
            next_step=f"It shows {', '.join(account.kpis) or 'none yet'}.",
        )
    with reading(engine) as connection:
        matches = matches_of_account(connection, customer, account.account.id)
    accounts = {match.source_account_id: match.source_name for match in matches}
    if not accounts:
        raise NotFound(
            f"No account of the sources is matched with '{account.account.name}'.",
            next_step="Look at the match review.",
        )
    one = explained_customer(configuration, engine, customer, wait_seconds)
    definition = explained_kpi(one, kpi)
    value, is_shown = _value(one.destination, customer, list(accounts), shown)
    source = AccountName(value["account_id"], accounts[value["account_id"]])
    explanation = explain_value(configuration, one, source, definition, value, rows=rows)
    return ShownExplanation(explanation, is_shown)


def _value(
    destination: Destination, customer: str, accounts: Sequence[str], shown: KpiValue
) -> tuple[Mapping[str, Any], bool]:
    """The row of the marts that is shown, the newest if several are alike, and True; else the newest of
    the first account and False."""
    where = {"account_id": list(accounts), "kpi": shown.kpi}
    wanted = [getattr(shown, name) for name in _MEASURED]
    newest = _rows(destination, "kpi_values", customer, where)
    if not newest:
        raise NotFound(
            f"The warehouse has no {shown.kpi} of this account.",
            next_step=f"Compute it: kpi-platform run {customer} --skip-sync",
        )
    for row in newest:
        if [row[name] for name in _MEASURED] == wanted:
            return row, True
    earlier = _rows(destination, "kpi_daily", customer, where)
    alike = [row for row in earlier if [row[name] for name in _MEASURED] == wanted]
    if alike:
        return max(alike, key=lambda row: row["as_of"]), True
    return min(newest, key=lambda row: accounts.index(row["account_id"])), False


def _rows(
    destination: Destination, mart: str, customer: str, where: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    return [row for rows in destination.read_mart(mart, customer, where=where) for row in rows.to_pylist()]
