"""The rows of a back-test: what the score said of each account at each instant, and what became of it.

This is the interface between those who compute the rows from the warehouse (`pipeline`) and those who judge
them (`figures`, `advice`). Who reads them trusts that nothing in a row was learnt after its `t`, except
`label`, `outcome_date` and `outcome_arr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Instants = NDArray[np.datetime64]
Texts = NDArray[Any]

BANDS = ("healthy", "between", "at_risk")


@dataclass(frozen=True, slots=True, eq=False)
class AccountTimes:
    """Columns with one place for each account of the population at each instant (backtest.md *Population at
    t*), in any order; (`account_id`, `t`) is unique. Censored and unscored ones are among them.

    | column | form |
    |---|---|
    | `account_id` | text (dtype object) |
    | `t` | the instant, datetime64[us] in UTC |
    | `arr` | ARR(t) in the customer's currency, NaN unknown |
    | `label` | 1 churned, 0 kept, NaN censored |
    | `outcome_date` | of the first `churned` outcome in the window, datetime64[us]; NaT unless label is 1 |
    | `outcome_arr` | `arr_before` of that outcome, NaN unknown |
    | `score` | health score at t, 0 to 100, NaN unscored |
    | `band` | of the score: one of BANDS (dtype object), None unscored |
    | `churn_risk` | the KPI's own value, 0 to 100, higher is worse; NaN unknown |
    | `crm_health_score` | the field of the CRM, higher is better; NaN unknown at t |
    | `inputs` | input of the health score by name → its 0 to 100 form, higher is better; NaN unknown at t |

    Raises ValueError if a column has another length than `account_id`.
    """

    account_id: Texts
    t: Instants
    arr: Numbers
    label: Numbers
    outcome_date: Instants
    outcome_arr: Numbers
    score: Numbers
    band: Texts
    churn_risk: Numbers
    crm_health_score: Numbers
    inputs: Mapping[str, Numbers]

    def __post_init__(self) -> None:
        length = len(self.account_id)
        columns = {name: getattr(self, name) for name in self.__slots__ if name != "inputs"}
        for name, values in {**columns, **self.inputs}.items():
            if len(values) != length:
                raise ValueError(f"{name} has {len(values)} values, account_id {length}.")

    def __len__(self) -> int:
        return len(self.account_id)

    def where(self, mask: NDArray[np.bool_] | NDArray[np.signedinteger[Any]]) -> "AccountTimes":
        """Returns the places at which `mask` is true (or, of whole numbers, these places in their order)."""
        columns = {name: getattr(self, name)[mask] for name in self.__slots__ if name != "inputs"}
        return AccountTimes(**columns, inputs={name: values[mask] for name, values in self.inputs.items()})


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row of the mart `account_outcomes`: churned, renewed or contracted, at an instant in UTC."""

    account_id: str
    outcome: str
    outcome_date: datetime
    arr_before: float | None = None
    arr_after: float | None = None


@dataclass(frozen=True, slots=True)
class BacktestRows:
    """All that a report is made of.

    `outcomes`: every outcome of the accounts before `as_of`. `not_known`: slugs of inputs that were not known
    at some instant for any account (`not known then`; HEALTH_INPUTS' names, `crm_health_score`). `names`:
    account id → name, for lists. `survivorship`: leavers are missing, since without ledger and history the
    population is today's. `arr_known`: there is a ledger, so `arr` means something. `settings_version`: the
    version that the scores were computed under.
    """

    account_times: AccountTimes
    outcomes: tuple[Outcome, ...]
    as_of: datetime
    settings_version: int
    not_known: tuple[str, ...] = ()
    survivorship: bool = False
    arr_known: bool = True
    currency: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
