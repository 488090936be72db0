"""The health score of one account."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise

from kpi_platform_tests.reference.ages import too_old
from kpi_platform_tests.reference.measure import Measure
from kpi_platform_tests.reference.salesforce import Salesforce
from kpi_platform_tests.reference.tables import Row
from kpi_platform_tests.reference.values import number

CATEGORIES: Mapping[str, Mapping[str, str]] = {
    "relationship": {"nps": "0.3", "csat": "0.3", "executive_engagement": "0.4"},
    "adoption": {"adoption_index": "0.5", "activation": "0.3", "feature_usage": "0.2"},
    "business_outcomes": {"revenue_growth": "0.4", "net_revenue_retention": "0.4", "churn_risk": "0.2"},
    "support": {
        "sla_compliance": "0.4",
        "support_satisfaction": "0.3",
        "first_response_time": "0.15",
        "resolution_time": "0.15",
    },
}


CURVES: Mapping[str, Sequence[tuple[str, str]]] = {
    "nps": [("-50", "0"), ("0", "40"), ("30", "70"), ("60", "100")],
    "csat": [("1", "0"), ("3", "40"), ("4", "75"), ("4.6", "100")],
    "support_satisfaction": [("1", "0"), ("3", "40"), ("4", "75"), ("4.6", "100")],
    "executive_engagement": [("0", "0"), ("1", "60"), ("3", "100")],
    "adoption_index": [("0", "0"), ("100", "100")],
    "activation": [("0", "0"), ("100", "100")],
    "feature_usage": [("0", "0"), ("100", "100")],
    "revenue_growth": [("-50", "0"), ("0", "50"), ("25", "100")],
    "net_revenue_retention": [("50", "0"), ("80", "25"), ("100", "70"), ("120", "100")],
    "churn_risk": [("0", "100"), ("100", "0")],
    "sla_compliance": [("70", "0"), ("85", "40"), ("95", "85"), ("100", "100")],
    "first_response_time": [("0", "100"), ("4", "70"), ("24", "0")],
    "resolution_time": [("0", "100"), ("24", "70"), ("120", "0")],
}
"""scorecards.md, "Curves of `standard`"."""


def health(
    salesforce: Salesforce, row: Row | None, measures: Mapping[str, Measure], basis: str
) -> dict[str, object]:
    """ "Missing inputs drop out and the weights that remain are renormalised, inside a category and across
    categories. `coverage` = known weight / total weight over all inputs; below 0.5 the health score is
    NULL." """
    scores, categories = _scores(salesforce, row, measures), _categories(salesforce, basis)
    known_weight = total_weight = Fraction(0)
    category_scores: dict[str, Fraction | None] = {}
    for category, inputs in categories.items():
        weight = salesforce.rules.health_weight(category)
        known = _shares(inputs, scores)
        within = sum(known.values(), Fraction(0))
        known_weight += weight * within
        total_weight += weight
        category_scores[category] = (
            sum((share * _known(scores[name]) for name, share in known.items()), Fraction(0)) / within
            if within
            else None
        )
    coverage = known_weight / total_weight
    contributions = (
        _contributions(salesforce, categories, scores) if round(coverage, 9) >= Fraction(1, 2) else {}
    )
    return {
        **{f"{category}_score": score for category, score in category_scores.items()},
        "health_score": sum(contributions.values(), Fraction(0)) if contributions else None,
        "coverage": round(coverage, 9),
        **{
            f"{name}_contribution": contributions.get(name)
            for inputs in CATEGORIES.values()
            for name in inputs
        },
        "crm_health_score": None if row is None else number(row[salesforce.field("health_score")]),
    }


def _categories(salesforce: Salesforce, basis: str) -> Mapping[str, Mapping[str, str]]:
    """ "Under `bookings` w(NRR) := w(NRR) + w(growth) and w(growth) := 0 before anything else." """
    if salesforce.rules.scheme == "classic" or basis != "bookings":
        return CATEGORIES
    moved = {"revenue_growth": "0", "net_revenue_retention": "0.8", "churn_risk": "0.2"}
    return {**CATEGORIES, "business_outcomes": moved}


