"""The figures of a back-test, each beside its definition in plain Python."""

from math import ceil, isclose, isnan, sqrt
from statistics import median

import numpy as np
import pytest

from kpi_platform.domain.backtest.figures import auc
from kpi_platform.domain.backtest.judge import report_of
from kpi_platform.domain.backtest.report import LEAST_OUTCOMES, BacktestReport, Rate
from kpi_platform.domain.backtest.rows import AccountTimes
from kpi_platform_tests.domain.backtest.made_rows import NAN, SPEC, account_times, outcome, rows_of

Z = 1.959963984540054


def same(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)


def pairs_auc(scored: list[tuple[float, bool]]) -> float | None:
    """AUC of (score, churned) by looking at every pair."""
    left, kept = ([score for score, churned in scored if churned is which] for which in (True, False))
    if not left or not kept:
        return None
    won = sum(1.0 if one < other else 0.5 if one == other else 0.0 for one in left for other in kept)
    return won / (len(left) * len(kept))


def wilson(churned: int, size: int) -> tuple[float, float]:
    share = churned / size
    middle = share + Z**2 / (2 * size)
    half = Z * sqrt(share * (1 - share) / size + Z**2 / (4 * size**2))
    return (middle - half) / (1 + Z**2 / size), (middle + half) / (1 + Z**2 / size)


def world(seed: int) -> AccountTimes:
    """Makes rows with ties, unscored and censored ones; few or many; accounts at one instant or several."""
    random = np.random.default_rng(seed)
    size, often = int(random.integers(1, 80)), int(random.integers(1, 4))

    def column() -> list[float]:
        cells = [NAN, 0.0, 10.0, 39.9, 40.0, 55.5, 69.0, 70.0, 88.8, 100.0]
        return random.choice(cells, size).tolist()

    return account_times(
        column(),
        random.choice([0.0, 0.0, 1.0, NAN], size).tolist(),
        accounts=[f"{place // often:03d}" for place in random.permutation(size)],
        days=None if often == 1 else [place * 30 for place in range(size)],
        arr=random.integers(1, 10, size).astype(float).tolist(),
        inputs={"nps": column(), "csat": column()},
        churn_risk=column(),
    )


WORLDS = [world(seed) for seed in range(60)]


def same_rate(found: Rate, rows: list[int], times: AccountTimes) -> bool:
    churned = [row for row in rows if times.label[row] == 1]
    if not rows:
        return (found.account_times, found.rate, found.low, found.high) == (0, None, None, None)
    low, high = wilson(len(churned), len(rows))
    return (
        found.account_times == len(rows)
        and found.churned == len(churned)
        and same(found.rate, len(churned) / len(rows))
        and same(found.low, low)
        and same(found.high, high)
        and same(found.arr, sum(times.arr[row] for row in rows))
        and same(found.churned_arr, sum(times.arr[row] for row in churned))
    )


