"""Doubts whether two similar names are of one holder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.matching.corpus import GENERAL
from kpi_platform.domain.matching.doubts import alike, differ, doubt, extends

WORDS = [
    "kirbo",
    "kirba",
    "lindt",
    "linde",
    "university",
    "york",
    "of",
    "dairy",
    "canada",
    "foods",
    "fods",
    "1",
]
names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)


@given(names, names)
def test_doubts_are_symmetric_and_no_name_differs_from_itself(a: list[str], b: list[str]) -> None:
    assert differ(a, b, GENERAL.weights) == differ(b, a, GENERAL.weights)
    assert extends(a, b, GENERAL.weights) == extends(b, a, GENERAL.weights)
    assert (doubt(a, b, GENERAL.weights) is None) == (doubt(b, a, GENERAL.weights) is None)
    assert not differ(a, a, GENERAL.weights)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("lindt", "linde", False),
        ("tesa", "tesla", False),
        ("vita", "vitra", False),
        ("telsa", "tesla", True),
        ("fods", "foods", True),
        ("siemens", "seimens", True),
        ("pharmac", "pharmaceuticals", True),
        ("ankara", "jakarta", False),
        ("12", "13", False),
    ],
)
def test_short_unknown_words_are_not_misspelt_into_others(a: str, b: str, expected: bool) -> None:
    assert alike(a, b) is alike(b, a) is expected
