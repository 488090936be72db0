"""Every single setting: each has help, a default that is allowed, and a second value that is, too."""

from pathlib import Path
from typing import Any

import pytest

from kpi_platform.domain.custom_kpis import CustomKpi
from kpi_platform.domain.settings import Leaf, parse_settings, settings_leaves
from kpi_platform.domain.settings.reference import CUSTOM_KPI_KEYS, settings_reference
from kpi_platform_tests.domain.settings.second_values import changed_by, second_value

EDITABLE = [leaf for leaf in settings_leaves() if not leaf.read_only]


def at(document: dict[str, Any], path: str) -> Any:
    value: Any = document
    for key in path.split("."):
        value = value[key]
    return value


def test_paths_are_unique_and_there_are_more_than_forty() -> None:
    paths = [leaf.path for leaf in settings_leaves()]
    assert len(paths) == len(set(paths))
    assert len(EDITABLE) > 40


@pytest.mark.parametrize("leaf", settings_leaves(), ids=lambda leaf: leaf.path)
def test_a_setting_has_help_words_for_what_is_allowed_and_its_default(leaf: Leaf) -> None:
    assert leaf.help.endswith(".")
    assert leaf.allowed
    if leaf.path not in ("fivetran.last_sync", "fivetran.next_sync"):
        assert at(parse_settings({}).document(), leaf.path) == leaf.default


@pytest.mark.parametrize("leaf", EDITABLE, ids=lambda leaf: leaf.path)
def test_a_setting_takes_a_second_value(leaf: Leaf) -> None:
    value = second_value(leaf)
    assert value != leaf.default
    assert at(parse_settings(changed_by(leaf.path, value)).document(), leaf.path) == value


@pytest.mark.parametrize("leaf", [leaf for leaf in EDITABLE if leaf.choices], ids=lambda leaf: leaf.path)
def test_every_choice_that_a_page_may_offer_is_accepted(leaf: Leaf) -> None:
    assert set(leaf.choices) <= set(leaf.accepted)
    for choice in leaf.choices:
        assert at(parse_settings(changed_by(leaf.path, choice)).document(), leaf.path) == choice


def test_the_page_offers_five_frequencies_and_the_api_all_of_fivetrans() -> None:
    for leaf in settings_leaves():
        if leaf.path.endswith("sync_frequency_minutes"):
            assert leaf.choices == (60, 180, 360, 720, 1440)
            assert leaf.accepted == (1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440)


def test_the_reference_page_is_up_to_date() -> None:
    page = Path(__file__).parents[3] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == settings_reference(), (
        "Make it anew: kpi-platform settings docs > docs/settings.md"
    )


def test_the_reference_page_names_every_setting_and_every_key_of_a_custom_kpi() -> None:
    page = settings_reference()
    for leaf in settings_leaves():
        section = (
            f"kpi_mappings.{leaf.path.split('.')[1]}" if leaf.section == "kpi_mappings" else leaf.section
        )
        assert f"| `{leaf.path.removeprefix(section + '.')}` |" in page
    assert set(CUSTOM_KPI_KEYS) == set(CustomKpi.model_fields)
