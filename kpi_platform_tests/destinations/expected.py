"""DuckDB's marts of the suite's customers: every other destination must make the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kpi_platform.pipeline.explain import Explanation, explain
from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.destinations.customers import AS_OF, LATER, conformance_customers
from kpi_platform_tests.destinations.installation import Installation, Marts
from kpi_platform_tests.destinations.started import StartedDestination
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.matching import match_accounts

Dashboard = Mapping[str, Any]
"""What matching and load report of one customer."""


@dataclass(frozen=True, slots=True)
class Expected:
    """`marts` by customer at AS_OF; `later`: those of the first customer at LATER. `explained` is a value of
    the first customer."""

    customers: Sequence[LandedCustomer]
    marts: Mapping[str, Marts]
    dashboards: Mapping[str, Dashboard]
    later: Marts
    explained: Explanation


def expect(home: Path) -> Expected:
    """Builds, matches and loads in the embedded DuckDB."""
    customers = conformance_customers()
    keys = [one.key for one in customers]
    with Installation.open(home, StartedDestination("duckdb", {}, {"type": "duckdb"}, {})) as duckdb:
        duckdb.adopt(customers)
        names = duckdb.compute(keys, AS_OF)
        marts = {key: duckdb.marts(key, names) for key in keys}
        dashboards = {key: dashboard_of(duckdb, key, AS_OF) for key in keys}
        explained = an_explanation(duckdb, keys[0], marts[keys[0]])
        duckdb.compute(keys[:1], LATER)
        return Expected(customers, marts, dashboards, duckdb.marts(keys[0], marts[keys[0]]), explained)


def an_explanation(installation: Installation, customer: str, marts: Marts) -> Explanation:
    """The incidents that made an account's resolution time, row by row."""
    values = marts["kpi_values"]
    known = values[(values["kpi"] == "resolution_time") & (values["sample_size"] > 0)]
    account = str(known["account_id"].iloc[0])
    return explain(
        installation.configuration, installation.engine, customer, account, "resolution_time", AS_OF
    )


def dashboard_of(installation: Installation, customer: str, as_of: datetime) -> Dashboard:
    """Matches and loads the customer: both reports' counts."""
    matched = match_accounts(installation.configuration, installation.engine, customer, as_of)
    loaded = load_dashboard(installation.configuration, installation.engine, customer, as_of)
    counts = {name: getattr(loaded, name) for name in loaded.__slots__ if name != "seconds"}
    return counts | {"by_method": matched.by_method, "by_decision": matched.by_decision}
