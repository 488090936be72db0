"""One customer's dashboard, and the shortest way to load something into it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline.load import LoadReport
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.marts import MartAccount, write_marts
from kpi_platform_tests.pipeline.matching import match_accounts

T1 = datetime(2026, 3, 1, tzinfo=UTC)
T2, T3 = T1 + timedelta(days=1), T1 + timedelta(days=2)


class Desk:
    """What a test does with a dashboard."""

    def __init__(self, configuration: Configuration, engine: sa.Engine, customer: str = "acme") -> None:
        self.configuration, self.engine, self.customer = configuration, engine, customer
        with engine.begin() as connection:
            add_customer(connection, customer, customer.title())

    def settings(self, **sections: Any) -> None:
        document = parse_settings(sections).document()
        with self.engine.begin() as connection:
            save_settings(connection, self.customer, document, who="test")

    def marts(self, as_of: datetime, accounts: Iterable[MartAccount], time_basis: str = "calendar") -> None:
        write_marts(self.configuration, self.customer, as_of, accounts, time_basis)
        match_accounts(self.configuration, self.engine, self.customer, as_of)

    def load(self, as_of: datetime, accounts: Iterable[MartAccount], **options: Any) -> LoadReport:
        self.marts(as_of, accounts)
        return load_dashboard(self.configuration, self.engine, self.customer, as_of, **options)

    def values(self) -> dict[tuple[str, str], float | str]:
        """What the dashboard shows: account name and KPI → value, or status if there is none."""
        of_account = sa.and_(
            tables.accounts.c.customer_id == tables.kpis.c.customer_id,
            tables.accounts.c.id == tables.kpis.c.account_id,
        )
        query = sa.select(
            tables.accounts.c.name, tables.kpis.c.kpi, tables.kpis.c.value, tables.kpis.c.status
        ).join_from(tables.kpis, tables.accounts, of_account)
        with self.engine.connect() as connection:
            mine = sa.select(tables.customers.c.id).where(tables.customers.c.key == self.customer)
            shown = query.where(
                tables.kpis.c.retired_at.is_(None), tables.kpis.c.customer_id == mine.scalar_subquery()
            )
            rows = connection.execute(shown)
            return {(name, kpi): status if value is None else value for name, kpi, value, status in rows}

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables that a load writes."""
        names = ("accounts", "account_health", "kpis", "kpi_history", "account_history", "kpi_uploads")
        with self.engine.connect() as connection:
            return {
                name: sorted(
                    map(tuple, connection.execute(sa.select(tables.metadata.tables[name]))), key=repr
                )
                for name in names
            }


def acme(nps: float | str = 40, csat: float | str = 4.5, **health: float) -> MartAccount:
    return MartAccount(
        "001A", "Acme Corporation", {"nps": nps, "csat": csat, "support_ticket_volume": 3},
        {"industry": "Steel", "revenue": 1e6}, health,
    )  # fmt: skip


def zeta(nps: float | str = "no_data") -> MartAccount:
    return MartAccount("001Z", "Zeta Works", {"nps": nps}, {"region": "France"})
