"""The web app on a real port, a headless Chromium, and a customer of its own for each test."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database
from kpi_platform.dashboard.allowed_secrets import allow_secret
from kpi_platform.web.app import create_app
from kpi_platform_tests.web.seeding import Seed, seed
from kpi_platform_tests.web.serving import serving

CHROMIUM_OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
# Many tests share few processors.
expect.set_options(timeout=15_000)
PHONE = {"width": 360, "height": 740}


@dataclass(frozen=True)
class Served:
    """The app over an empty dashboard, at `url`."""

    url: str
    configuration: Configuration
    engine: sa.Engine


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("browser")
    configuration = Configuration.from_environment(
        {"KPI_PLATFORM_HOME": str(home), "KPI_ALLOWED_HOSTS": "127.0.0.1", "WAREHOUSE_PASSWORD": "wrong"}
    )
    engine = database.open_engine(configuration.dashboard_database_url)
    database.upgrade(engine)
    with serving(create_app(configuration)) as url:
        yield Served(url, configuration, engine)
    engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: KPI_CHROMIUM's, else the system's."""
    program = os.environ.get("KPI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("There is no Chromium here.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_OPTIONS))
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser, served: Served) -> Iterator[BrowserContext]:
    """A browser with nothing in it, which fails the test if a page breaks its own policy or script."""
    fresh = browser.new_context(base_url=served.url)
    fresh.set_default_timeout(15_000)
    complaints: list[str] = []
    fresh.on("weberror", lambda error: complaints.append(str(error.error)))
    fresh.on("console", lambda message: complaints.append(message.text) if _is_ours(message.text) else None)
    yield fresh
    fresh.close()
    assert complaints == []


def _is_ours(text: str) -> bool:
    return "Content Security Policy" in text


_numbers = count(1)


@pytest.fixture
def customer(served: Served) -> Seed:
    """A customer with two uploads of six accounts."""
    seeded = seed(served.configuration, served.engine, f"acme{os.getpid()}_{next(_numbers)}")
    with served.engine.begin() as connection:
        allow_secret(connection, seeded.customer, "WAREHOUSE_PASSWORD", who="test")
    return seeded


SignIn = Callable[[str], Page]


@pytest.fixture
def sign_in(context: BrowserContext, served: Served) -> SignIn:
    """Signs a token in and gives a page."""

    def sign_in(token: str) -> Page:
        answer = context.request.post(
            "/sign-in", form={"token": token}, headers={"Origin": served.url}, max_redirects=0
        )
        assert answer.headers["location"] == "/"
        return context.new_page()

    return sign_in


@pytest.fixture
def page(sign_in: SignIn, customer: Seed) -> Page:
    """A browser in which somebody who may change things is signed in."""
    return sign_in(customer.token())
