"""Why a health score moved between two instants, as points that add up to its change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import fsum
from typing import Literal

from kpi_platform.domain.health import HEALTH_CATEGORIES, HEALTH_INPUTS

ReasonKind = Literal["input", "weights", "coverage"]

LEAST_POINTS = 1e-11
"""A reason of fewer points is none."""


@dataclass(frozen=True, slots=True)
class ScoreState:
    """A health score with what it is made of: the points of each input that is known, and the weights of the
    categories that it was computed with (None: the settings of that time cannot be read)."""

    score: float
    points: Mapping[str, float]
    weights: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class ScoreReason:
    """A reason that moved the score by `points`: the value of an input (`input`), other weights in the
    settings (`weights`), or `inputs` that came and those that are `gone`, with the weight that moved from or
    to the rest (`coverage`)."""

    kind: ReasonKind
    points: float
    inputs: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def score_reasons(before: ScoreState, after: ScoreState) -> list[ScoreReason]:
    """Returns the reasons, greatest first; together they are the change of the score.

    An input that is known at both instants moves the score by the change of its own score, weighed as before.
    Then come the weights of the settings, and last what came and went. Without the weights of one instant,
    the first and the second are not told apart: both are the input's.
    """
    both = before.points.keys() & after.points.keys()
    moved = dict.fromkeys(both, 0.0)
    by_weights = by_coverage = 0.0
    if before.weights is None or after.weights is None:
        moved = {name: after.points[name] - before.points[name] for name in both}
    else:
        was = _shares(before.weights, before.points)
        weighed = _shares(after.weights, before.points)
        now = _shares(after.weights, after.points)
        own = {
            name: _own_score(before.points[name], was[name], after.points[name], now[name]) for name in both
        }
        moved = {name: was[name] * own[name] - before.points[name] for name in both}
        by_weights = fsum((weighed[name] - was[name]) * own[name] for name in both)
        by_coverage = fsum((now[name] - weighed[name]) * own[name] for name in both)
    came_or_went = before.points.keys() ^ after.points.keys()
    by_coverage += fsum(after.points.get(name, 0.0) - before.points.get(name, 0.0) for name in came_or_went)
    order = [one.name for one in HEALTH_INPUTS]
    reasons = [ScoreReason("input", moved[name], (name,)) for name in order if name in both]
    reasons.append(ScoreReason("weights", by_weights))
    came = tuple(name for name in order if name in came_or_went and name in after.points)
    gone = tuple(name for name in order if name in came_or_went and name in before.points)
    reasons.append(ScoreReason("coverage", by_coverage, came, gone))
    return sorted(
        (one for one in reasons if abs(one.points) > LEAST_POINTS), key=lambda one: -abs(one.points)
    )


def _shares(weights: Mapping[str, float], known: Collection[str]) -> dict[str, float]:
    """The part of the health score that each known input makes up: its weight in its category, times that of
    the category, both of the known ones alone."""
    inside = {
        category: fsum(one.weight for one in inputs if one.name in known)
        for category, inputs in HEALTH_CATEGORIES.items()
    }
    whole = fsum(weights[category] for category, weight in inside.items() if weight > 0)
    return {
        one.name: one.weight / inside[one.category] * weights[one.category] / whole if whole > 0 else 0.0
        for one in HEALTH_INPUTS
        if one.name in known
    }


def _own_score(old: float, was: float, new: float, now: float) -> float:
    """An input's own score, from 0 to 100, at the later instant. What has no weight then has no points that
    tell it: it counts as unchanged."""
    if now > 0:
        return new / now
    return old / was if was > 0 else 0.0
