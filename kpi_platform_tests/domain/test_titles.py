"""Which titles make an executive; the warehouse matches the same patterns in the dbt unit tests."""

import re
import unicodedata

import pytest

from kpi_platform.domain.titles import EXECUTIVE, NO_EXECUTIVE, title_pattern


def is_executive(title: str) -> bool:
    wanted, refused = title_pattern(EXECUTIVE), title_pattern(NO_EXECUTIVE)
    assert wanted is not None
    assert refused is not None
    return has(wanted, title) and not has(refused, title)


def has(pattern: str, title: str) -> bool:
    return bool(re.search(pattern.replace("[[:space:]]", r"[ \t\n]"), title.lower()))


@pytest.mark.parametrize(
    "title",
    [
        "VP", "C.E.O.", "V.P. of Sales", "C.EO", "Vice \t President", "GESCHÄFTSFÜHRER", "Managing Director",
        unicodedata.normalize("NFD", "Geschäftsführer"), "Directeur général", "(cfo)", "Annex-CEO",
        "Internal VP", "Head of IT",
    ],
)  # fmt: skip
def test_an_executive_is_known_by_a_word_of_the_title(title: str) -> None:
    assert is_executive(title)


@pytest.mark.parametrize(
    "title",
    [
        "VPN admin", "VP_Sales", "VPé", "Vorstandsmitglied", "r.s.v.p.", "Former CEO", "ex-CEO",
        "E.A. to the CEO", "EA  to the CEO", "Assistant Director", "CFO intern",
        "Art Director", "Product Owner, CTO office", "Office of the CEO", "Engineer", "",
    ],
)  # fmt: skip
def test_whoever_only_resembles_or_serves_one_is_none(title: str) -> None:
    assert not is_executive(title)


def test_a_list_without_words_finds_nobody() -> None:
    assert title_pattern(()) is None


def test_an_apostrophe_stands_for_any_and_signs_for_themselves() -> None:
    pattern = title_pattern(["Chef d'agence", "R&D (lead)"])
    assert pattern is not None
    assert "'" not in pattern
    assert has(pattern, "Chef d’agence")
    assert has(pattern, "r&d (lead)")
    assert not has(pattern, "r d lead")
