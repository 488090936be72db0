"""Signing in and out."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from kpi_platform_tests.web.seeding import Seed

pytestmark = pytest.mark.browser


def test_a_token_signs_in_and_leads_to_the_page_that_was_asked_for(
    context: BrowserContext, customer: Seed
) -> None:
    page = context.new_page()
    page.goto("/uploads")
    expect(page).to_have_url("/sign-in?next=%2Fuploads")
    page.get_by_label("Access token").fill("kpi_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").first).to_contain_text("not known")
    page.get_by_label("Access token").fill(customer.token())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Uploads")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto("/")
    expect(page).to_have_url("/sign-in")


def test_the_chosen_theme_stays(page: Page) -> None:
    page.goto("/")
    toggle = page.get_by_role("button", name="Theme")
    toggle.click()
    toggle.click()
    page.goto("/status")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
