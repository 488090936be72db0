"""Advice: weights of the health score's categories that would have foretold better (backtest.md B23).

The categories are what settings can weigh, so they are what is fitted: a logistic regression with L2 and
weights of 0 or more on the earlier rows, judged as the score that the advised settings make of the later
ones.
"""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from kpi_platform.domain.backtest.figures import auc, churned_of, instant_of, labelled_of, scored_of
from kpi_platform.domain.backtest.report import Advice
from kpi_platform.domain.backtest.rows import AccountTimes, Numbers
from kpi_platform.domain.backtest.spec import BacktestSpec
from kpi_platform.domain.health import HEALTH_CATEGORIES

FITTED_SHARE = 0.7
STEPS = 20
"""Weights are rounded to a 20th."""


def advise(times: AccountTimes, spec: BacktestSpec) -> Advice | None:
    """Returns other weights if they part those who churned from those who were kept better than the present
    score does, on rows after those that they were fitted to; else None."""
    labelled = labelled_of(times)
    instants = np.sort(labelled.t)
    if not len(instants):
        return None
    until = instants[int(np.ceil(FITTED_SHARE * len(instants))) - 1]
    fitted = labelled.where(labelled.t <= until)
    tested = scored_of(labelled.where(labelled.t > until + np.timedelta64(spec.horizon_days, "D")))
    weights = _fit(fitted)
    if weights is None:
        return None
    advised = score_of(tested, weights)
    known = ~np.isnan(advised)
    churned = churned_of(tested)[known]
    present_auc = auc(100 - tested.score[known], churned)
    advised_auc = auc(100 - advised[known], churned)
    if present_auc is None or advised_auc is None or advised_auc <= present_auc:
        return None
    return Advice(
        patch={"health_score": {"weights": dict(weights)}},
        present_auc=present_auc,
        advised_auc=advised_auc,
        fitted_until=instant_of(until),
        fitted=len(fitted),
        tested=len(churned),
    )


def category_scores(times: AccountTimes) -> dict[str, Numbers]:
    """Returns Σ w·s / Σ w over the known inputs of each category, NaN without one."""
    scores = {}
    for category, parts in HEALTH_CATEGORIES.items():
        of_inputs = [(one.weight, times.inputs[one.name]) for one in parts if one.name in times.inputs]
        scores[category] = _weighted(len(times), of_inputs)
    return scores


def score_of(times: AccountTimes, weights: Mapping[str, float]) -> Numbers:
    """Returns the score under these weights of the categories, NaN without a known one."""
    scores = category_scores(times)
    return _weighted(len(times), [(weight, scores[category]) for category, weight in weights.items()])


def _weighted(size: int, parts: list[tuple[float, Numbers]]) -> Numbers:
    total, weighed = np.zeros(size), np.zeros(size)
    for weight, values in parts:
        known = ~np.isnan(values)
        total += weight * known
        weighed += np.where(known, weight * values, 0.0)
    means: Numbers = np.divide(weighed, total, out=np.full(size, np.nan), where=total > 0)
    return means


def _fit(rows: AccountTimes) -> dict[str, float] | None:
    """Returns a weight for each category, in twentieths that sum to 1; None if nothing foretells."""
    kept = np.where(churned_of(rows), -1.0, 1.0)
    if not len(kept) or abs(kept.sum()) == len(kept):
        return None
    columns, names, spreads = [], [], []
    scores = category_scores(rows)
    for name, values in scores.items():
        known = values[~np.isnan(values)]
        if len(known) and known.std() > 0:
            filled = np.where(np.isnan(values), known.mean(), values)
            columns.append((filled - filled.mean()) / filled.std())
            names.append(name)
            spreads.append(float(filled.std()))
    if not names:
        return None
    matrix = np.column_stack(columns)

    def loss(point: Numbers) -> tuple[float, Numbers]:
        margin = kept * (point[0] + matrix @ point[1:])
        slope = -kept * expit(-margin)
        value = float(np.logaddexp(0, -margin).sum() + point[1:] @ point[1:] / 2)
        return value, np.concatenate(([slope.sum()], matrix.T @ slope + point[1:]))

    bounds = [(None, None)] + [(0, None)] * len(names)
    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x[1:]
    # The weight of a point of the category, not of a standard deviation.
    weights = found / np.array(spreads)
    if not weights.sum() > 0:
        return None
    return dict.fromkeys(scores, 0.0) | dict(zip(names, rounded(weights / weights.sum()), strict=True))


def rounded(shares: Numbers) -> list[float]:
    """Returns shares that sum to 1 in whole twentieths; the largest remainders are rounded up."""
    steps = np.floor(shares * STEPS + 1e-9).astype(int)
    order = np.argsort(steps - shares * STEPS, kind="stable")
    steps[order[: STEPS - int(steps.sum())]] += 1
    return [int(step) / STEPS for step in steps]
