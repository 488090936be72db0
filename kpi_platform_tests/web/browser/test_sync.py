"""Syncing now: the page follows what the orchestrator writes, to the end."""

import pytest
from playwright.sync_api import Page, expect

from kpi_platform.dashboard.run_records import write_runs
from kpi_platform.dashboard.sync_requests import (
    advance_sync_request,
    finish_sync_request,
    sync_requests,
)
from kpi_platform_tests.web.pages.test_runs import record
from kpi_platform_tests.web.seeding import Seed

pytestmark = pytest.mark.browser


def test_a_manual_sync_is_followed_live_to_its_end(page: Page, customer: Seed) -> None:
    page.goto("/settings")
    page.get_by_role("button", name="Sync now").click()
    state = page.locator("#sync-state")
    expect(state).to_contain_text("Waiting to begin")
    with customer.engine.begin() as connection:
        [request] = sync_requests(connection, customer.customer)
        assert (request.data_source, request.requested_by) == ("combined", "Ada")
        advance_sync_request(connection, request.id, "syncing", run_id="run-1")
    expect(state).to_contain_text("Sync running: syncing")
    with customer.engine.begin() as connection:
        advance_sync_request(connection, request.id, "loading", progress={"salesforce": "done"})
    expect(state).to_contain_text("Salesforce: done")
    with customer.engine.begin() as connection:
        finish_sync_request(
            connection, request.id, "done", results={"kpis_synced": 1234, "upload_version": 2, "errors": []}
        )
    expect(state).to_contain_text("Sync finished")
    expect(state).to_contain_text("1,234 values written")
    expect(page.get_by_role("button", name="Sync now")).to_be_enabled()


def test_a_failed_sync_says_why(page: Page, customer: Seed) -> None:
    page.goto("/settings")
    page.get_by_role("button", name="Sync now").click()
    expect(page.locator("#sync-state")).to_contain_text("Waiting to begin")
    with customer.engine.begin() as connection:
        [request] = sync_requests(connection, customer.customer)
        finish_sync_request(
            connection, request.id, "failed", results={"errors": ["Fivetran does not answer."]}
        )
    expect(page.locator("#sync-state")).to_contain_text("Fivetran does not answer.")


def test_a_run_is_cancelled_and_the_page_follows_it_to_its_end(page: Page, customer: Seed) -> None:
    name, mine = f"{customer.customer}-run", (customer.customer,)
    write_runs(customer.engine, [record(name, "running", customers=mine)])
    page.goto("/runs")
    now = page.locator("#runs-now")
    expect(now).to_contain_text("Computing KPIs")
    now.get_by_role("button", name="Cancel").press("Enter")
    expect(now).to_contain_text("Ada has cancelled it.")
    expect(now.get_by_role("button")).to_have_count(0)
    write_runs(customer.engine, [record(name, "cancelled", customers=mine)])
    expect(now).to_contain_text("Nothing is under way")
    now.get_by_role("link", name="Load the page again").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Cancelled")
