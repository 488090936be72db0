"""The report of a back-test (backtest.md *Report*), as it is kept, served and shown.

Rates and shares are 0 to 1; money is in the customer's currency; None is "cannot be said".
"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, JsonValue

LEAST_OUTCOMES = 10
"""Distinct accounts that churned, and that were kept; with fewer, an AUC says nothing (B19)."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tally(_Part):
    """Distinct accounts, rows of accounts at an instant, and Σ ARR(t) of these rows (None: ARR unknown)."""

    accounts: int
    account_times: int
    arr: float | None


class Counts(_Part):
    """backtest.md B16. `labelled` is the population without the censored; `churned` and the base rates are of
    the labelled; `scored`, the rest n without the unscored, is what every figure of the score is of."""

    population: Tally
    censored: Tally
    labelled: Tally
    churned: Tally
    unscored: Tally
    scored: Tally
    base_rate: float | None
    base_rate_arr: float | None


class Rate(_Part):
    """`churned` of `account_times` rows, with the Wilson 95 % interval of the rate; None without rows."""

    account_times: int
    churned: int
    rate: float | None
    low: float | None
    high: float | None
    arr: float | None
    churned_arr: float | None


class Decile(Rate):
    """The 1st holds the lowest scores; those of its rows are from `lowest` to `highest`."""

    decile: int
    lowest: float
    highest: float


class Band(Rate):
    band: str


class InputAuc(_Part):
    """AUC of one input over the labelled rows in which it is known: above .5 it foretells who leaves, below
    .5 it points the wrong way."""

    name: str
    auc: float | None
    known: int
    churned: int


class TimeAuc(_Part):
    """AUC of one instant; None if nobody left or nobody stayed."""

    t: datetime
    auc: float | None
    account_times: int
    churned: int


class RocPoint(_Part):
    """Shares of the kept and of the churned whose score is at most the threshold."""

    kept: float
    churned: float


class Lift(_Part):
    """The ⌈n/10⌉ lowest scores: their churn rate, that by the rate of all scored, and their share of the
    churned ARR."""

    account_times: int
    rate: float | None
    lift: float | None
    churned_arr_share: float | None


class AtRisk(_Part):
    """`precision`: of the rows at risk, the share that churned. `recall`: of the rows that churned, the share
    that was at risk. Of `left` outcomes `warned` were at risk before, at the median for `median_days`
    (B20)."""

    precision: float | None
    recall: float | None
    left: int
    warned: int
    median_days: float | None


class Missed(_Part):
    """An account that churned at `outcome_date` and was healthy at `account_times` instants within reach of
    it, `t` being the last of them."""

    account_id: str
    account_name: str | None
    t: datetime
    account_times: int
    score: float
    outcome_date: datetime
    arr: float | None
    inputs: dict[str, float | None]
    """Each input of the score at `t`, 0 to 100; None not known then."""


class Advice(_Part):
    """Other weights that foretold better on rows that they were not fitted to. `patch` is of the settings."""

    patch: dict[str, JsonValue]
    present_auc: float
    advised_auc: float
    fitted_until: datetime
    fitted: int
    tested: int


class BacktestReport(_Part):
    as_of: datetime
    settings_version: int
    instants: list[datetime]
    counts: Counts
    enough: bool
    """At least LEAST_OUTCOMES accounts churned and as many kept; else no AUC and no advice (B19)."""
    churned_accounts: int
    kept_accounts: int
    auc: float | None
    auc_by_time: list[TimeAuc]
    inputs: list[InputAuc]
    roc: list[RocPoint]
    lift: Lift
    deciles: list[Decile]
    bands: list[Band]
    at_risk: AtRisk
    missed: list[Missed]
    not_known: list[str]
    survivorship: bool
    currency: str | None
    advice: Advice | None
