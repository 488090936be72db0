"""The connection test: what works, a wrong user, nobody there."""

import socket

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from kpi_platform.dashboard.tokens import create_token
from kpi_platform_tests.destinations.postgres_roles import STRANGER, create_roles
from kpi_platform_tests.web.browser.conftest import SignIn
from kpi_platform_tests.web.seeding import Seed, land_schemas

pytestmark = pytest.mark.browser


@pytest.fixture
def page(sign_in: SignIn, customer: Seed) -> Page:
    """A browser of the operator, who alone tests other connections than the saved one."""
    with customer.engine.begin() as connection:
        token, _ = create_token(connection, name="Op", customer=None, scope="admin", who="test")
    page = sign_in(token)
    page.goto(f"/settings?customer={customer.customer}")
    return page


def try_it(page: Page) -> None:
    page.get_by_role("button", name="Test connection").click()


def fill_postgres(page: Page, port: int, database: str = "postgres", user: str = "nobody_here") -> None:
    page.goto("/settings?section=warehouse")
    page.get_by_label("Type").select_option("postgres")
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(port))
    page.get_by_label("Database").fill(database)
    page.get_by_label("Username").fill(user)
    page.get_by_label("Credentials secret").fill("WAREHOUSE_PASSWORD")


def test_a_connection_that_works_shows_every_step(sign_in: SignIn, customer: Seed) -> None:
    land_schemas(customer)
    page = sign_in(customer.token())
    page.goto("/settings?section=warehouse")
    expect(page.get_by_label("Host")).to_be_disabled()
    expect(page.get_by_text("Only the operator may change these.")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    try_it(page)
    expect(page.get_by_role("heading", name="The connection works")).to_be_visible()
    expect(page.locator(".test-steps li")).to_have_count(6)


def test_nobody_at_the_address_is_said_at_the_step_and_the_form_stays(page: Page) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        fill_postgres(page, free.getsockname()[1])
        try_it(page)
        expect(page.get_by_role("heading", name="The connection does not work")).to_be_visible()
    expect(page.locator(".test-steps li").last).to_contain_text("Connect")
    expect(page.get_by_label("Username")).to_have_value("nobody_here")


@pytest.mark.postgres
def test_a_user_whom_the_server_does_not_know_is_refused_in_plain_words(
    page: Page, postgres_url: str
) -> None:
    port = sa.make_url(postgres_url).port
    assert port is not None
    fill_postgres(page, port)
    try_it(page)
    expect(page.get_by_role("heading", name="The connection does not work")).to_be_visible()
    expect(page.locator(".test-steps li").last).to_contain_text("Authenticate")


@pytest.mark.postgres
def test_the_wrong_password_of_a_known_user_is_told_at_its_step(page: Page, postgres_url: str) -> None:
    create_roles(postgres_url)
    url = sa.make_url(postgres_url)
    assert url.port is not None and url.database is not None
    fill_postgres(page, url.port, url.database, STRANGER)
    try_it(page)
    last = page.locator(".test-steps li").last
    expect(last).to_contain_text("Authenticate")
    expect(last).to_contain_text("password")


def test_a_host_that_the_operator_does_not_allow_is_named(page: Page) -> None:
    fill_postgres(page, 5432)
    page.get_by_label("Host").fill("db.example.org")
    try_it(page)
    expect(page.locator("#outcome")).to_contain_text("not on the operator's list")
