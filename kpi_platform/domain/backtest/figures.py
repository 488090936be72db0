"""The figures of a back-test's report (backtest.md *Report*, B16 to B20)."""

from collections import defaultdict
from datetime import UTC, datetime
from math import ceil, fsum
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, rankdata

from kpi_platform.domain.backtest.report import (
    AtRisk,
    Band,
    Counts,
    Decile,
    InputAuc,
    Lift,
    Missed,
    Rate,
    RocPoint,
    Tally,
    TimeAuc,
)
from kpi_platform.domain.backtest.rows import (
    BANDS,
    AccountTimes,
    BacktestRows,
    Numbers,
    Outcome,
)

MOST_ROC_POINTS = 201
"""More cannot be seen in a chart."""


def auc(worse: Numbers, churned: NDArray[np.bool_]) -> float | None:
    """Returns the share of pairs, one that churned and one that was kept, in which the churned one is worse;
    ties count half (B17). None if either class is empty."""
    first, second = int(churned.sum()), int((~churned).sum())
    if not first or not second:
        return None
    ranks = float(rankdata(worse)[churned].sum())
    return (ranks - first * (first + 1) / 2) / (first * second)


def labelled_of(rows: AccountTimes) -> AccountTimes:
    return rows.where(~np.isnan(rows.label))


def scored_of(rows: AccountTimes) -> AccountTimes:
    """Returns the rest n: labelled and scored (B16)."""
    return rows.where(~np.isnan(rows.label) & ~np.isnan(rows.score))


def churned_of(rows: AccountTimes) -> NDArray[np.bool_]:
    churned: NDArray[np.bool_] = rows.label == 1
    return churned


def counts_of(rows: AccountTimes) -> Counts:
    labelled = labelled_of(rows)
    churned = labelled.where(churned_of(labelled))
    whole, left = tally_of(labelled), tally_of(churned)
    return Counts(
        population=tally_of(rows),
        censored=tally_of(rows.where(np.isnan(rows.label))),
        labelled=whole,
        churned=left,
        unscored=tally_of(labelled.where(np.isnan(labelled.score))),
        scored=tally_of(scored_of(rows)),
        base_rate=_ratio(left.account_times, whole.account_times),
        base_rate_arr=_ratio(left.arr, whole.arr),
    )


def tally_of(rows: AccountTimes) -> Tally:
    return Tally(accounts=len(set(rows.account_id)), account_times=len(rows), arr=money_of(rows))


def auc_by_time(scored: AccountTimes, *, enough: bool = True) -> list[TimeAuc]:
    churned = churned_of(scored)
    places = ((t, scored.t == t) for t in np.unique(scored.t))
    return [
        TimeAuc(
            t=instant_of(t),
            auc=auc(100 - scored.score[here], churned[here]) if enough else None,
            account_times=int(here.sum()),
            churned=int(churned[here].sum()),
        )
        for t, here in places
    ]


def auc_by_input(labelled: AccountTimes, *, enough: bool = True) -> list[InputAuc]:
    """Returns a line for each input of the score, `churn_risk` (of its own value) and `crm_health_score`."""
    worse = {name: 100 - values for name, values in labelled.inputs.items()}
    worse |= {"churn_risk": labelled.churn_risk, "crm_health_score": 100 - labelled.crm_health_score}
    lines = []
    for name, values in worse.items():
        known = ~np.isnan(values)
        churned = churned_of(labelled)[known]
        lines.append(
            InputAuc(
                name=name,
                auc=auc(values[known], churned) if enough else None,
                known=len(churned),
                churned=int(churned.sum()),
            )
        )
    return lines


def roc_of(scored: AccountTimes) -> list[RocPoint]:
    """Returns the curve from (0, 0) to (1, 1), a point for each score that occurs, thinned to
    MOST_ROC_POINTS."""
    churned = churned_of(scored)
    if not churned.any() or churned.all():
        return []
    values, places = np.unique(scored.score, return_inverse=True)
    left = np.bincount(places, churned, len(values)).cumsum()
    kept = np.bincount(places, ~churned, len(values)).cumsum()
    chosen = np.unique(np.linspace(0, len(values) - 1, min(len(values), MOST_ROC_POINTS)).round().astype(int))
    points = zip((kept / kept[-1])[chosen].tolist(), (left / left[-1])[chosen].tolist(), strict=True)
    return [RocPoint(kept=0, churned=0), *(RocPoint(kept=one, churned=other) for one, other in points)]


def by_score(scored: AccountTimes) -> AccountTimes:
    """Returns the rows, the lowest score first; ties by account id (code points), then t (B17)."""
    return scored.where(np.lexsort((scored.t, scored.account_id.astype(str), scored.score)))


