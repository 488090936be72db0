"""Advice on weights."""

import numpy as np
import pytest

from kpi_platform.domain.backtest.advice import advise, rounded, score_of
from kpi_platform.domain.backtest.judge import report_of
from kpi_platform.domain.backtest.rows import AccountTimes
from kpi_platform.domain.settings import parse_settings
from kpi_platform_tests.domain.backtest.made_rows import SPEC, account_times, rows_of

PRESENT = {"relationship": 0.4, "adoption": 0.3, "business_outcomes": 0.3, "support": 0.0}


def world(foretells: str, *, times: int = 12, accounts: int = 200) -> AccountTimes:
    """Makes rows of monthly instants in which the lower `foretells` is, the likelier the account leaves."""
    random = np.random.default_rng(5)
    size = times * accounts
    inputs = {
        name: random.uniform(0, 100, size)
        for name in ("nps", "adoption_index", "net_revenue_retention", "sla_compliance")
    }
    churn = random.random(size) < 0.5 / (1 + np.exp((inputs[foretells] - 25) / 8))
    plain = account_times(
        [50.0] * size,
        churn.astype(float).tolist(),
        accounts=[f"{place % accounts:03d}" for place in range(size)],
        days=[place // accounts * 30 for place in range(size)],
        inputs={name: values.tolist() for name, values in inputs.items()},
    )
    present = score_of(plain, PRESENT)
    return account_times(
        present.tolist(),
        churn.astype(float).tolist(),
        accounts=plain.account_id.tolist(),
        days=[place // accounts * 30 for place in range(size)],
        inputs={name: values.tolist() for name, values in inputs.items()},
    )


@pytest.mark.parametrize(
    ("foretells", "category"), [("adoption_index", "adoption"), ("sla_compliance", "support")]
)
def test_the_category_that_foretells_gets_the_weight_and_the_settings_take_it(
    foretells: str, category: str
) -> None:
    advice = report_of(rows_of(world(foretells)), SPEC).advice
    assert advice is not None
    assert advice.advised_auc > advice.present_auc
    weights = parse_settings(dict(advice.patch)).health_score.weights
    assert getattr(weights, category) >= 0.8


def test_rows_that_were_fitted_are_not_those_that_judge() -> None:
    times = world("adoption_index")
    advice = advise(times, SPEC)
    assert advice is not None
    fitted = times.t <= np.datetime64(advice.fitted_until.replace(tzinfo=None))
    assert fitted.sum() / len(times) >= 0.7
    assert advice.fitted == fitted.sum()
    later = times.t > np.datetime64(advice.fitted_until.replace(tzinfo=None)) + np.timedelta64(30, "D")
    assert advice.tested == later.sum()


def test_there_is_none_where_other_weights_foretell_no_better() -> None:
    times = world("adoption_index")
    best = score_of(times, {"adoption": 1.0})
    inputs = {name: values.tolist() for name, values in times.inputs.items()}
    scored = account_times(
        best.tolist(),
        times.label.tolist(),
        accounts=times.account_id.tolist(),
        days=((times.t - times.t.min()) // np.timedelta64(1, "D")).astype(int).tolist(),
        inputs=inputs,
    )
    assert advise(scored, SPEC) is None


def test_there_is_none_where_everything_points_the_wrong_way_or_nobody_left() -> None:
    times = world("adoption_index")
    wrong = account_times(
        times.score.tolist(),
        times.label.tolist(),
        accounts=times.account_id.tolist(),
        days=((times.t - times.t.min()) // np.timedelta64(1, "D")).astype(int).tolist(),
        inputs={"adoption_index": (100 - times.inputs["adoption_index"]).tolist()},
    )
    assert advise(wrong, SPEC) is None
    nobody = account_times([50.0] * 20, [0.0] * 20, inputs={"nps": list(range(20))})
    assert advise(nobody, SPEC) is None
    assert advise(account_times([], []), SPEC) is None


def test_with_too_few_outcomes_there_is_no_advice() -> None:
    few = world("adoption_index", accounts=9)
    assert report_of(rows_of(few), SPEC).advice is None


@pytest.mark.parametrize("seed", range(30))
def test_rounded_weights_are_twentieths_and_sum_to_1(seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet(np.ones(4))
    found = rounded(shares)
    assert sum(found) == pytest.approx(1, abs=1e-12)
    assert np.abs(np.array(found) - shares).max() < 0.05
    assert all(20 * one == round(20 * one) for one in found)