def _shares(inputs: Mapping[str, str], scores: Mapping[str, Fraction | None]) -> dict[str, Fraction]:
    return {name: Fraction(share) for name, share in inputs.items() if scores[name] is not None}


def _contributions(
    salesforce: Salesforce,
    categories: Mapping[str, Mapping[str, str]],
    scores: Mapping[str, Fraction | None],
) -> dict[str, Fraction]:
    """ "points that sum to health_score"; "an input of weight 0 makes no category known" """
    shares = {category: _shares(inputs, scores) for category, inputs in categories.items()}
    known = {category: found for category, found in shares.items() if sum(found.values())}
    weights = {category: salesforce.rules.health_weight(category) for category in known}
    return {
        name: weight / sum(weights.values()) * share / sum(known[category].values()) * _known(scores[name])
        for category, weight in weights.items()
        for name, share in known[category].items()
    }


def _known(score: Fraction | None) -> Fraction:
    assert score is not None
    return score


def _scores(
    salesforce: Salesforce, row: Row | None, measures: Mapping[str, Measure]
) -> dict[str, Fraction | None]:
    """ "Each input is brought to 0…100 and clamped there" """
    raw = {
        **{kpi: found.value for kpi, found in measures.items()},
        "activation": _activation(salesforce, row),
        "feature_usage": None if row is None else number(row[salesforce.field("feature_usage_score")]),
    }
    # "An input older than max_age_days: unknown"
    raw |= {name: None for name in ("activation", "feature_usage") if too_old(salesforce, row, name)}
    formulas: dict[str, Callable[[Fraction], Fraction]] = {
        "nps": lambda n: (n + 100) / 2,
        "csat": lambda c: (c - 1) / 4 * 100,
        "executive_engagement": lambda n: min(n / 10, Fraction(1)) * 100,
        "adoption_index": lambda n: n,
        "activation": lambda n: n,
        "feature_usage": lambda n: n,
        "revenue_growth": lambda g: g,
        "net_revenue_retention": lambda n: min(n, Fraction(150)) / 150 * 100,
        "churn_risk": lambda risk: 100 - risk,
        "sla_compliance": lambda n: n,
        "support_satisfaction": lambda s: (s - 1) / 4 * 100,
        "first_response_time": lambda hours: 100 - min(hours / 24, Fraction(1)) * 100,
        "resolution_time": lambda hours: 100 - min(hours / 120, Fraction(1)) * 100,
    }
    if salesforce.rules.scheme == "standard":
        formulas = {name: partial(_on_curve, points) for name, points in CURVES.items()}
        # "churn_risk counts only if it is the mapped field."
        if row is None or row[salesforce.field("churn_risk")] is None:
            raw["churn_risk"] = None
    scores: dict[str, Fraction | None] = {}
    for name, formula in formulas.items():
        value = raw[name]
        scores[name] = None if value is None else max(Fraction(0), min(formula(value), Fraction(100)))
    return scores


def _on_curve(points: Sequence[tuple[str, str]], value: Fraction) -> Fraction:
    """ "linear between, flat outside" """
    exact = [(Fraction(x), Fraction(y)) for x, y in points]
    if value <= exact[0][0]:
        return exact[0][1]
    for (x0, y0), (x1, y1) in pairwise(exact):
        if value <= x1:
            return y0 + (value - x0) / (x1 - x0) * (y1 - y0)
    return exact[-1][1]


def _activation(salesforce: Salesforce, row: Row | None) -> Fraction | None:
    """ "activation `active_users/total_users·100`"; "`total_users ≤ 0` is unknown" """
    if row is None:
        return None
    active, total = (number(row[salesforce.field(name)]) for name in ("active_users", "total_users"))
    if active is None or total is None or total <= 0:
        return None
    return active / total * 100
