"""Pages say names where messages for every reader say keys and paths."""

import pytest

from kpi_platform.domain.settings import settings_leaves
from kpi_platform.web.plain import in_own_words, labelled
from kpi_platform_tests.web.conftest import Web


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Customer acme: NPS of 1 account is 250.", "NPS of 1 account is 250."),
        ("Customer acme: some rows break a rule.", "Some rows break a rule."),
        ("Customer 'acme' has no account 7.", "Acme Corporation has no account 7."),
        ("It found nothing of customer acme.", "It found nothing of Acme Corporation."),
        ("Customer acme_two has none.", "Customer acme_two has none."),
        ("Customer bolt: NPS is odd.", "Customer bolt: NPS is odd."),
    ],
)  # fmt: skip
def test_a_customer_reads_its_name_and_never_its_key(text: str, words: str) -> None:
    assert in_own_words(text, "acme", "Acme Corporation") == words


def test_every_setting_is_called_as_on_its_page() -> None:
    for leaf in settings_leaves():
        for frame in ("Correct {}.", "{}: too small", "'{}' is wrong, so is another."):
            assert leaf.path not in labelled(frame.format(leaf.path)), leaf.path
    assert labelled("Set salesforce.schema.") == "Set “Salesforce › Schema”."
    assert labelled("It stands in salesforce.schema_of_old.") == "It stands in salesforce.schema_of_old."


def test_an_error_of_a_page_names_the_customer(web: Web) -> None:
    browser = web.signed_in("acme", "write")
    browser.headers["Accept"] = "text/html"
    page = browser.get("/accounts/999").text
    shown = page.partition('<section class="card alone-card">')[2].partition("</section>")[0]
    assert "Acme Corporation has no account" in shown and "acme" not in shown
