"""A sync by hand in the browser, with the real daemon and the local Fivetran, to its end.

Takes minutes, so `make test-slow` runs it; `test_sync.py` has the same page with a stand-in.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.tokens import create_token
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.web.app import create_app
from kpi_platform_tests.defs.installation import installed
from kpi_platform_tests.web.browser.conftest import PHONE
from kpi_platform_tests.web.browser.test_accessibility import complaints
from kpi_platform_tests.web.serving import serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.slow,
]
MILLISECONDS = 600_000


def test_a_sync_by_hand_is_shown_step_by_step_and_its_values_after_it(
    browser: Browser, tmp_path: Path
) -> None:
    with installed(tmp_path / "home", KPI_SENSOR_SECONDS="1") as installation:
        installation.add("umbra", servicenow={"enabled": False}, fivetran={"enabled": False})
        installation.instance.add_dynamic_partitions(CUSTOMERS_NAME, ["umbra"])
        with installation.engine.begin() as connection:
            token, _ = create_token(connection, name="Ada", customer="umbra", scope="write", who="test")
        with installation.daemon(), serving(create_app(installation.configuration)) as url:
            page = browser.new_context(base_url=url).new_page()
            page.goto("/sign-in")
            page.get_by_label("Token").fill(token)
            page.get_by_role("button", name="Sign in").click()
            page.goto("/settings")
            page.get_by_role("button", name="Sync now").click()
            state = page.locator("#sync-state")
            expect(state).to_contain_text("Sync running", timeout=MILLISECONDS)
            expect(state).to_contain_text("Sync finished", timeout=MILLISECONDS)
            expect(state).to_contain_text("values written")
            run = state.get_by_role("link", name="Run", exact=True)
            assert run.get_attribute("href") == f"/runs/{installation.runs('sync_and_refresh')[0].run_id}"
            page.goto("/accounts")
            names = page.locator("tbody .name a").all_inner_texts()
            assert sorted(names) == live_customers(installation.configuration, "umbra_salesforce")
            explains_a_value(page)
            page.context.close()


def live_customers(configuration: Configuration, schema: str) -> list[str]:
    """The names of the accounts that landed and count."""
    with duckdb_file.connect(configuration.warehouse_file, read_only=True) as warehouse:
        rows = warehouse.sql(
            f"select name from {schema}.account where type like 'Customer%' and not is_deleted order by name"
        ).fetchall()
    assert rows
    return [name for (name,) in rows]


def explains_a_value(page: Page) -> None:
    """Opens the first account, and asks for the row behind its adoption index."""
    page.locator("tbody .name a").first.click()
    card = page.locator("#adoption_index")
    shown = card.locator(".kpi-value .num").inner_text()
    card.get_by_text("How it is computed").click()
    card.get_by_role("link", name="Show the source rows").click()
    expect(card.get_by_text("The warehouse is asked")).to_be_visible()
    row = card.get_by_role("row").nth(1)
    expect(row).to_contain_text("Salesforce account", timeout=MILLISECONDS)
    expect(row.locator("[data-label=Numerator]")).to_have_text(shown)
    expect(row).to_contain_text("yes")
    for size in (PHONE, {"width": 1280, "height": 900}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert complaints(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
