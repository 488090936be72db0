"""Reasons of a change of the health score: arithmetic, on any two scores."""

from collections.abc import Mapping
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.health import HEALTH_CATEGORIES, HEALTH_INPUTS
from kpi_platform.domain.score_change import ScoreState, score_reasons

EQUAL = dict.fromkeys(HEALTH_CATEGORIES, 0.25)


def scored(own: Mapping[str, float], weights: Mapping[str, float]) -> ScoreState | None:
    """The health score of inputs' own scores, as the contract says it: inside each category first, then the
    categories, of what is known. None if nothing that is known has weight."""
    scores: dict[str, float] = {}
    for category, inputs in HEALTH_CATEGORIES.items():
        known = [one for one in inputs if one.name in own]
        if known:
            total = sum(one.weight for one in known)
            scores[category] = sum(one.weight * own[one.name] for one in known) / total
    whole = sum(weights[category] for category in scores)
    if whole <= 0:
        return None
    points = {
        one.name: weights[one.category] / whole * one.weight * own[one.name]
        / sum(other.weight for other in HEALTH_CATEGORIES[one.category] if other.name in own)
        for one in HEALTH_INPUTS
        if one.name in own
    }  # fmt: skip
    return ScoreState(sum(weights[name] * score for name, score in scores.items()) / whole, points, weights)


_own = st.dictionaries(
    st.sampled_from([one.name for one in HEALTH_INPUTS]), st.floats(0, 100), min_size=1, max_size=13
)
_weights = st.lists(
    st.sampled_from([0.0, 0.1, 0.3, 1.0]),
    min_size=len(HEALTH_CATEGORIES),
    max_size=len(HEALTH_CATEGORIES),
).map(lambda drawn: dict(zip(HEALTH_CATEGORIES, drawn, strict=True)))


@given(_own, _weights, _own, _weights, st.booleans())
def test_the_reasons_add_up_to_the_change(
    old: dict[str, float],
    old_weights: dict[str, float],
    new: dict[str, float],
    new_weights: dict[str, float],
    are_weights_known: bool,
) -> None:
    before, after = scored(old, old_weights), scored(new, new_weights)
    if before is None or after is None:
        return
    if not are_weights_known:
        before = ScoreState(before.score, before.points, None)
    reasons = score_reasons(before, after)
    assert fsum(one.points for one in reasons) == pytest.approx(after.score - before.score, abs=1e-9)
    kinds = {one.kind for one in reasons}
    if old_weights == new_weights:
        assert "weights" not in kinds
    if old.keys() == new.keys():
        assert "coverage" not in kinds
    if old.items() <= new.items() or new.items() <= old.items():
        assert "input" not in kinds or not are_weights_known


def test_a_value_moves_the_score_by_its_own_change_weighed_as_before() -> None:
    before = scored({"nps": 50, "csat": 80, "sla_compliance": 90}, EQUAL)
    after = scored({"nps": 20, "csat": 80, "sla_compliance": 90}, EQUAL)
    assert before is not None and after is not None
    (reason,) = score_reasons(before, after)
    # Two of three inputs of relationship are known, 0.3 each; relationship and support count half.
    assert (reason.kind, reason.inputs) == ("input", ("nps",))
    assert reason.points == pytest.approx(-30 * 0.5 * 0.5)


def test_other_weights_and_an_input_that_went_are_reasons_of_their_own() -> None:
    before = scored({"nps": 50, "sla_compliance": 90}, EQUAL)
    weighed = scored({"nps": 50, "sla_compliance": 90}, EQUAL | {"support": 0.75})
    gone = scored({"sla_compliance": 90}, EQUAL | {"support": 0.75})
    assert before is not None and weighed is not None and gone is not None
    assert [(one.kind, one.inputs) for one in score_reasons(before, weighed)] == [("weights", ())]
    assert [(one.kind, one.inputs) for one in score_reasons(weighed, gone)] == [("coverage", ())]
    assert [one.gone for one in score_reasons(weighed, gone)] == [("nps",)]
    assert [one.inputs for one in score_reasons(gone, weighed)] == [("nps",)]
    assert sorted(one.kind for one in score_reasons(before, gone)) == ["coverage", "weights"]
