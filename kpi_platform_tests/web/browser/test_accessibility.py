"""axe-core finds nothing on any page, light or dark, wide or on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from kpi_platform.dashboard.tokens import create_token
from kpi_platform_tests.web.browser.conftest import PHONE, Served, SignIn
from kpi_platform_tests.web.seeding import Seed, seed_review

pytestmark = pytest.mark.browser


def complaints(page: Page, *rules: str) -> list[str]:
    """What axe-core finds by `rules`, or by all that it has."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = Axe().run(page, options=options)
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0].get('failureSummary', '')[:200]}"
        for one in found.response["violations"]
    ]


def test_no_page_has_a_barrier(page: Page, customer: Seed) -> None:
    account_id = seed_review(customer)
    paths = [
        "/", "/?search=nobody", f"/accounts/{account_id}", "/settings", "/settings?section=kpi_mappings",
        "/settings?section=warehouse", "/settings/versions", "/matches", "/matches?state=match", "/uploads",
        "/uploads/2/diff", "/uploads/2/rollback", "/status", "/accounts/999999",
    ]  # fmt: skip
    page.goto("/")
    account = page.locator("tbody .name a").first.get_attribute("href")
    paths += [f"{account}", f"{account}/kpis/nps/explanation"]
    for path in paths:
        page.emulate_media(color_scheme="light")
        page.goto(path)
        assert complaints(page) == [], path
        # In the dark nothing but the colours is another.
        page.emulate_media(color_scheme="dark")
        assert complaints(page, "color-contrast") == [], ("dark", path)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in ("/", "/settings", "/matches"):
        page.goto(path)
        assert complaints(page) == [], ("phone", path)


def test_signing_in_and_adding_a_customer_have_no_barrier(
    context: BrowserContext, served: Served, sign_in: SignIn
) -> None:
    page = context.new_page()
    page.goto("/sign-in?failed=token")
    assert complaints(page) == []
    with served.engine.begin() as connection:
        token, _ = create_token(connection, name="Op", customer=None, scope="admin", who="test")
    page = sign_in(token)
    for path in ("/customers/new", "/status"):
        page.goto(path)
        assert complaints(page) == [], path
    page.goto("/customers/new")
    page.get_by_label("Key").fill("Not A Key")
    page.get_by_role("button", name="Add customer").click()
    expect(page.locator("#key-wrong")).to_be_visible()
    assert complaints(page) == []
