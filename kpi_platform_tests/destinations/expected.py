"""DuckDB's marts of the suite's customers: every other destination must make the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kpi_platform.pipeline.build import BuildReport
from kpi_platform.pipeline.explain import Explanation, explain
from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.destinations.customers import AS_OF, LATER, conformance_customers
from kpi_platform_tests.destinations.installation import Installation, Marts
from kpi_platform_tests.destinations.landed_values import Reading, readings_in
from kpi_platform_tests.destinations.started import StartedDestination
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.matching import match_accounts

Dashboard = Mapping[str, Any]
"""What matching and load report of one customer."""

Findings = Mapping[tuple[str, str | None, str | None, str | None], int]
"""(data test, customer, table, column) → rows."""


@dataclass(frozen=True, slots=True)
class Expected:
    """`marts` by customer at AS_OF, and `checks` what the data tests found there; `later`: the marts of the
    first customer at LATER. `explained` is a value of the first customer. `readings`: landed_values.py."""

    customers: Sequence[LandedCustomer]
    marts: Mapping[str, Marts]
    checks: Findings
    dashboards: Mapping[str, Dashboard]
    later: Marts
    explained: Explanation
    readings: Mapping[tuple[str, str, str], Reading]


def expect(home: Path) -> Expected:
    """Builds, matches and loads in the embedded DuckDB."""
    customers = conformance_customers()
    keys = [one.key for one in customers]
    place = StartedDestination("duckdb", {}, {"type": "duckdb"}, {}, json=("json", "cast({} as json)"))
    with Installation.open(home, place) as duckdb:
        duckdb.adopt(customers)
        report = duckdb.build(keys, AS_OF)
        names = list(report.built[keys[0]])
        marts = {key: duckdb.marts(key, names) for key in keys}
        dashboards = {key: dashboard_of(duckdb, key, AS_OF) for key in keys}
        explained = an_explanation(duckdb, keys[0], marts[keys[0]])
        duckdb.compute(keys[:1], LATER)
        later = duckdb.marts(keys[0], names)
        readings = readings_in(duckdb)
    return Expected(customers, marts, findings(report), dashboards, later, explained, readings)


def findings(report: BuildReport) -> Findings:
    """What the data tests found. Each warehouse has a case of its own for the names of columns."""
    return {
        (check.node, customer, rows.table, rows.column and rows.column.lower()): rows.count
        for check in report.checks
        for customer, failing in check.failing.items()
        for rows in failing
    }


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
    compared = [name for name in loaded.__slots__ if name not in ("seconds", "settings")]
    counts = {name: getattr(loaded, name) for name in compared}
    return counts | {"by_method": matched.by_method, "by_decision": matched.by_decision}