def lift_of(ordered: AccountTimes) -> Lift:
    lowest = ordered.where(np.arange(len(ordered)) < ceil(len(ordered) / 10))
    left, left_lowest = (one.where(churned_of(one)) for one in (ordered, lowest))
    rate = _ratio(len(left_lowest), len(lowest))
    return Lift(
        account_times=len(lowest),
        rate=rate,
        lift=_ratio(rate, _ratio(len(left), len(ordered))),
        churned_arr_share=_ratio(money_of(left_lowest), money_of(left)),
    )


def deciles_of(ordered: AccountTimes) -> list[Decile]:
    deciles = 10 * np.arange(len(ordered)) // max(len(ordered), 1) + 1
    parts = ((int(number), ordered.where(deciles == number)) for number in np.unique(deciles))
    return [
        Decile(
            decile=number,
            lowest=float(part.score.min()),
            highest=float(part.score.max()),
            **rate_of(part).model_dump(),
        )
        for number, part in parts
    ]


def bands_of(scored: AccountTimes) -> list[Band]:
    return [Band(band=name, **rate_of(scored.where(scored.band == name)).model_dump()) for name in BANDS]


def rate_of(rows: AccountTimes) -> Rate:
    """Returns the churn rate of labelled rows with its Wilson interval (B18)."""
    churned = churned_of(rows)
    count = int(churned.sum())
    interval = binomtest(count, len(rows)).proportion_ci(0.95, "wilson") if len(rows) else None
    return Rate(
        account_times=len(rows),
        churned=count,
        rate=_ratio(count, len(rows)),
        low=interval and float(interval.low),
        high=interval and float(interval.high),
        arr=money_of(rows),
        churned_arr=money_of(rows.where(churned)),
    )


def at_risk_of(rows: BacktestRows) -> AtRisk:
    scored = scored_of(rows.account_times)
    churned, at_risk = churned_of(scored), scored.band == "at_risk"
    both = int((churned & at_risk).sum())
    warnings = _first_warnings(rows)
    days = [one for one in warnings if one is not None]
    return AtRisk(
        precision=_ratio(both, int(at_risk.sum())),
        recall=_ratio(both, int(churned.sum())),
        left=len(warnings),
        warned=len(days),
        median_days=median(days) if days else None,
    )


def _first_warnings(rows: BacktestRows) -> list[float | None]:
    """Returns, for each churned outcome that is the label of a row, the days from the first `at risk` after
    the account's outcome before it; None without one (B20)."""
    times = rows.account_times
    left = churned_of(times)
    at_risk = times.where((times.band == "at_risk") & ~np.isnan(times.score))
    warned = _by_account(at_risk.account_id, at_risk.t)
    earlier = _by_account(
        np.array([one.account_id for one in rows.outcomes], object),
        np.array([_naive(one) for one in rows.outcomes], "datetime64[us]"),
    )
    outcomes = sorted(set(zip(times.account_id[left], times.outcome_date[left], strict=True)))
    found: list[float | None] = []
    for account, date in outcomes:
        before = max((one for one in earlier[account] if one < date), default=None)
        reach = [one for one in warned[account] if one <= date and (before is None or one > before)]
        found.append(float((date - min(reach)) / np.timedelta64(1, "D")) if reach else None)
    return found


def missed_of(rows: BacktestRows) -> list[Missed]:
    """Returns every account that was healthy and churned, the latest `t` of each outcome; by ARR, the
    greatest first."""
    scored = scored_of(rows.account_times)
    wrong = scored.where(churned_of(scored) & (scored.band == "healthy"))
    places = defaultdict(list)
    for place in np.argsort(wrong.t, kind="stable").tolist():
        places[(wrong.account_id[place], wrong.outcome_date[place])].append(place)
    lines = [
        Missed(
            account_id=account,
            account_name=rows.names.get(account),
            t=instant_of(wrong.t[found[-1]]),
            account_times=len(found),
            score=float(wrong.score[found[-1]]),
            outcome_date=instant_of(date),
            arr=_known(wrong.arr[found[-1]]),
            inputs={name: _known(values[found[-1]]) for name, values in wrong.inputs.items()},
        )
        for (account, date), found in places.items()
    ]
    return sorted(lines, key=lambda one: (-(one.arr or 0), one.account_id, one.outcome_date))


def money_of(rows: AccountTimes) -> float | None:
    """Returns Σ ARR(t) of the rows; None if that of any is unknown."""
    return None if np.isnan(rows.arr).any() else fsum(rows.arr.tolist())


def instant_of(value: np.datetime64) -> datetime:
    moment: datetime = value.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def _naive(outcome: Outcome) -> datetime:
    return outcome.outcome_date.astimezone(UTC).replace(tzinfo=None)


def _by_account(
    accounts: NDArray[np.object_], instants: NDArray[np.datetime64]
) -> dict[str, list[np.datetime64]]:
    found: dict[str, list[np.datetime64]] = defaultdict(list)
    for account, instant in zip(accounts, instants, strict=True):
        found[account].append(instant)
    return found


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole
