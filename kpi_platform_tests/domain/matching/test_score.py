"""The score of two names, and its compiled twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.matching.corpus import GENERAL, Corpus, WordWeights
from kpi_platform.domain.matching.score import score_words
from kpi_platform_tests.domain.matching.whole_names import normalise_name, score_names

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


def test_a_name_that_begins_one_other_alone_is_almost_surely_that_one() -> None:
    register = [
        "costco wholesale",
        "air products chemicals",
        "air liquide",
        "hunt jb transportation services",
    ]
    corpus = Corpus.learn(register, ["costco"])
    for short, name in (
        ("Costco", "Costco Wholesale Corp"),
        ("Air Products", "Air Products & Chemicals"),
        ("J.B. Hunt", "HUNT J B TRANSPORT SERVICES INC"),
    ):
        assert score_names(short, name, corpus) >= 0.85
    assert score_names("Costco", "Costco Wholesale Corp") < 0.85
    assert score_names("Costco", "Costco Travel", corpus) > score_names("Costco", "Alpha Costco", corpus)


def test_a_name_that_begins_several_others_may_be_any_of_them() -> None:
    corpus = Corpus.learn(["kirbo foods", "kirbo motors"], ["kirbo"])
    assert score_names("Kirbo", "Kirbo Foods", corpus) < 0.70


def test_a_name_that_is_always_written_with_its_legal_form_lacks_nothing() -> None:
    assert score_names("PTC", "PTC Therapeutics", Corpus.learn(["ptc therapeutics"])) >= 0.85
    corpus = Corpus.learn(["ptc therapeutics"], full_names=["ptc"])
    assert score_names("PTC Inc.", "PTC Therapeutics", corpus) < 0.70


def test_a_beginning_with_another_number_or_country_is_no_match() -> None:
    corpus = Corpus.learn(["kirbo capital 2", "zelmo chile"])
    assert score_names("Kirbo Capital", "Kirbo Capital II", corpus) < 0.70
    assert score_names("Zelmo", "Zelmo Chile", corpus) < 0.85


@given(st.lists(st.tuples(forms, forms), min_size=1, max_size=20), st.sets(forms, max_size=5), st.booleans())
def test_the_compiled_scorer_gives_the_same_scores(
    pairs: list[tuple[str, str]], full_names: set[str], learns: bool
) -> None:
    from kpi_platform.domain.matching import kernel

    # Many of the pairs are a name and its beginning.
    left = [normalise_name(a) or "a" for a, _ in pairs]
    right = [normalise_name(b if i % 2 else f"{a} {b}") or "b" for i, (a, b) in enumerate(pairs)]
    corpus = Corpus.learn(left, right, full_names=full_names) if learns else GENERAL
    places = np.arange(len(pairs), dtype=np.int64)
    compiled = kernel.score_pairs(left, right, (places, places), corpus)
    readable = [score_words(a.split(), b.split(), corpus) for a, b in zip(left, right, strict=True)]
    assert compiled.tolist() == pytest.approx(readable, abs=1e-4)
