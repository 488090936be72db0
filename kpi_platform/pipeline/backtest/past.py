"""The scores at instants of the past, and the inputs that they were made of."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kpi_platform.domain.backtest.points import ENDS, points
from kpi_platform.domain.backtest.rows import Numbers
from kpi_platform.domain.batch import Tables
from kpi_platform.domain.health import HealthScheme
from kpi_platform.domain.instants import in_utc
from kpi_platform.domain.kpi_gaps import Landed
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.backtest.instants import Computed

MARTS = ("+account_health_score", "+kpi_integrated_metrics")

_FLAGS = {
    "nps": ("is_nps_score_known", ("nps_score",)),
    "adoption_index": ("is_adoption_score_known", ("adoption_score",)),
    "churn_risk": ("is_churn_risk_known", ("churn_risk",)),
    "activation": ("are_fields_known", ("active_users", "total_users")),
    "feature_usage": ("are_fields_known", ("feature_usage_score",)),
    "crm_health_score": ("are_fields_known", ("health_score",)),
}
"""Input → the column of kpi_accounts that says whether it was known, and the mapped fields that it needs."""

_ACCOUNT = (
    "account_id",
    "account_name",
    "is_salesforce_account",
    "active_users",
    "total_users",
    "feature_usage_score",
)


def scores_at(computed: Computed, scheme: HealthScheme) -> pa.Table:
    """Returns a row for each Salesforce account that counts at an instant: account_id, account_name, t, arr,
    arr_currency, score, crm_health_score, churn_risk_value, each input in its form from 0 to 100, and for
    each input of _FLAGS whether it was known (`<input>_known`)."""
    flags = dict.fromkeys(flag for flag, _ in _FLAGS.values())
    accounts = computed.read("kpi_accounts", (*_ACCOUNT, *flags))
    # Before its first account a customer has no rows, and a mart without rows no types.
    accounts = accounts.filter(pa.array(accounts["is_salesforce_account"].to_pylist(), pa.bool_()))
    places = {
        key: place
        for place, key in enumerate(
            zip(accounts["customer_id"].to_pylist(), accounts["account_id"].to_pylist(), strict=True)
        )
    }

    def column(table: pa.Table, name: str, mask: NDArray[np.bool_] | None = None) -> Numbers:
        """The numbers of a mart in the order of the accounts."""
        found = np.full(len(places), np.nan)
        rows = table if mask is None else table.filter(pa.array(mask))
        keys = zip(rows["customer_id"].to_pylist(), rows["account_id"].to_pylist(), strict=True)
        for key, value in zip(keys, rows[name].to_pylist(), strict=True):
            place = places.get(key)
            if place is not None and value is not None:
                found[place] = value
        return found

    values = computed.read("kpi_values", ("account_id", "kpi", "value"))
    kpis = np.array(values["kpi"].to_pylist(), dtype=object)
    measured = {
        name: column(values, "value", kpis == name)
        for name in ENDS
        if name not in ("activation", "feature_usage")
    }
    total = column(accounts, "total_users")
    with np.errstate(divide="ignore", invalid="ignore"):
        measured["activation"] = np.where(total > 0, column(accounts, "active_users") / total, np.nan)
    measured["feature_usage"] = column(accounts, "feature_usage_score")
    health = computed.read("account_health_score", ("account_id", "health_score", "crm_health_score"))
    metrics = computed.read("kpi_integrated_metrics", ("account_id", "arr", "arr_currency"))
    currencies = dict(
        zip(
            zip(metrics["customer_id"].to_pylist(), metrics["account_id"].to_pylist(), strict=True),
            metrics["arr_currency"].to_pylist(),
            strict=True,
        )
    )
    return pa.table(
        {
            "account_id": accounts["account_id"].cast(pa.string()),
            "account_name": accounts["account_name"].cast(pa.string()),
            "t": pa.array([in_utc(computed.keys[key]) for key, _ in places], pa.timestamp("us", tz="UTC")),
            "arr": column(metrics, "arr"),
            "arr_currency": pa.array([currencies.get(key) for key in places], pa.string()),
            "score": column(health, "health_score"),
            "crm_health_score": column(health, "crm_health_score"),
            "churn_risk_value": measured["churn_risk"],
            **{name: points(name, numbers, scheme) for name, numbers in measured.items()},
            **{f"{name}_known": accounts[flag].cast(pa.bool_()) for name, (flag, _) in _FLAGS.items()},
        }
    )


def fields_not_known(scores: pa.Table, tables: Tables, settings: CustomerSettings) -> tuple[str, ...]:
    """Returns the inputs that are fields of the account, have landed, and were known for no account at some
    instant."""
    source = settings.salesforce
    landed = Landed(
        tables.get("salesforce", {}),
        {field: settings.mapped_field("salesforce", field) for field in source.fields},
    )
    moments = np.array(scores["t"].to_pylist(), dtype=object)
    return tuple(
        name
        for name, (_, fields) in _FLAGS.items()
        if all(landed.has_column(f"account.{field}") for field in fields)
        and _is_unknown_somewhere(np.array(scores[f"{name}_known"].to_pylist(), dtype=bool), moments)
    )


def _is_unknown_somewhere(known: NDArray[np.bool_], moments: NDArray[Any]) -> bool:
    return set(moments) != set(moments[known])
