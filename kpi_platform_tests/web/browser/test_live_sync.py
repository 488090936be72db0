"""A sync by hand in the browser, with the real daemon and the local Fivetran, to its end.

Takes minutes, so `make test-slow` runs it; `test_sync.py` has the same page with a stand-in.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from kpi_platform.dashboard.tokens import create_token
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform_tests.defs.installation import installed
from kpi_platform_tests.web.browser.conftest import serving

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
        with installation.daemon(), serving(installation.configuration) as url:
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
            run = state.get_by_role("link", name="Dagster").first
            assert installation.runs("sync_and_refresh")[0].run_id in str(run.get_attribute("href"))
            page.goto("/")
            expect(page.locator("tbody .name a")).to_have_count(3)
            page.context.close()
