"""The accounts: found, sorted, exported, read on a phone."""

import csv
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from kpi_platform.adapters import duckdb_file
from kpi_platform.domain.kpis import KPIS
from kpi_platform.pipeline.explain import Explanation, SourceRow
from kpi_platform.pipeline.explain_shown import ShownExplanation
from kpi_platform_tests.web.browser.conftest import PHONE, Served
from kpi_platform_tests.web.browser.test_accessibility import complaints
from kpi_platform_tests.web.seeding import AS_OF, Seed

pytestmark = pytest.mark.browser

EXPLAINED = ShownExplanation(
    Explanation(
        customer="acme", account_id="00100000", account_name="Amber Works 0",
        kpi="csat", display_name="CSAT", formula="sum / count", unit="score",
        value=3.5, status="ok", numerator=3.5, denominator=1, sample_size=1, unreadable_count=0,
        window_start=AS_OF - timedelta(days=90), window_end=AS_OF, as_of=AS_OF,
        counted=1, left_out={"out of range": 1}, factors={"nps_risk": 10.0, "csat_risk": None},
        rows=[
            SourceRow("salesforce.case", "5000000000001AA", AS_OF, 3.5, 1, None, "https://a.example/", None),
            SourceRow("salesforce.case", "5000000000002AA", AS_OF, 9, 1, "out of range", None, None),
        ],
    ),
    is_shown=False,
)  # fmt: skip
"""What the marts would say behind a CSAT. Tests of the build explain real ones."""
DESKTOP = {"width": 1280, "height": 900}
CARDS_IN_ROWS_BEFORE = """wide => {
    const rows = {};
    for (const card of wide.parentElement.children) {
        const top = card.getBoundingClientRect().top;
        if (top < wide.getBoundingClientRect().top) rows[top] = (rows[top] || 0) + 1;
    }
    return Object.values(rows);
}"""


def names(page: Page) -> list[str]:
    return page.locator("tbody .name a").all_inner_texts()


def test_accounts_are_searched_filtered_and_sorted_and_the_address_says_how(page: Page) -> None:
    page.goto("/accounts")
    assert len(names(page)) == 6
    page.get_by_label("Search").press_sequentially("amber")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url("/accounts?search=amber&sort=name")
    page.goto("/accounts")
    page.get_by_label("Industry").select_option("Steel")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.goto("/accounts")
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
    page.goto("/accounts")
    page.get_by_label("Industry").select_option("Energy")
    page.get_by_role("button", name="Filter").click()
    assert len(names(page)) == 2
    context.close()


def test_the_export_holds_what_the_filter_leaves(page: Page, customer: Seed) -> None:
    page.goto("/accounts?industry=Steel")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    with download.value.path().open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["Industry"] for row in rows] == ["Steel", "Steel"]
    assert {"NPS (score)", "NPS: status", "Health score"} <= set(rows[0])
    assert {(row["Customer"], row["As of (UTC)"]) for row in rows} == {
        (customer.customer, "2026-03-08 00:00")
    }


def test_an_account_explains_its_numbers(page: Page) -> None:
    page.goto("/accounts")
    page.get_by_role("link", name="Amber Works 0").click()
    card = page.locator("#sla_compliance, #nps").first
    card.get_by_text("How it is computed").click()
    expect(card.get_by_text("Numerator")).to_be_visible()
    expect(page.get_by_role("heading", name="Matched sources")).to_be_visible()
    expect(page.locator(".kpi")).to_have_count(len(KPIS))


def test_source_rows_are_asked_for_until_they_can_be_read_and_shown_across_the_page(
    page: Page, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kpi_platform.web.explaining.WAIT_SECONDS", 0.1)
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.goto("/accounts")
    page.get_by_role("link", name="Amber Works 0").click()
    card = page.locator("#csat")
    card.get_by_text("How it is computed").click()
    with duckdb_file.exclusive(served.configuration.warehouse_file):
        card.get_by_role("link", name="Show the source rows").click()
        expect(card.get_by_role("alert")).to_contain_text("is writing to the warehouse")
        assert complaints(page) == []
    monkeypatch.undo()
    card.get_by_role("link", name="Try again").click()
    # This customer's values were written without source rows.
    expect(card.get_by_role("alert")).to_contain_text("_crm")
    expect(page.locator("#toast")).to_be_hidden()
    monkeypatch.setattr("kpi_platform.pipeline.explain_shown.explain_shown", lambda *_, **__: EXPLAINED)
    card.get_by_role("link", name="Try again").click()
    expect(card.get_by_role("row").nth(2)).to_contain_text("no: out of range")
    for size, columns in ((DESKTOP, 3), (PHONE, 1)):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert complaints(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert card.evaluate(CARDS_IN_ROWS_BEFORE) == [columns]


def test_a_phone_shows_cards_and_never_scrolls_sideways(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in (
        "/",
        "/accounts",
        "/settings",
        "/settings?section=kpi_mappings",
        "/matches",
        "/uploads",
        "/status",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    page.goto("/accounts")
    expect(page.locator("tbody td").first).to_be_visible()
    page.locator("tbody .name a").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
