"""What pages say about a wrong input: labels and words, no code."""

import html
import re

import pytest

from kpi_platform.domain.settings import settings_leaves
from kpi_platform.web.custom_kpi_form import custom_kpi_groups
from kpi_platform.web.setting_labels import SECTIONS, setting_label
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.pages.test_pages import HTML

CODE = re.compile(r"\[a-z|\[A-Z|\^|\\\\|\b[a-z]+_[a-z_]+\b|\b[a-z_]+\.[a-z_]+\b|string_|pydantic")
NONSENSE = ("§ no, really!", "-1e9", "x" * 400, "ftp://nobody\nline two")


def said(page: str) -> list[str]:
    """What stands in notices and at fields that are wrong."""
    found = re.findall(r'<(?:p class="wrong"|div class="notice notice-bad").*?</(?:p|div)>', page, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", " ", part)) for part in found]


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("text", NONSENSE)
def test_a_wrong_setting_is_named_by_its_label_and_refused_in_words(
    web: Web, section: str, text: str
) -> None:
    leaves = [leaf for leaf in settings_leaves() if leaf.section == section and not leaf.read_only]
    client = web.client(None, "admin", **{**HTML, "X-Customer-ID": "acme"})
    typed = {leaf.path: text for leaf in leaves if leaf.type != "boolean" and not leaf.choices}
    answer = client.post(f"/settings?section={section}", data=typed)
    if answer.status_code == 200:
        return
    messages = said(answer.text)
    assert messages
    for message in messages:
        # Names of variables and of Salesforce's fields are what people type there.
        plain = re.sub(r"such as .*|did you mean .*|as_landed", "", message)
        assert CODE.search(plain) is None, message


@pytest.mark.parametrize("text", NONSENSE)
def test_a_wrong_custom_kpi_is_refused_in_words(web: Web, text: str) -> None:
    typed = {field.path: text for group in custom_kpi_groups({}, {}) for field in group.fields}
    answer = web.client("acme", **HTML).post("/settings/custom-kpis/new", data=typed)
    assert answer.status_code == 400
    for message in said(answer.text):
        plain = re.sub(r"must be '.*|must be one of .*", "", message)
        assert CODE.search(plain) is None, message


def test_every_setting_has_a_label_of_its_own() -> None:
    labels = [setting_label(leaf.path) for leaf in settings_leaves()]
    assert len(set(labels)) == len(labels)
    assert CODE.search(" ".join(labels)) is None


def test_what_settings_do_is_said_in_words(web: Web) -> None:
    client = web.client(None, "admin", **{**HTML, "X-Customer-ID": "acme"})
    for section in SECTIONS:
        page = client.get(f"/settings?section={section}").text
        helps = re.findall(
            r'<p class="help".*?>(.*?)<span class="allowed"|<p class="help".*?>(.*?)</p>', page
        )
        text = " ".join(html.unescape(one or other) for one, other in helps)
        assert not re.search(r"as_of|custom_fields\.|\bmarts?\b|not_synced|kpi_mappings|\bseed\b", text), (
            section
        )
