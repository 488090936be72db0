"""Floors of quality on labelled and made-up names; raise them with the score, never lower them unsaid."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable

import pytest

from kpi_platform.domain.matching.group import group_parties
from kpi_platform.domain.matching.match import match_parties
from kpi_platform.domain.matching.party import Match, MatchPolicy, Party
from kpi_platform_tests.calibration.labelled import (
    LinkTask,
    applicants,
    holders,
    made_up_link,
    organisation_pairs,
)
from kpi_platform_tests.calibration.organisations import organisations
from kpi_platform_tests.domain.matching.whole_names import score_names


def test_organisations_of_one_name_score_higher_than_others() -> None:
    scored = [(score_names(a, b), same) for a, b, same in organisation_pairs()]
    sure = [same for score, same in scored if score >= 0.85]
    positives = sum(same for _, same in scored)
    # The labels call "Citigroup Capital Trust I" and "II" one; numbers must agree here, so recall is bounded.
    assert sum(sure) / len(sure) >= 0.96
    assert sum(sure) / positives >= 0.56


def test_applicants_are_grouped_as_they_were_by_hand() -> None:
    listed = applicants()
    groups = group_parties([Party(id_, name) for id_, name, _ in listed])
    precision, recall = pairwise((groups[id_], label) for id_, _, label in listed)
    assert precision >= 0.99
    # Half of the pairs are those of one company with its other name, "Gloeilampenfabrieken".
    assert f1(precision, recall) >= 0.855


@pytest.mark.parametrize(
    ("names", "least"),
    [(organisations("held out", 1), 0.95), (organisations("held out", 3), 0.95), (holders("held out"), 0.93)],
    ids=["made up", "made up anew", "real"],
)
def test_names_of_institutions_and_branches_are_grouped_by_holder(
    names: list[tuple[str, int]], least: float
) -> None:
    groups = group_parties([Party(f"{i:06}", name) for i, (name, _) in enumerate(names)])
    precision, recall = pairwise((groups[f"{i:06}"], holder) for i, (_, holder) in enumerate(names))
    assert precision >= 0.93
    assert f1(precision, recall) >= least


def f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize("seed", [11, 12])
def test_names_are_found_in_a_register_that_also_holds_their_siblings(seed: int) -> None:
    task = made_up_link(left=500, right=8_000, absent=0.2, seed=seed)
    matches = match_parties(
        [Party(str(i), name) for i, name in enumerate(task.left)],
        [Party(str(j), name) for j, name in enumerate(task.right)],
        MatchPolicy(),
    )
    precision, recall = link_quality(task, matches, lambda match: match.decision == "match")
    assert precision >= 0.985
    assert recall >= 0.92
    precision, recall = link_quality(task, matches, lambda match: match.right_id is not None)
    assert f1(precision, recall) >= 0.96


def link_quality(
    task: LinkTask, matches: list[Match], counts: Callable[[Match], bool]
) -> tuple[float, float]:
    found = [match for match in matches if counts(match)]
    right = sum(task.truth.get(int(match.left_id)) == int(match.right_id or -1) for match in found)
    return right / len(found), right / len(task.truth)


def pairwise(rows: Iterable[tuple[Hashable, Hashable]]) -> tuple[float, float]:
    """Precision and recall of the pairs in one group, by (group, label) of each member."""
    listed = list(rows)
    both, groups, labels = (
        sum(n * (n - 1) // 2 for n in Counter(keys).values())
        for keys in (listed, [group for group, _ in listed], [label for _, label in listed])
    )
    return both / groups, both / labels
