"""The accounts: found, sorted, exported, read on a phone."""

import csv

import pytest
from playwright.sync_api import Browser, Page, expect

from kpi_platform.adapters import duckdb_file
from kpi_platform_tests.web.browser.conftest import PHONE, Served
from kpi_platform_tests.web.browser.test_accessibility import complaints
from kpi_platform_tests.web.seeding import Seed

pytestmark = pytest.mark.browser


def names(page: Page) -> list[str]:
    return page.locator("tbody .name a").all_inner_texts()


def test_accounts_are_searched_filtered_and_sorted_and_the_address_says_how(page: Page) -> None:
    page.goto("/")
    assert len(names(page)) == 6
    page.get_by_label("Search").press_sequentially("amber")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url("/?search=amber&sort=name")
    page.goto("/")
    page.get_by_label("Industry").select_option("Steel")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.goto("/")
    backwards = sorted(names(page), key=str.lower, reverse=True)
    page.get_by_role("link", name="Account").filter(has_text="Account").last.click()
    expect(page.locator("tbody .name a")).to_have_text(backwards)
    page.get_by_title("Health score: sort").click()
    page.wait_for_url("**sort=*health*")
    scores = page.locator("tbody .band b").all_inner_texts()
    assert [int(one) for one in scores] == sorted((int(one) for one in scores), reverse=True)
    expect(page.locator("tbody tr").last).to_contain_text("No score")


def test_accounts_are_filtered_without_a_script(browser: Browser, served: Served, customer: Seed) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=served.url)
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("Access token").fill(customer.token("read"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Industry").select_option("Energy")
    page.get_by_role("button", name="Filter").click()
    assert len(names(page)) == 2
    context.close()


def test_the_export_holds_what_the_filter_leaves(page: Page) -> None:
    page.goto("/?industry=Steel")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    with download.value.path().open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["industry"] for row in rows] == ["Steel", "Steel"]
    assert {"nps", "nps_status", "health_score"} <= set(rows[0])


def test_an_account_explains_its_numbers(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Amber Works 0").click()
    card = page.locator("#sla_compliance, #nps").first
    card.get_by_text("How it is computed").click()
    expect(card.get_by_text("Numerator")).to_be_visible()
    expect(page.get_by_role("heading", name="Matched sources")).to_be_visible()
    expect(page.locator(".kpi")).to_have_count(12)


def test_source_rows_that_cannot_be_read_now_are_said_so_and_asked_for_again(
    page: Page, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kpi_platform.web.routes.accounts.WAIT_SECONDS", 0.1)
    page.goto("/")
    page.get_by_role("link", name="Amber Works 0").click()
    card = page.locator("#sla_compliance, #nps").first
    card.get_by_text("How it is computed").click()
    with duckdb_file.exclusive(served.configuration.warehouse_file):
        card.get_by_role("link", name="Show the source rows").click()
        expect(card.get_by_role("alert")).to_contain_text("is writing to the warehouse")
        assert complaints(page) == []
    card.get_by_role("link", name="Try again").click()
    # This customer's values were never computed from source rows.
    expect(card.get_by_role("alert")).to_contain_text("_crm")
    expect(page.locator("#toast")).to_be_hidden()


def test_a_phone_shows_cards_and_never_scrolls_sideways(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in ("/", "/settings", "/settings?section=kpi_mappings", "/matches", "/uploads", "/status"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    page.goto("/")
    expect(page.locator("tbody td").first).to_be_visible()
    page.locator("tbody .name a").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
