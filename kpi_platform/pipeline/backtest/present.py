"""All that is known today of a customer's accounts: outcomes, lines of recurring revenue, versions."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kpi_platform.domain.backtest.labels import History, Span
from kpi_platform.domain.backtest.rows import Outcome
from kpi_platform.domain.batch_rows import Population
from kpi_platform.domain.instants import in_utc
from kpi_platform.domain.landed import column_key
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.backtest.instants import Computed, Instants

_VERSIONS = """
select masters.account_id, versions._fivetran_start as start_date, versions._fivetran_end as until_date
from {{ ref('stg_salesforce__account_version') }} as versions
inner join {{ ref('int_customer') }} as customers on versions.customer_id = customers.customer_id
inner join {{ ref('int_account_master') }} as masters
    on versions.customer_id = masters.customer_id and versions.id_key = masters.id_key
where
    not customers.has_account_type
    or {{ counts_by_type(not_blank('versions.account_type'), 'customers.account_type_list') }}
"""

_RENEWALS_WON = """
select masters.account_id, opportunities.close_date
from {{ ref('stg_salesforce__opportunity') }} as opportunities
inner join {{ ref('int_recurring_type') }} as recurring_types
    on
        opportunities.customer_id = recurring_types.customer_id
        and lower({{ not_blank('opportunities.opportunity_type') }}) = recurring_types.opportunity_type
        and recurring_types.kind = 'renewal'
inner join {{ ref('int_account_master') }} as masters
    on
        opportunities.customer_id = masters.customer_id
        and {{ salesforce_key(not_blank('opportunities.account_id')) }} = masters.id_key
where
    opportunities.is_live and opportunities.is_won
    and opportunities.close_date < {{ as_of('opportunities') }}
"""


@dataclass(frozen=True, slots=True)
class Present:
    """`settings` are those of the back-test: what they leave to be found out is decided once, as of today
    (B12). `histories` by landed account id. `population` says which accounts count at an instant."""

    settings: CustomerSettings
    population: Population
    histories: Mapping[str, History]

    @property
    def has_ledger(self) -> bool:
        return self.population == "buyers"


def present_of(past: Instants, settings: CustomerSettings, as_of: datetime) -> Present:
    """Computes the outcomes before `as_of`, with deleted accounts and those of every type. Raises
    BuildFailed."""
    histories: defaultdict[str, History] = defaultdict(History)
    with past.computed(settings, [as_of], ("+account_outcomes", "+kpi_accounts"), "buyers") as computed:
        decided = _decided(settings, computed)
        if decided.revenue.basis != "bookings":
            population: Population = "buyers"
        else:
            population = "versions" if _has_history(past) else "present"
        for row in computed.read("account_outcomes", _OUTCOMES).to_pylist():
            histories[row["account_id"]].outcomes.append(_outcome(row))
        if population == "buyers":
            for row in computed.read("recurring_revenue_lines", _LINES).to_pylist():
                if row["start_date"] is not None and row["reason"] != "not started":
                    arr = None if row["arr"] is None or row["reason"] else float(row["arr"])
                    histories[row["account_id"]].spans.append(_span(row, arr))
        else:
            for row in computed.ask(_VERSIONS) if population == "versions" else ():
                histories[row["account_id"]].spans.append(_span(row, None))
            for row in computed.ask(_RENEWALS_WON):
                histories[row["account_id"]].renewals_won.append(in_utc(row["close_date"]))
    return Present(decided, population, dict(histories))


_OUTCOMES = ("account_id", "outcome", "outcome_date", "arr_before", "arr_after")
_LINES = ("account_id", "start_date", "until_date", "arr", "reason")


def _decided(settings: CustomerSettings, computed: Computed) -> CustomerSettings:
    """The settings with what the rows decide in place of `auto`."""
    rows = computed.read("kpi_accounts", ("revenue_basis", "sla_source", "time_basis")).to_pylist()
    found: dict[str, str] = {}
    for row in rows:
        found |= {name: value for name, value in row.items() if value is not None and name not in found}
    revenue, servicenow = settings.revenue, settings.servicenow
    if revenue.basis == "auto":
        revenue = revenue.model_copy(update={"basis": found.get("revenue_basis", "bookings")})
    if servicenow.sla_source == "auto" and "sla_source" in found:
        servicenow = servicenow.model_copy(update={"sla_source": found["sla_source"]})
    if servicenow.time_basis == "auto" and "time_basis" in found:
        servicenow = servicenow.model_copy(update={"time_basis": found["time_basis"]})
    return settings.model_copy(update={"revenue": revenue, "servicenow": servicenow})


def _has_history(past: Instants) -> bool:
    account = past.tables.get("salesforce", {}).get("account")
    return bool(account and account.columns and column_key("_fivetran_start") in account.columns)


def _outcome(row: Mapping[str, Any]) -> Outcome:
    return Outcome(
        row["account_id"], row["outcome"], in_utc(row["outcome_date"]), row["arr_before"], row["arr_after"]
    )


def _span(row: Mapping[str, Any], arr: float | None) -> Span:
    until = row["until_date"]
    return Span(in_utc(row["start_date"]), in_utc(until) if until else None, arr)
