"""What `up` tells of: syncs, loads, alerts, and runs."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import dagster as dg
import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.alerts import open_alert
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.news import DashboardNews
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform.dashboard.sync_requests import create_sync_request
from kpi_platform.dashboard.uploads import add_uploads, upload_row
from kpi_platform.defs.location import definitions
from kpi_platform.defs.partitions import add_partitions
from kpi_platform.defs.run_news import RunNews
from kpi_platform.domain.news import News, lines

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def news(sqlite_engine: sa.Engine) -> Iterator[DashboardNews]:
    with sqlite_engine.begin() as connection:
        for key in ("acme", "bolt"):
            add_customer(connection, key, key.title())
        record_sync_state(connection, "acme", "salesforce", last_succeeded_at=NOW)
    with closing(DashboardNews(sqlite_engine)) as reader:
        # What was there before is no news.
        assert reader.new() == []
        yield reader


def test_syncs_requests_loads_and_alerts_are_told_once(news: DashboardNews, sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.begin() as connection:
        record_sync_state(connection, "acme", "salesforce", last_succeeded_at=NOW.replace(hour=1))
        record_sync_state(connection, "bolt", "salesforce", last_succeeded_at=NOW.replace(hour=1))
        record_sync_state(connection, "bolt", "servicenow", last_failed_at=NOW)
        create_sync_request(connection, "acme", "salesforce", requested_by="ada@example.com")
        text, step = "Most accounts are gone.", "Look at the load."
        open_alert(connection, "acme", "load_held", "dashboard", text=text, next_step=step, since=NOW)
    assert list(lines(news.new())) == [
        "ada@example.com asks for a sync: acme.",
        "Salesforce is synced: acme, bolt.",
        "✗ ServiceNow: the sync failed: bolt.",
        "✗ alert: acme. Most accounts are gone. Look at the load.",
    ]
    assert news.new() == []


def test_a_load_is_told_with_what_it_changed(news: DashboardNews, sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.begin() as connection:
        customer = connection.execute(sa.text("select id from customers where key = 'acme'")).scalar_one()
        row = upload_row(
            customer, 1, kind="load", as_of=NOW, current_as_of={}, update_mode="upsert",
            data_source="combined", uploaded_by="test",
        )  # fmt: skip
        add_uploads(connection, [{**row, "kpis_updated": 1_200, "sent_to_review": 1}])
    (line,) = lines(news.new())
    assert line == "loaded: acme. Upload 1: changed values: 1,200, accounts to review: 1."


def test_the_same_of_many_customers_is_one_line() -> None:
    many = [News("Salesforce is synced", f"c{number}") for number in range(1_000)]
    assert list(lines(many)) == ["Salesforce is synced: c0, c1, c2, c3, c4 and 995 more."]


def test_runs_are_told_when_they_begin_and_end_and_why_they_failed(configuration: Configuration) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        add_partitions(instance, ["acme"])
        news = RunNews(configuration, instance)
        job = definitions(configuration).resolve_job_def("refresh")
        run = instance.create_run_for_job(job, tags={"kpi/customers": "acme"})
        assert list(news.new()) == []
        instance.report_engine_event("begins", run, run_id=run.run_id)
        instance.report_dagster_event(
            dg.DagsterEvent(dg.DagsterEventType.PIPELINE_START.value, run.job_name), run.run_id
        )
        assert list(lines(news.new())) == ["refresh begins: acme."]
        assert list(news.new()) == []
        instance.report_run_failed(run, "Its process was ended from outside.")
        (line,) = lines(news.new())
    assert line.startswith("✗ refresh failed")
    assert f"/runs/{run.run_id}" in line
