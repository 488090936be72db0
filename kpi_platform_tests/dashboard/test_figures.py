from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.alerts import open_alert
from kpi_platform.dashboard.check_results import Finding, record_check_results
from kpi_platform.dashboard.customers import add_customer, remove_customer
from kpi_platform.dashboard.figures import alerts_everywhere, figures
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform.dashboard.sync_requests import create_sync_request

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def customer_with_past(connection: sa.Connection, key: str, hours: float, *, failed: bool = False) -> None:
    add_customer(connection, key, key.title())
    document = {
        source: {"connection_id": f"{key}_{source}", "schema": f"{key}_{source}"}
        for source in ("salesforce", "servicenow")
    }
    save_settings(connection, key, document, who="test")
    record_sync_state(
        connection, key, "salesforce", connection_id=f"{key}_salesforce",
        last_succeeded_at=hours_ago(hours), last_failed_at=hours_ago(hours / 2) if failed else None,
    )  # fmt: skip
    record_sync_state(
        connection, key, "servicenow", connection_id="a former one", last_succeeded_at=hours_ago(9000)
    )
    create_sync_request(
        connection, customer=key, data_source="combined", sync_config={}, requested_by="test", dry_run=False
    )
    open_alert(connection, key, "source_stale", "salesforce", text="x", next_step="y", since=NOW)
    finding = Finding("not_null", "kpi_values", "fail", 2, "two rows")
    record_check_results(connection, "data tests", {key: (7, [finding])}, run_id=None)


def by_name(connection: sa.Connection, customer: str | None = None) -> dict[str, Any]:
    return {one.name: dict(one.values) for one in figures(connection, customer, now=NOW)}


def test_figures_are_of_all_active_customers_or_of_one(any_dashboard_engine: sa.Engine) -> None:
    with any_dashboard_engine.begin() as connection:
        customer_with_past(connection, "acme", 2)
        customer_with_past(connection, "bolt", 6, failed=True)
        customer_with_past(connection, "gone", 99)
        remove_customer(connection, "gone")
        everybody, acme = by_name(connection), by_name(connection, "acme")
        assert [(key, one.kind) for key, one in alerts_everywhere(connection)] == [
            ("acme", "source_stale"), ("bolt", "source_stale"),
        ]  # fmt: skip
    assert everybody["customers"] == {(): 2}
    assert everybody["sync_age_seconds"] == {("salesforce", "newest"): 7200, ("salesforce", "oldest"): 21600}
    assert everybody["sources"] == {("salesforce", "succeeded"): 1, ("salesforce", "failed"): 1}
    assert everybody["alerts_open"] == {("source_stale",): 2}
    assert everybody["check_findings"] == {("data tests", "fail"): 2}
    assert everybody["sync_requests"] == {("queued",): 2}
    assert acme["sync_age_seconds"] == {("salesforce", "newest"): 7200, ("salesforce", "oldest"): 7200}
    assert acme["sources"] == {("salesforce", "succeeded"): 1}
    assert acme["sync_requests"] == {("queued",): 1}
    assert "customers" not in acme


def test_an_empty_installation_has_figures_too(any_dashboard_engine: sa.Engine) -> None:
    with any_dashboard_engine.connect() as connection:
        found = by_name(connection)
    assert found["customers"] == {(): 0}
    assert found["loads_held"] == {(): 0}
    assert found["upload_seconds"] == {}


def test_uploads_count_by_customer_and_the_newest_says_how_long_it_took(
    any_dashboard_engine: sa.Engine,
) -> None:
    uploads = tables.kpi_uploads
    counts = {column.name: 1 for column in uploads.c if column.name.startswith(("kpis_", "accounts_"))}
    with any_dashboard_engine.begin() as connection:
        for number, key in enumerate(("acme", "bolt"), 1):
            customer = add_customer(connection, key, key)
            for version in range(1, number + 1):
                finished = hours_ago(10 - version)
                row = {
                    "kind": "load", "status": "applied", "as_of": finished, "current_as_of": {},
                    "update_mode": "upsert", "data_source": "combined", "uploaded_by": "test",
                    "sent_to_review": 0, "notes": [], "started_at": finished - timedelta(seconds=4 * version),
                    "finished_at": finished, **counts,
                }  # fmt: skip
                connection.execute(sa.insert(uploads).values(customer_id=customer.id, version=version, **row))
        found = by_name(connection)
    assert found["uploads"] == {(): 3}
    assert found["upload_age_seconds"] == {("newest",): 8 * 3600, ("oldest",): 9 * 3600}
    assert found["upload_seconds"] == {("longest",): 8, ("mean",): 6}
    assert found["upload_kpis"][("inserted",)] == 2
