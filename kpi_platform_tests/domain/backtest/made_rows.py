"""Rows of back-tests, made for tests."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from kpi_platform.domain.backtest.rows import AccountTimes, BacktestRows, Outcome
from kpi_platform.domain.backtest.spec import BacktestSpec

START = datetime(2024, 1, 1, tzinfo=UTC)
NAN = float("nan")
SPEC = BacktestSpec(START, START.replace(year=2025), horizon_days=30)


def band_of(score: float) -> str | None:
    if np.isnan(score):
        return None
    return "healthy" if score >= 70 else "at_risk" if score < 40 else "between"


def account_times(
    scores: Sequence[float],
    labels: Sequence[float],
    *,
    accounts: Sequence[str] | None = None,
    days: Sequence[int] | None = None,
    arr: Sequence[float] | None = None,
    left_after: Sequence[float] | None = None,
    inputs: Mapping[str, Sequence[float]] | None = None,
    churn_risk: Sequence[float] | None = None,
) -> AccountTimes:
    """Makes rows: by default each of an account of its own, at START, churned ones 30 days later
    (`left_after`: days after START)."""
    size = len(scores)
    accounts = accounts or [f"{place:06d}" for place in range(size)]
    days = days or [0] * size
    after = left_after or [day + 30 for day in days]
    first = np.datetime64(START.replace(tzinfo=None), "us")
    t = first + np.array(days, "timedelta64[D]")
    left = first + np.array([round(86_400e6 * one) for one in after], "timedelta64[us]")
    return AccountTimes(
        account_id=np.array(accounts, object),
        t=t.astype("datetime64[us]"),
        arr=np.array(arr if arr is not None else [100.0] * size, float),
        label=np.array(labels, float),
        outcome_date=np.where(np.array(labels, float) == 1, left, np.datetime64("NaT", "us")),
        outcome_arr=np.array(arr if arr is not None else [100.0] * size, float),
        score=np.array(scores, float),
        band=np.array([band_of(one) for one in scores], object),
        churn_risk=np.array(churn_risk if churn_risk is not None else [NAN] * size, float),
        crm_health_score=np.full(size, NAN),
        inputs={name: np.array(values, float) for name, values in (inputs or {}).items()},
    )


def outcome(account: str, day: float, kind: str = "churned") -> Outcome:
    return Outcome(account, kind, START + timedelta(days=day))


def rows_of(times: AccountTimes, outcomes: Sequence[Outcome] | None = None) -> BacktestRows:
    """Makes rows with the outcomes that their labels speak of, or with the given ones."""
    left = times.where(times.label == 1)
    of_labels = [
        Outcome(account, "churned", date.astype("datetime64[us]").item().replace(tzinfo=UTC))
        for account, date in sorted(set(zip(left.account_id, left.outcome_date, strict=True)))
    ]
    return BacktestRows(
        account_times=times,
        outcomes=tuple(of_labels if outcomes is None else outcomes),
        as_of=START + timedelta(days=1000),
        settings_version=1,
    )
