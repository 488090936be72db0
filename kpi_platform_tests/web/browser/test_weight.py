"""What a browser fetches over the network, counted by the browser."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from kpi_platform_tests.web.seeding import Seed

pytestmark = pytest.mark.browser


def test_an_unchanged_visit_fetches_less_than_twenty_kilobytes(page: Page, customer: Seed) -> None:
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    fetched: list[float] = []

    def note(event: dict[str, Any]) -> None:
        fetched.append(event["encodedDataLength"])

    network.on("Network.loadingFinished", note)

    def visit() -> float:
        fetched.clear()
        for path in ("/", "/accounts", "/settings", "/uploads"):
            page.goto(path, wait_until="networkidle")
        return sum(fetched)

    first, second = visit(), visit()
    assert 20_000 < first < 150_000
    assert second < 20_000


def test_whoever_signs_out_leaves_no_page_to_go_back_to(page: Page, customer: Seed) -> None:
    page.goto("/settings")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
