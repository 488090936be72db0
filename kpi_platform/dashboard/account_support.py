"""The support of accounts, as the newest load brought it from the ServiceNow marts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.accounts import get_account
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.tables import EXTRA_METRICS, SUPPORT_METRICS


@dataclass(frozen=True, slots=True)
class SlaBreaches:
    """The counting incidents of one category that were opened in the last 30 days. A count or rate is None
    if no SLA source is in force, or the column that it needs did not land."""

    category: str | None
    total_tickets: int
    tickets_with_sla: int | None
    sla_breaches: int | None
    breach_rate: float | None
    breach_rate_of_sla: float | None
    avg_breach_hours: float | None
    routing_issues: int | None
    complex_issues: int | None
    critical_breaches: int | None


@dataclass(frozen=True, slots=True)
class AccountSupport:
    """One account's support at `as_of`. `rates` stand beside the KPIs (tables.EXTRA_METRICS), in the windows
    of the KPIs; `metrics` are of the last 90 days (tables.SUPPORT_METRICS), all None if no incident of the
    account counts; `breaches` are of the last 30 days, the category with most tickets first."""

    as_of: datetime
    rates: Mapping[str, float | None]
    metrics: Mapping[str, float | None]
    breaches: Sequence[SlaBreaches]

    @property
    def is_seen(self) -> bool:
        """Whether any incident of the account counts."""
        return self.metrics["total_tickets"] is not None


_health = tables.account_health
_QUERY = sa.select(
    _health.c.account_id,
    _health.c.as_of,
    _health.c.sla_breaches,
    *(_health.c[name] for name in (*EXTRA_METRICS, *SUPPORT_METRICS)),
).where(
    _health.c.customer_id == sa.bindparam("customer"),
    _health.c.account_id.in_(sa.bindparam("accounts", expanding=True)),
    _health.c.retired_at.is_(None),
)


def account_support(connection: sa.Connection, customer: str, account_id: int) -> AccountSupport | None:
    """Returns the account's support; None if no load has brought a state of it. Raises NotFound if the
    customer has no such account."""
    get_account(connection, customer, account_id)
    return support_of(connection, get_customer(connection, customer).id, [account_id]).get(account_id)


def support_of(
    connection: sa.Connection, customer_id: int, account_ids: Sequence[int]
) -> dict[int, AccountSupport]:
    """Returns the support of the accounts that a load has brought a state of, by account."""
    rows = connection.execute(_QUERY, {"customer": customer_id, "accounts": list(account_ids)}).all()
    return {
        account: AccountSupport(
            as_of,
            dict(zip(EXTRA_METRICS, numbers, strict=False)),
            dict(zip(SUPPORT_METRICS, numbers[len(EXTRA_METRICS) :], strict=True)),
            [SlaBreaches(**one) for one in json.loads(breaches or "[]")],
        )
        for account, as_of, breaches, *numbers in rows
    }
