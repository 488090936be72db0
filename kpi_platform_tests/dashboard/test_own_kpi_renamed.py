"""A customer's own KPI whose slug a new standard KPI takes keeps its values, its history and its settings."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.dashboard import database, tables
from kpi_platform.dashboard.customers import add_customer, get_customer
from kpi_platform.dashboard.settings_versions import save_settings, settings_history
from kpi_platform.domain.settings import parse_settings

AT = datetime(2026, 11, 30, tzinfo=UTC)
OTHER: dict[str, Any] = {
    "name": "Ours", "slug": "something_else", "source": "salesforce", "table": "opportunity",
    "aggregate": "count",
}  # fmt: skip


def add_value(connection: sa.Connection, customer: str, kpi: str) -> None:
    row = {
        "customer_id": get_customer(connection, customer).id, "account_id": 1, "kpi": kpi,
        "value": 4.0, "unreadable_count": 0, "status": "ok", "as_of": AT, "upload_version": 1,
    }  # fmt: skip
    connection.execute(sa.insert(tables.kpis).values(row))
    connection.execute(sa.insert(tables.kpi_history).values({**row, "change": "inserted", "brought_by": 1}))


def slugs(document: Any) -> list[str]:
    return [one["slug"] for one in document.get("custom_kpis", [])]


@pytest.mark.parametrize(
    ("before", "taken"), [("0023", "gross_revenue_retention"), ("0036", "support_ticket_rate")]
)
def test_an_own_kpi_with_the_slug_of_a_new_standard_one_is_renamed(
    any_dashboard_engine: sa.Engine, before: str, taken: str
) -> None:
    own, free = {**OTHER, "slug": taken}, f"own_{taken}"
    database.downgrade(any_dashboard_engine, before)
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        add_customer(connection, "bolt", "Bolt")
        save_settings(connection, "acme", {"custom_kpis": [OTHER, own]}, who="somebody")
        save_settings(connection, "bolt", {"custom_kpis": [OTHER]}, who="somebody")
        add_value(connection, "acme", taken)
    database.upgrade(any_dashboard_engine)
    with any_dashboard_engine.connect() as connection:
        history, untouched = (settings_history(connection, customer) for customer in ("acme", "bolt"))
        for table in (tables.kpis, tables.kpi_history):
            assert connection.execute(sa.select(table.c.kpi, table.c.value)).all() == [(free, 4.0)]
    # Other upgrades add versions of their own.
    assert all(slugs(one.document) == [OTHER["slug"], free] for one in history)
    upgrades = [one.changes for one in history if one.saved_by == "the upgrade"]
    assert [[one["path"] for one in changes] for changes in upgrades].count(["custom_kpis"]) == 1
    assert all(slugs(one.document) == [OTHER["slug"]] for one in untouched)
    newest = history[0].document
    assert [one.slug for one in parse_settings(newest).custom_kpis] == slugs(newest)
