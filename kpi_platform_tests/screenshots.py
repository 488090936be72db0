"""Takes the pictures of the README: `python -m kpi_platform_tests.screenshots [HOME]`.

HOME is a state directory that a demo has filled; without it, one is made in a temporary directory. That takes
some minutes: the sample customers are synced, and their KPIs computed for nine instants.
"""

import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, sync_playwright

from kpi_platform.cli.dashboard import dashboard
from kpi_platform.cli.demo import add_sample_customer, local_fivetran
from kpi_platform.cli.run import run_all
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.database import open_engine
from kpi_platform.local.samples import SAMPLE_CUSTOMERS
from kpi_platform.web.app import create_app
from kpi_platform.web.sign_in import sign_in_link
from kpi_platform_tests.web.serving import serving

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
CUSTOMER, REVIEWED = "northwind", "umbra"
_WIDE, _PHONE = (1440, 900), (360, 740)
_INSTANTS = 8
_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]

_SHOTS = (
    ("today", "/?period=quarter", CUSTOMER, "light", _WIDE),
    ("accounts", "/accounts?sort=health_score", CUSTOMER, "light", _WIDE),
    ("accounts-dark", "/accounts?sort=health_score", CUSTOMER, "dark", _WIDE),
    ("accounts-phone", "/accounts?sort=health_score", CUSTOMER, "light", _PHONE),
    ("account", None, CUSTOMER, "light", _WIDE),
    ("settings", "/settings?section=account_matching", CUSTOMER, "light", _WIDE),
    ("match-review", "/matches", REVIEWED, "light", _WIDE),
    ("account-phone", None, CUSTOMER, "light", _PHONE),
    ("uploads", "/uploads", CUSTOMER, "light", _WIDE),
    ("status", "/status", CUSTOMER, "light", _WIDE),
)
"""Name, address (None: the first account of the list), customer, colours and size of each picture."""


def main(home: Path | None = None) -> None:
    """Writes docs/pictures/*.png."""
    with tempfile.TemporaryDirectory(prefix="kpi-pictures-") as folder:
        configuration = Configuration.from_environment(
            {**os.environ, "KPI_PLATFORM_HOME": str(home or Path(folder) / "home")}
        )
        if home is None:
            _fill(configuration)
        PICTURES.mkdir(parents=True, exist_ok=True)
        with serving(create_app(configuration)) as url, sync_playwright() as playwright:
            program = os.environ.get("KPI_CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=program, args=_OPTIONS)
            for colours in ("light", "dark"):
                _take(browser, configuration, url, colours)
            browser.close()


def _fill(configuration: Configuration) -> None:
    now = datetime.now(UTC)
    with local_fivetran(configuration) as local, dashboard(local) as engine:
        for customer in SAMPLE_CUSTOMERS:
            add_sample_customer(local, engine, customer)
        keys = [customer.key for customer in SAMPLE_CUSTOMERS]
        instants = [now - timedelta(days=14 * number) for number in range(_INSTANTS, -1, -1)]
        run_all(local, engine, keys, instants, skip_sync=False)
        _as_if_loaded_then(engine)


def _as_if_loaded_then(engine: sa.Engine) -> None:
    """Each upload a minute after the instant that it is for, as if the schedule had loaded it."""
    uploads = tables.kpi_uploads
    with engine.begin() as connection:
        for row in connection.execute(sa.select(uploads.c.customer_id, uploads.c.version, uploads.c.as_of)):
            key = sa.and_(uploads.c.customer_id == row.customer_id, uploads.c.version == row.version)
            at = row.as_of + timedelta(minutes=1)
            connection.execute(
                sa.update(uploads).where(key).values(started_at=at, finished_at=at + timedelta(seconds=9))
            )


def _take(browser: Browser, configuration: Configuration, url: str, colours: str) -> None:
    context = browser.new_context(base_url=url, color_scheme=colours, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    engine = open_engine(configuration.dashboard_database_url)
    link = sign_in_link(configuration, engine, who="screenshots")
    engine.dispose()
    page.goto(link[link.index("/sign-in") :])
    for name, path, customer, of_colours, (width, height) in _SHOTS:
        if of_colours != colours:
            continue
        page.set_viewport_size({"width": width, "height": height})
        _choose(page, customer)
        if path is None:
            page.goto("/accounts")
            path = page.locator("tbody .name a").nth(4).get_attribute("href")
        page.goto(str(path))
        page.wait_for_load_state("networkidle")
        page.screenshot(path=PICTURES / f"{name}.png")
        print(f"{PICTURES / name}.png")
    context.close()


def _choose(page: Page, customer: str) -> None:
    page.goto("/status")
    chosen = page.get_by_label("Customer", exact=True).first
    if chosen.input_value() != customer:
        with page.expect_navigation():
            chosen.select_option(customer)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
