"""Blocking finds what comparing all pairs finds, with and without the compiled kernel."""

import pytest

from kpi_platform.domain.matching import candidates, evidence
from kpi_platform.domain.matching.candidates import candidate_pairs
from kpi_platform.domain.matching.corpus import Corpus
from kpi_platform.domain.matching.match import match_parties
from kpi_platform.domain.matching.party import MatchPolicy, Party
from kpi_platform.domain.matching.score import score_words
from kpi_platform_tests.calibration.labelled import LinkTask, made_up_link
from kpi_platform_tests.domain.matching.whole_names import normalise_name


@pytest.fixture(scope="module")
def task() -> LinkTask:
    return made_up_link(left=80, right=500, absent=0.2, seed=77)


@pytest.mark.parametrize("many_names", [10**9, 1], ids=["plain", "compiled"])
def test_candidates_hold_every_pair_that_all_pairs_hold_at_the_threshold(
    task: LinkTask, many_names: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "MANY_NAMES", many_names)
    left = sorted({normalise_name(name) for name in task.left} - {""})
    right = sorted({normalise_name(name) for name in task.right} - {""})
    corpus = Corpus.learn(left, right)
    words = [name.split() for name in right]
    found = set(zip(*(side.tolist() for side in candidate_pairs(left, right)), strict=True))
    sure = {
        (i, j)
        for i, name in enumerate(left)
        for j, other in enumerate(words)
        if score_words(name.split(), other, corpus) >= 0.85
    }
    assert len(sure) > 50
    assert sure - found == set()


@pytest.mark.parametrize("many_names", [10**9, 1], ids=["plain", "compiled"])
def test_no_name_gets_more_than_its_candidates_and_empty_ones_get_none(
    many_names: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "MANY_NAMES", many_names)
    lefts, _ = candidate_pairs(["", "alpha", "zz"], [f"alpha {i}" for i in range(50)] + [""])
    assert lefts.tolist() == [1] * candidates.CANDIDATES
    assert candidate_pairs([], ["alpha"])[0].tolist() == []
    assert candidate_pairs(["", ""], ["", "alpha"])[0].tolist() == []


def test_long_lists_are_matched_as_short_ones_are(task: LinkTask, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [Party(f"l{i}", name) for i, name in enumerate(task.left)]
    right = [Party(f"r{j}", name) for j, name in enumerate(task.right)]
    plain = match_parties(left, right, MatchPolicy())
    monkeypatch.setattr(candidates, "MANY_NAMES", 1)
    monkeypatch.setattr(evidence, "MANY_PAIRS", 1)
    compiled = match_parties(left, right, MatchPolicy())
    assert [each.right_id for each in compiled] == [each.right_id for each in plain]
    assert [each.decision for each in compiled] == [each.decision for each in plain]
