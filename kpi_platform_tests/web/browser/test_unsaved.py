"""Nothing that is typed is lost, whichever way somebody leaves: with the keyboard alone."""

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from kpi_platform.dashboard.customers import add_customer, list_customers
from kpi_platform.dashboard.settings_versions import current_settings
from kpi_platform.dashboard.tokens import create_token
from kpi_platform_tests.web.browser.conftest import Served, SignIn
from kpi_platform_tests.web.browser.test_accessibility import complaints
from kpi_platform_tests.web.seeding import Seed

pytestmark = pytest.mark.browser
FORM = "/settings?section=error_handling"


def stored(customer: Seed) -> object:
    with customer.engine.connect() as connection:
        found = current_settings(connection, customer.customer)
        return found.document.get("error_handling") if found else None


def field(page: Page) -> Locator:
    return page.get_by_label("Max retries")


def type_into(page: Page, text: str) -> None:
    field(page).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def is_asked(page: Page, leave: Locator, key: str = "Enter") -> bool:
    """Whether the browser asks before `leave` leads away; whoever is asked stays."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    before = page.url
    page.on("dialog", stay)
    leave.focus()
    page.keyboard.press(key)
    for _ in range(100):
        if asked or page.url != before:
            break
        page.wait_for_timeout(50)
    page.remove_listener("dialog", stay)
    return asked == ["beforeunload"]


def test_every_way_out_of_a_form_asks_first_also_after_an_invalid_save(page: Page, customer: Seed) -> None:
    page.goto(FORM)
    ways = [
        page.get_by_role("link", name="Warehouse"),
        page.get_by_role("link", name="Uploads"),
        page.get_by_role("link", name="Connections and runs"),
        page.get_by_role("button", name="Sign out"),
    ]
    type_into(page, "much")
    for way in ways:
        assert is_asked(page, way), way
    expect(field(page)).to_have_value("much")
    field(page).focus()
    page.keyboard.press("Enter")
    expect(field(page)).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#main .notice").first).to_be_focused()
    for way in ways:
        assert is_asked(page, way), way
    expect(field(page)).to_have_value("much")
    type_into(page, "7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved as version 2")
    assert stored(customer) == {"max_retries": 7}
    ways[0].focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2, name="Warehouse")).to_be_visible()


def test_what_is_typed_and_taken_back_holds_nobody(page: Page) -> None:
    page.goto(FORM)
    before = field(page).input_value()
    type_into(page, "9")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    type_into(page, before)
    expect(page.get_by_text("Not saved yet")).to_be_hidden()
    page.get_by_role("link", name="Uploads").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Uploads")


def test_another_customer_is_not_switched_to_over_an_unsaved_form_or_from_another_tab(
    sign_in: SignIn, served: Served, customer: Seed
) -> None:
    with served.engine.begin() as connection:
        token, _ = create_token(connection, name="Op", customer=None, scope="admin", who="test")
    page = sign_in(token)
    page.goto(f"{FORM}&customer={customer.customer}")
    type_into(page, "7")
    assert is_asked(page, page.get_by_label("Customer", exact=True), "ArrowUp")
    expect(page.get_by_label("Customer", exact=True)).to_have_value(customer.customer)
    expect(field(page)).to_have_value("7")
    page.context.new_page().goto(f"/settings?customer={another_customer(served, customer)}")
    field(page).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved as version 2")
    assert stored(customer) == {"max_retries": 7}


def another_customer(served: Served, than: Seed) -> str:
    """The key of a customer other than `than`."""
    with served.engine.begin() as connection:
        keys = [one.key for one in list_customers(connection) if one.key != than.customer]
        return keys[0] if keys else add_customer(connection, "another", "Another").key


def test_a_session_that_ends_over_a_form_is_renewed_in_place_and_the_form_goes_on(
    page: Page, customer: Seed
) -> None:
    page.goto(FORM)
    type_into(page, "7")
    customer.end_sessions()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    assert complaints(page) == []
    page.keyboard.type("kpi_wrong")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("not known")
    page.keyboard.press("Control+A")
    page.keyboard.type(customer.token())
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved as version 2")
    expect(dialog).to_be_hidden()
    assert stored(customer) == {"max_retries": 7}
    type_into(page, "8")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved as version 3")


def test_whoever_closes_the_dialog_has_what_was_typed(page: Page, customer: Seed) -> None:
    page.goto(FORM)
    type_into(page, "7")
    customer.end_sessions()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(field(page)).to_have_value("7")
    assert is_asked(page, page.get_by_role("link", name="Uploads"))


def test_an_error_while_saving_is_a_sentence_above_the_form(page: Page, customer: Seed) -> None:
    page.goto(FORM)
    type_into(page, "7")
    page.route(
        "**/settings?*", lambda route: route.continue_(headers={**route.request.headers, "x-csrf-token": "x"})
    )
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_contain_text("older than your session")
    expect(field(page)).to_have_value("7")
    assert is_asked(page, page.get_by_role("link", name="Uploads"))


def test_without_a_script_a_form_whose_session_has_ended_is_sent_after_signing_in(
    page: Page, served: Served, customer: Seed
) -> None:
    assert page.context.browser is not None
    plain = page.context.browser.new_context(base_url=served.url, java_script_enabled=False)
    bare = plain.new_page()
    bare.goto("/sign-in")
    bare.get_by_label("Access token").fill(customer.token())
    with bare.expect_navigation():
        bare.keyboard.press("Enter")
    bare.goto(FORM)
    type_into(bare, "7")
    customer.end_sessions()
    bare.keyboard.press("Enter")
    expect(bare.get_by_role("alert")).to_contain_text("Your session has ended")
    for token in ("kpi_wrong", customer.token()):
        bare.get_by_label("Access token").fill(token)
        bare.keyboard.press("Enter")
    bare.get_by_role("button", name="Send it now").press("Enter")
    expect(bare.get_by_role("status").first).to_contain_text("Saved as version 2")
    assert stored(customer) == {"max_retries": 7}
    plain.close()
