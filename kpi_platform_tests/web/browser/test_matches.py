"""Match review: decide, and take it back."""

import pytest
from playwright.sync_api import Page, expect

from kpi_platform.dashboard.matches import get_match
from kpi_platform_tests.web.seeding import Seed, seed_review

pytestmark = pytest.mark.browser


def decision(customer: Seed) -> str:
    with customer.engine.connect() as connection:
        return get_match(connection, customer.customer, "001Quarry").decision


def test_a_proposal_is_accepted_and_undone(page: Page, customer: Seed) -> None:
    seed_review(customer)
    page.goto("/matches")
    expect(page.get_by_role("link", name="Match review")).to_contain_text("1")
    expect(page.get_by_role("heading", name="Quarry Holdings")).to_be_visible()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("status").first).to_contain_text("Accepted")
    assert decision(customer) == "match"
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").first).to_contain_text("Undone")
    assert decision(customer) == "review"


def test_another_account_is_searched_and_chosen(page: Page, customer: Seed) -> None:
    seed_review(customer)
    page.goto("/matches")
    page.get_by_text("Choose another account").click()
    page.get_by_placeholder("Name of an account").press_sequentially("amber")
    expect(page.locator(".found li")).to_have_count(1)
    page.locator(".found").get_by_role("button", name="Choose").click()
    expect(page.get_by_role("alert").first).to_contain_text("already")
    assert decision(customer) == "review"
    page.get_by_role("button", name="Not the same").click()
    expect(page.get_by_role("status").first).to_contain_text("Rejected")
    assert decision(customer) == "none"