@pytest.mark.parametrize("times", WORLDS)
def test_counts_and_rates_are_those_of_a_plain_loop(times: AccountTimes) -> None:
    report = report_of(rows_of(times), SPEC)
    everybody = range(len(times))
    labelled = [row for row in everybody if not isnan(times.label[row])]
    churned = [row for row in labelled if times.label[row] == 1]
    scored = [row for row in labelled if not isnan(times.score[row])]
    wanted = {
        "population": list(everybody),
        "censored": [row for row in everybody if row not in labelled],
        "labelled": labelled,
        "churned": churned,
        "unscored": [row for row in labelled if row not in scored],
        "scored": scored,
    }
    for name, rows in wanted.items():
        tally = getattr(report.counts, name)
        assert tally.account_times == len(rows)
        assert tally.accounts == len({times.account_id[row] for row in rows})
        assert same(tally.arr, sum(times.arr[row] for row in rows))
    assert same(report.counts.base_rate, len(churned) / len(labelled) if labelled else None)

    ordered = sorted(scored, key=lambda row: (times.score[row], times.account_id[row], times.t[row]))
    for decile in range(1, 11):
        rows = [row for rank, row in enumerate(ordered) if 10 * rank // len(ordered) + 1 == decile]
        found = [one for one in report.deciles if one.decile == decile]
        assert len(found) == bool(rows)
        assert all(same_rate(one, rows, times) for one in found)
        assert all(one.lowest == times.score[rows[0]] for one in found)
    for band in report.bands:
        assert same_rate(band, [row for row in scored if times.band[row] == band.band], times)

    lowest = ordered[: ceil(len(ordered) / 10)]
    left, left_lowest = ([row for row in rows if row in churned] for rows in (ordered, lowest))
    if left:
        rate = len(left_lowest) / len(lowest)
        assert same(report.lift.lift, rate / (len(left) / len(ordered)))
        money = [sum(times.arr[row] for row in rows) for rows in (left_lowest, left)]
        assert same(report.lift.churned_arr_share, money[0] / money[1])
    else:
        assert report.lift.lift is None

    at_risk = [row for row in scored if times.score[row] < 40]
    both = [row for row in at_risk if row in left]
    assert same(report.at_risk.precision, len(both) / len(at_risk) if at_risk else None)
    assert same(report.at_risk.recall, len(both) / len(left) if left else None)
    missed = {times.account_id[row] for row in left if times.score[row] >= 70}
    assert {one.account_id for one in report.missed} == missed


@pytest.mark.parametrize("times", WORLDS)
def test_an_auc_is_the_share_of_all_pairs_and_there_is_none_with_too_few_outcomes(
    times: AccountTimes,
) -> None:
    report = report_of(rows_of(times), SPEC)
    scored = [row for row in range(len(times)) if not isnan(times.label[row] + times.score[row])]
    left, kept = ({times.account_id[row] for row in scored if times.label[row] == label} for label in (1, 0))
    enough = len(left) >= LEAST_OUTCOMES and len(kept) >= LEAST_OUTCOMES
    assert report.enough is enough
    assert (report.churned_accounts, report.kept_accounts) == (len(left), len(kept))

    def wanted(rows: list[int], values: np.ndarray) -> float | None:
        return pairs_auc([(values[row], bool(times.label[row] == 1)) for row in rows]) if enough else None

    assert same(report.auc, wanted(scored, times.score))
    for instant in report.auc_by_time:
        there = [row for row in scored if times.t[row] == np.datetime64(instant.t.replace(tzinfo=None))]
        assert same(instant.auc, wanted(there, times.score))
    columns = {**times.inputs, "churn_risk": 100 - times.churn_risk}
    for line in report.inputs:
        if line.name in columns:
            values = columns[line.name]
            known = [row for row in range(len(times)) if not isnan(times.label[row] + values[row])]
            assert line.known == len(known)
            assert same(line.auc, wanted(known, values))


@pytest.mark.parametrize("times", WORLDS)
def test_the_area_under_the_roc_curve_is_the_auc(times: AccountTimes) -> None:
    report = report_of(rows_of(times), SPEC)
    if report.auc is not None:
        kept, churned = [one.kept for one in report.roc], [one.churned for one in report.roc]
        assert same(float(np.trapezoid(churned, kept)), report.auc)


@pytest.mark.parametrize("times", WORLDS)
def test_a_report_survives_being_kept_as_json(times: AccountTimes) -> None:
    report = report_of(rows_of(times), SPEC)
    assert BacktestReport.model_validate_json(report.model_dump_json()) == report


def test_the_label_itself_gives_1_noise_a_half_and_the_reverse_0() -> None:
    random = np.random.default_rng(7)
    churned = random.random(5000) < 0.1
    assert auc(churned.astype(float), churned) == 1
    assert auc(1 - churned.astype(float), churned) == 0
    noise = auc(random.random(5000), churned)
    assert noise == pytest.approx(0.5, abs=0.03)
    assert auc(np.ones(5000), churned) == 0.5


def test_a_warning_counts_from_the_first_time_at_risk_after_the_outcome_before() -> None:
    times = account_times(
        [20, 80, 20, 20, 80, NAN],
        [0, 0, 0, 1, 1, 1],
        accounts=["a", "a", "a", "a", "b", "c"],
        days=[0, 30, 60, 90, 90, 90],
        left_after=[120.0] * 4 + [100.0, 100.0],
    )
    again = [outcome("a", 10, "renewed"), outcome("a", 120), outcome("b", 100), outcome("c", 100)]
    found = report_of(rows_of(times, again), SPEC).at_risk
    assert (found.left, found.warned, found.median_days) == (3, 1, 60)
    first = report_of(rows_of(times, again[1:]), SPEC).at_risk
    assert first.median_days == 120


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two() -> None:
    times = account_times([20, 20], [1, 1], days=[0, 0], left_after=[10.0, 15.5])
    assert report_of(rows_of(times), SPEC).at_risk.median_days == median([10, 15.5])


def test_an_account_that_was_healthy_and_left_is_listed_once_for_its_outcome_with_the_last_time() -> None:
    times = account_times(
        [90, 80, 30, 75],
        [1, 1, 1, 1],
        accounts=["a", "a", "a", "b"],
        days=[0, 30, 60, 0],
        left_after=[80.0, 80.0, 80.0, 20.0],
        arr=[1, 2, 3, 50],
    )
    found = report_of(rows_of(times), SPEC).missed
    assert [(one.account_id, f"{one.t:%Y-%m-%d}", one.account_times, one.score) for one in found] == [
        ("b", "2024-01-01", 1, 75),
        ("a", "2024-01-31", 2, 80),
    ]


def test_without_a_ledger_there_is_no_money() -> None:
    report = report_of(rows_of(account_times([10, 90], [1, 0], arr=[NAN, NAN])), SPEC)
    assert report.counts.population.arr is None
    assert report.counts.base_rate_arr is None
    assert report.lift.churned_arr_share is None


def test_nobody_at_all_is_a_report_too() -> None:
    report = report_of(rows_of(account_times([], [])), SPEC)
    assert report.counts.base_rate is None
    assert (report.enough, report.auc, report.deciles, report.roc) == (False, None, [], [])
