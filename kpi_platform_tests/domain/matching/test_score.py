"""The score of two names, and its compiled twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.matching.names import normalise_name
from kpi_platform.domain.matching.score import WordWeights, score_names, score_words

SYLLABLES = [
    "al",
    "ber",
    "co",
    "du",
    "en",
    "fi",
    "gra",
    "ho",
    "int",
    "group",
    "bank",
    "of",
    "1",
    "2",
    "chile",
    "x",
]
forms = st.lists(
    st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=4).map("".join), min_size=1, max_size=6
).map(" ".join)
names = st.one_of(forms, st.text(max_size=40))


@given(names, names)
def test_the_score_is_symmetric_and_between_0_and_1(a: str, b: str) -> None:
    score = score_names(a, b)
    assert 0.0 <= score <= 1.0
    assert score == score_names(b, a)


@given(names)
def test_a_name_is_surely_itself(name: str) -> None:
    assert score_names(name, name) == (1.0 if normalise_name(name) else 0.0)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Siemens AG", "SIEMENS Aktiengesellschaft"),
        ("Goodwill Company", "Good Will Co."),
        ("Charles Schwab", "SCHWAB CHARLES CORP"),
        ("Exxor Mobil Corporation", "Exxon Mobil Corporation"),
        ("Silvercrest Mtls Corp", "SilverCrest Metals Inc."),
        ("International Federation of Red Cross", "International Federation of the Red Cross"),
        ("Hitachi Global Storage Technologies", "Hitachi Global Storage Tech. B.V."),
    ],
)
def test_spellings_of_one_company_are_almost_surely_the_same(a: str, b: str) -> None:
    assert score_names(a, b) >= 0.85


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Alpha Holdings 1", "Alpha Holdings 2"),
        ("Blackstone Partners IV", "Blackstone Partners V"),
        ("Bank of Chile", "Bank of China"),
        ("Government of Estonia", "Government of Ethiopia"),
        ("Alpha Inc", "Alphabet Inc"),
        ("BAE Systems, Inc.", "BAE Industries, Inc."),
        ("Volkswagen AG", "Siemens AG"),
        ("Banco Santander México S.A.", "Banco Santander Chile S.A."),
        ("The Puffin Trust", "The Puccini Trust"),
    ],
)
def test_siblings_and_strangers_do_not_even_come_to_review(a: str, b: str) -> None:
    assert score_names(a, b) < 0.70


def test_a_subsidiary_of_a_country_is_never_accepted_unseen() -> None:
    assert score_names("Banco Santander", "Banco Santander Chile") < 0.85


def test_a_rare_word_carries_more_than_a_common_one() -> None:
    weights = WordWeights.learn([f"brand{i} transit" for i in range(500)] + ["kirbo transit"])
    assert weights["kirbo"] > weights["transit"]
    assert weights["group"] < weights["transit"]


@given(st.lists(st.tuples(forms, forms), min_size=1, max_size=20))
def test_the_compiled_scorer_gives_the_same_scores(pairs: list[tuple[str, str]]) -> None:
    from kpi_platform.domain.matching import kernel

    left = [normalise_name(a) or "a" for a, _ in pairs]
    right = [normalise_name(b) or "b" for _, b in pairs]
    weights = WordWeights.learn(left, right)
    places = np.arange(len(pairs), dtype=np.int64)
    compiled = kernel.score_pairs(left, right, (places, places), weights)
    readable = [score_words(a.split(), b.split(), weights) for a, b in zip(left, right, strict=True)]
    assert compiled.tolist() == pytest.approx(readable, abs=1e-4)
