"""Settings: saved, refused at the field, not lost, restored."""

import pytest
from playwright.sync_api import Page, expect

from kpi_platform.dashboard.settings_versions import current_settings, save_settings
from kpi_platform.dashboard.tokens import create_token
from kpi_platform_tests.web.browser.conftest import SignIn
from kpi_platform_tests.web.browser.test_accessibility import complaints
from kpi_platform_tests.web.seeding import Seed

pytestmark = pytest.mark.browser


def stored(customer: Seed) -> dict[str, object]:
    with customer.engine.connect() as connection:
        found = current_settings(connection, customer.customer)
        return found.document if found else {}


def test_a_change_is_saved_alone_and_listed_among_the_versions(page: Page, customer: Seed) -> None:
    page.goto("/settings?section=account_matching")
    page.get_by_label("Review threshold").fill("0.6")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved as version 2")
    assert stored(customer) == {**customer.document, "account_matching": {"review_threshold": 0.6}}
    page.goto("/settings?section=error_handling")
    page.get_by_label("Max retries").fill("5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved as version 3")
    page.get_by_role("link", name="Versions").click()
    page.get_by_text("Restore version 2 …").click()
    page.get_by_role("button", name="Restore version 2").click()
    expect(page.get_by_role("status").first).to_contain_text("Version 4 holds now")
    assert stored(customer) == {**customer.document, "account_matching": {"review_threshold": 0.6}}


