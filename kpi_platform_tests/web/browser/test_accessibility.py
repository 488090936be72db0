"""axe-core finds nothing on any page, light or dark, wide or on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from kpi_platform.dashboard.run_records import write_runs
from kpi_platform.dashboard.tokens import create_token
from kpi_platform_tests.web.api.test_isolation import ROUTES
from kpi_platform_tests.web.backtests import keep_backtest, made_report
from kpi_platform_tests.web.browser.conftest import PHONE, Served, SignIn
from kpi_platform_tests.web.browser.keyboard import walk
from kpi_platform_tests.web.pages.test_runs import record
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


PAGES: dict[str, tuple[str, ...]] = {
    "/": ("/", "/?period=quarter&by=money"),
    "/accounts": ("/accounts", "/accounts?search=nobody"),
    "/accounts/{account_id}": ("/accounts/{reviewed}", "/accounts/{account}", "/accounts/999999"),
    "/accounts/{account_id}/kpis/{kpi}/explanation": ("/accounts/{account}/kpis/nps/explanation",),
    "/accounts/left-out": ("/accounts/left-out",),
    "/matches": ("/matches", "/matches?state=match"),
    "/retention": ("/retention",),
    "/backtests": ("/backtests",),
    "/backtests/compare": ("/backtests/compare?one={backtest}&other={backtest}",),
    "/backtests/{backtest_id}": ("/backtests/{backtest}", "/backtests/{running}"),
    "/runs": ("/runs",),
    "/runs/{run_id}": ("/runs/broke",),
    "/runs/tables": ("/runs/tables",),
    "/settings": ("/settings", "/settings?section=kpi_mappings", "/settings?section=warehouse"),
    "/settings/custom-kpis/new": ("/settings/custom-kpis/new",),
    "/settings/versions": ("/settings/versions",),
    "/status": ("/status",),
    "/status/checks/{suite}/{check}": ("/status/checks/data/never",),
    "/uploads": ("/uploads",),
    "/uploads/{version}/diff": ("/uploads/2/diff",),
    "/uploads/{version}/rollback": ("/uploads/2/rollback",),
}
"""Every page of a customer, by its route, and the addresses at which it is looked at."""

OPERATORS_PAGES = ("/customers", "/customers/new", "/people")

NO_PAGES = {
    # The new form's template, filled; as test_what_opens_answers_and_refuses_has_no_barrier opens the rest.
    "/settings/custom-kpis/{slug}",
    # Parts of pages.
    "/matches/search", "/runs/now", "/settings/landed-fields", "/settings/preview/{preview_id}",
    "/settings/sync",
    # What signing in shows, which a test of its own looks at.
    "/sign-in", "/sign-in/link",
    # Addresses of before, which lead on.
    "/changes",
    # Files, and what machines ask for.
    "/accounts.csv", "/docs", "/docs/start.js", "/docs/{name}", "/healthz", "/metrics", "/openapi.json",
    "/readyz", "/session", "/static/{name:path}", "/uploads/{version}/diff.csv",
}  # fmt: skip

ON_A_PHONE = (
    "/",
    "/accounts",
    "/settings",
    "/matches",
    "/retention",
    "/backtests",
    "/uploads",
    "/uploads/2/diff",
    "/runs",
)


def test_every_page_is_looked_at() -> None:
    pages = {path for method, path in ROUTES if method == "GET" and not path.startswith("/api/")}
    assert pages == {*PAGES, *OPERATORS_PAGES, *NO_PAGES}


def test_no_page_has_a_barrier(page: Page, customer: Seed) -> None:
    reviewed = seed_review(customer)
    seed_runs(customer)
    page.goto("/accounts")
    account = page.locator("tbody .name a").first.get_attribute("href") or ""
    kept, running = (
        keep_backtest(customer.engine, customer.customer, report=report) for report in (made_report(), None)
    )
    places = {"reviewed": reviewed, "account": account.rpartition("/")[2]}
    places |= {"backtest": kept.id, "running": running.id}
    for path in [one.format_map(places) for addresses in PAGES.values() for one in addresses]:
        page.emulate_media(color_scheme="light")
        page.goto(path)
        assert complaints(page) == [], path
        # In the dark nothing but the colours is another.
        page.emulate_media(color_scheme="dark")
        assert complaints(page, "color-contrast") == [], ("dark", path)
        if path not in ON_A_PHONE:
            assert walk(page) == [], path
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in (*ON_A_PHONE, f"/backtests/{kept.id}"):
        page.goto(path)
        assert complaints(page) == [], ("phone", path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert walk(page) == [], ("phone", path)


_UNWALKABLE = """<style>button:focus { outline: none; }</style>
<a href="#a">A</a><button>B</button><input onkeydown="event.preventDefault()"><a href="#c">C</a>"""


def test_a_page_that_cannot_be_walked_by_keys_is_found(page: Page) -> None:
    page.set_content(_UNWALKABLE)
    found = [one.partition(":")[0] for one in walk(page)]
    assert found == ["no ring", "not reached"]


def seed_runs(customer: Seed) -> None:
    mine = (customer.customer,)
    failed = {customer.customer: "The password was changed. Sign in again at Fivetran."}
    write_runs(
        customer.engine,
        [
            record("waits", "queued", customers=mine, place=2, waits_for="Another run is under way."),
            record("works", "running", customers=mine),
            record("broke", "failed", customers=mine, errors=failed),
        ],
    )


def test_what_opens_answers_and_refuses_has_no_barrier(page: Page, customer: Seed) -> None:
    seed_review(customer)

    def look(where: str) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert complaints(page, *([] if scheme == "light" else ["color-contrast"])) == [], (scheme, where)

    page.set_viewport_size({"width": 375, "height": 740})
    page.goto("/settings?section=error_handling")
    field = page.get_by_label("Max retries")
    field.fill("-5")
    field.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("Not saved")
    look("an invalid setting")
    field.fill("4")
    field.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved")
    look("a saved setting")
    customer.end_sessions()
    field.fill("5")
    field.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    look("the dialog to sign in again")
    page.keyboard.type(customer.token())
    # The notice of the first save is still there.
    with page.expect_response(lambda answer: "/settings" in answer.url and answer.status < 400):
        page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()

    # Match review by keys alone.
    page.goto("/matches")
    page.get_by_text("Choose another account").press("Enter")
    page.get_by_placeholder("Name of an account").press_sequentially("amber")
    expect(page.locator(".found li")).to_have_count(1)
    look("a search that is open")
    page.get_by_role("heading", name="Quarry Holdings").click()
    page.keyboard.press("a")
    expect(page.get_by_role("status").first).to_contain_text("Accepted")
    look("a decision")


def test_signing_in_and_adding_a_customer_have_no_barrier(
    context: BrowserContext, served: Served, sign_in: SignIn
) -> None:
    page = context.new_page()
    page.goto("/sign-in?failed=token")
    assert complaints(page) == []
    with served.engine.begin() as connection:
        token, _ = create_token(connection, name="Op", customer=None, scope="admin", who="test")
    page = sign_in(token)
    for path in (*OPERATORS_PAGES, "/status"):
        page.goto(path)
        assert complaints(page) == [], path
        assert walk(page) == [], path
    page.goto("/customers/new")
    page.get_by_label("Key").fill("Not A Key")
    page.get_by_role("button", name="Add customer").click()
    expect(page.locator("#key-wrong")).to_be_visible()
    assert complaints(page) == []
