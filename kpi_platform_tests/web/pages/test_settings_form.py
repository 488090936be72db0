"""The settings as a form, and back."""

import pytest

from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import CustomerSettings, editable_part, parse_settings, settings_leaves
from kpi_platform.web.setting_labels import SECTIONS
from kpi_platform.web.settings_form import SettingField, document_of, field_groups, other_messages
from kpi_platform_tests.editors import OPERATOR

DOCUMENT = CustomerSettings().document()


def fields(section: str, **typed: str) -> dict[str, SettingField]:
    return {
        field.path: field
        for group in field_groups(section, DOCUMENT, typed, {}, OPERATOR)
        for field in group.fields
    }


def test_every_setting_is_a_field_with_a_help_text() -> None:
    shown = {path: field for section in SECTIONS for path, field in fields(section).items()}
    assert set(shown) == {leaf.path for leaf in settings_leaves()}
    assert [path for path, field in shown.items() if not field.help or not field.label] == []


@pytest.mark.parametrize("section", SECTIONS)
def test_a_form_that_is_sent_as_it_is_changes_nothing(section: str) -> None:
    typed = {path: field.text for path, field in fields(section).items() if field.kind != "read_only"}
    assert document_of(DOCUMENT, section, typed) == DOCUMENT


def test_what_is_typed_becomes_the_settings_own_types() -> None:
    typed = {
        "kpi_mappings.nps.enabled": "false",
        "kpi_mappings.csat.window_days": " 30 ",
        "kpi_mappings.nps.thresholds.healthy": "55.5",
        "kpi_mappings.nps.field": "",
        "kpi_mappings.net_revenue_retention.types.renewal": "Renewal\n\n Extension ",
    }
    settings = parse_settings(editable_part(document_of(DOCUMENT, "kpi_mappings", typed)))
    assert (settings.kpi_mappings.nps.enabled, settings.kpi_mappings.csat.window_days) == (False, 30)
    assert settings.kpi_mappings.nps.thresholds.healthy == 55.5
    assert settings.kpi_mappings.net_revenue_retention.types.renewal == ("Renewal", "Extension")


def test_a_section_changes_only_its_own_settings_and_never_what_is_read_only() -> None:
    typed = {"update.mode": "replace", "alerts.on_stale_hours": "5", "fivetran.last_sync": "2026-01-01"}
    changed = document_of(DOCUMENT, "update", typed)
    assert changed == {**DOCUMENT, "update": {"mode": "replace", "history_weeks": 12}}
    assert document_of(DOCUMENT, "fivetran", typed) == DOCUMENT


def test_what_is_no_number_is_refused_by_its_name_at_its_field() -> None:
    typed = {"account_matching.threshold": "much", "account_matching.review_threshold": "0.5"}
    with pytest.raises(InvalidSettings) as caught:
        parse_settings(editable_part(document_of(DOCUMENT, "account_matching", typed)))
    here, elsewhere = other_messages("account_matching", caught.value.details["errors"])
    assert (here, elsewhere) == ({"account_matching.threshold": "must be a number"}, [])
    [group] = field_groups("account_matching", DOCUMENT, typed, here, OPERATOR)
    wrong = {field.path: (field.text, field.message) for field in group.fields if field.message}
    assert wrong == {"account_matching.threshold": ("much", "must be a number")}


def test_a_message_about_another_section_is_said_with_its_label() -> None:
    errors = [
        {"field": "update.mode", "message": "must be upsert"},
        {"field": "", "message": "is no document"},
    ]
    assert other_messages("alerts", errors) == ({}, ["Loading › Mode: must be upsert", "is no document"])


def test_a_message_about_a_group_stands_at_its_first_field() -> None:
    groups = field_groups("health_score", DOCUMENT, {}, {"health_score.weights": "must sum to 1"}, OPERATOR)
    messages = {field.path: field.message for group in groups for field in group.fields if field.message}
    assert messages == {"health_score.weights.relationship": "must sum to 1"}


def test_a_frequency_that_only_the_api_takes_stays_in_the_list() -> None:
    document = {**DOCUMENT, "fivetran": {**DOCUMENT["fivetran"], "sync_frequency_minutes": 15}}
    [general, *_] = field_groups("fivetran", document, {}, {}, OPERATOR)
    [frequency] = [field for field in general.fields if field.path == "fivetran.sync_frequency_minutes"]
    assert ("15", "every 15 minutes") in frequency.options
    assert ("60", "every hour") in frequency.options
