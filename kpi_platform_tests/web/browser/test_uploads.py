"""Uploads: compared, and taken back after a question."""

import pytest
from playwright.sync_api import Page, expect

from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform_tests.web.seeding import Seed

pytestmark = pytest.mark.browser


def test_an_upload_is_compared_and_taken_back(page: Page, customer: Seed) -> None:
    page.goto("/uploads")
    page.get_by_role("link", name="Compare v2").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What v2 shows differently")
    assert page.locator("tbody tr").count() > 10
    page.goto("/uploads")
    page.get_by_role("link", name="Roll back v2").click()
    expect(page.locator("main")).to_contain_text("Only v2 is taken back")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="Roll back v2").click()
    page.get_by_role("button", name="Roll back v2").click()
    expect(page.get_by_role("status").first).to_contain_text("Rolled back")
    expect(page).to_have_url("/uploads")
    with customer.engine.connect() as connection:
        newest, taken, _ = list_uploads(connection, customer.customer)
    assert (newest.kind, newest.took_back, taken.status) == ("rollback", 2, "taken_back")