def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_stays(page: Page, customer: Seed) -> None:
    page.goto("/settings?section=account_matching")
    page.get_by_label("Threshold", exact=True).fill("much")
    page.get_by_label("Strategy").select_option("domain")
    page.get_by_role("button", name="Save").click()
    field = page.get_by_label("Threshold", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("much")
    expect(page.get_by_label("Strategy")).to_have_value("domain")
    expect(page.locator("#account_matching-threshold-wrong")).to_contain_text("must be a number")
    assert stored(customer) == customer.document


def test_a_rule_between_settings_is_said_at_one_of_them(page: Page, customer: Seed) -> None:
    page.goto("/settings?section=kpi_mappings")
    card = page.locator("details.group").first
    card.locator("summary").click()
    card.get_by_label("Thresholds healthy").fill("-50")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#kpi_mappings-nps-thresholds-healthy-wrong")).to_contain_text("must not be below")
    page.goto("/settings?section=health_score")
    page.get_by_label("Adoption").fill("0.9")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_contain_text("1")
    assert stored(customer) == customer.document


def others_save(customer: Seed, **sections: dict[str, object]) -> dict[str, object]:
    others = {**customer.document, **sections}
    with customer.engine.begin() as connection:
        save_settings(connection, customer.customer, others, who="Bob", effective=customer.document)
    return others


def test_what_somebody_else_saved_meanwhile_is_kept_beside_what_was_typed(page: Page, customer: Seed) -> None:
    page.goto("/settings?section=error_handling")
    saved = others_save(customer, error_handling={"retry_delay_seconds": 60}, update={"mode": "replace"})
    page.get_by_label("Max retries").fill("7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved as version 3")
    expect(page.get_by_role("status").first).to_contain_text("Bob")
    assert stored(customer) == {
        **saved,
        "error_handling": {"max_retries": 7, "retry_delay_seconds": 60},
    }


@pytest.mark.parametrize(("key", "kept"), [("Space", 4), ("ArrowDown", 7)])
def test_what_both_changed_is_asked_about_side_by_side(
    page: Page, customer: Seed, key: str, kept: int
) -> None:
    page.goto("/settings?section=error_handling")
    others_save(customer, error_handling={"max_retries": 4})
    page.get_by_label("Retry delay").fill("90")
    page.get_by_label("Max retries").fill("7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("Bob changed this setting, and so have you")
    asked = page.get_by_role("group", name="Max retries")
    expect(asked).to_contain_text("Saved by Bob 4")
    expect(asked).to_contain_text("Yours, not saved 7")
    assert complaints(page) == []
    assert stored(customer) == {**customer.document, "error_handling": {"max_retries": 4}}
    page.get_by_role("button", name="Save").press("Enter")
    # The answer is there when its notice has the focus.
    expect(page.locator("#main .notice").first).to_be_focused()
    expect(page.get_by_role("alert").first).to_contain_text("Choose which value holds")
    asked.get_by_role("radio").first.focus()
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved as version 3")
    expected = {"max_retries": kept, "retry_delay_seconds": 90}
    assert stored(customer) == {**customer.document, "error_handling": expected}


def test_a_reader_sees_the_settings_and_cannot_change_them(sign_in: SignIn, customer: Seed) -> None:
    page = sign_in(customer.token("read"))
    page.goto("/settings")
    expect(page.get_by_label("Time zone")).to_be_disabled()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    expect(page.get_by_role("button", name="Sync now")).to_have_count(0)


def test_the_warehouse_of_another_vendor_is_not_asked_about(sign_in: SignIn, customer: Seed) -> None:
    with customer.engine.begin() as connection:
        token, _ = create_token(connection, name="Op", customer=None, scope="admin", who="test")
    page = sign_in(token)
    page.goto(f"/settings?section=warehouse&customer={customer.customer}")
    host, project, role = (page.locator(f"#warehouse-{name}") for name in ("host", "project", "role"))
    kind = page.locator("#warehouse-type")
    expect(kind).to_have_value("duckdb")
    for one in (host, project, role):
        expect(one).to_be_hidden()
    kind.select_option("bigquery")
    expect(project).to_be_visible()
    expect(role).to_be_hidden()
    kind.select_option("snowflake")
    expect(project).to_be_hidden()
    expect(role).to_be_visible()
    expect(host).to_be_visible()


def test_conditions_of_a_kpi_are_rows_to_choose_in(page: Page, customer: Seed) -> None:
    page.goto("/settings/custom-kpis/new")
    page.get_by_label("Name", exact=True).fill("Angry calls")
    page.get_by_label("Short name").fill("angry_calls")
    page.get_by_label("Window").fill("30")
    page.get_by_label("Time field").fill("CreatedDate")
    page.get_by_label("Healthy from").fill("5")
    page.get_by_label("At risk beyond").fill("1")
    conditions = page.get_by_role("group", name="Conditions", exact=True)
    for _ in range(3):
        conditions.get_by_role("button", name="Add a condition").click()
    for number, (field, comparison, value) in enumerate(
        [
            ("Origin", "is one of", "Phone, E-mail"),
            ("Reason", "is not empty", None),
            ("Status", "is", "Gone"),
        ],
        1,
    ):
        conditions.get_by_label(f"Condition {number}: field").fill(field)
        conditions.get_by_label(f"Condition {number}: comparison").select_option(label=comparison)
        if value:
            conditions.get_by_label(f"Condition {number}: value").fill(value)
    expect(conditions.get_by_label("Condition 2: value")).to_be_hidden()
    conditions.get_by_role("button", name="Remove condition 3").click()
    assert complaints(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Angry calls")).to_be_visible()
    assert stored(customer)["custom_kpis"][0]["filters"] == [  # type: ignore[index]
        {"field": "Origin", "operator": "in", "value": ["Phone", "E-mail"]},
        {"field": "Reason", "operator": "is_not_null", "value": None},
    ]
    page.goto("/settings/custom-kpis/angry_calls")
    shown = page.get_by_role("group", name="Conditions", exact=True)
    expect(shown.get_by_label("Condition 1: value")).to_have_value("Phone, E-mail")
    shown.get_by_label("Condition 1: field").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#filters-wrong")).to_contain_text("condition 1")
    expect(page.get_by_label("Condition 1: value", exact=True).first).to_have_value("Phone, E-mail")
