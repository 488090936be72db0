"""The health score of one account."""

from collections.abc import Callable, Mapping
from fractions import Fraction

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


def health(salesforce: Salesforce, row: Row | None, measures: Mapping[str, Measure]) -> dict[str, object]:
    """ "Missing inputs drop out and the weights that remain are renormalised, inside a category and across
    categories. `coverage` = known weight / total weight over all inputs; below 0.5 the health score is
    NULL." """
    scores = _scores(salesforce, row, measures)
    known_weight = total_weight = Fraction(0)
    category_scores: dict[str, Fraction | None] = {}
    for category, inputs in CATEGORIES.items():
        weight = salesforce.rules.health_weight(category)
        known = {name: Fraction(share) for name, share in inputs.items() if scores[name] is not None}
        within = sum(known.values(), Fraction(0))
        known_weight += weight * within
        total_weight += weight
        category_scores[category] = (
            sum((share * _known(scores[name]) for name, share in known.items()), Fraction(0)) / within
            if known
            else None
        )
    coverage = known_weight / total_weight
    contributions = _contributions(salesforce, scores) if round(coverage, 9) >= Fraction(1, 2) else {}
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


def _contributions(salesforce: Salesforce, scores: Mapping[str, Fraction | None]) -> dict[str, Fraction]:
    """ "points that sum to health_score" """
    known = {
        category: {name: Fraction(share) for name, share in inputs.items() if scores[name] is not None}
        for category, inputs in CATEGORIES.items()
    }
    weights = {name: salesforce.rules.health_weight(name) for name, inputs in known.items() if inputs}
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
    scores: dict[str, Fraction | None] = {}
    for name, formula in formulas.items():
        value = raw[name]
        scores[name] = None if value is None else max(Fraction(0), min(formula(value), Fraction(100)))
    return scores


def _activation(salesforce: Salesforce, row: Row | None) -> Fraction | None:
    """ "activation `active_users/total_users·100`"; "`total_users ≤ 0` is unknown" """
    if row is None:
        return None
    active, total = (number(row[salesforce.field(name)]) for name in ("active_users", "total_users"))
    if active is None or total is None or total <= 0:
        return None
    return active / total * 100
