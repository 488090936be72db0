"""Writes marts into the embedded warehouse, the way a build leaves them, without building."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.tables import SUPPORT_METRICS
from kpi_platform.domain.account_columns import ACCOUNT_COLUMNS
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.retention import RETENTION_COLUMNS, SegmentRetention

BREACH_COLUMNS = {
    "total_tickets": pa.int64(), "tickets_with_sla": pa.int64(), "sla_breaches": pa.int64(),
    "breach_rate": pa.float64(), "breach_rate_of_sla": pa.float64(), "avg_breach_hours": pa.float64(),
    "routing_issues": pa.int64(), "complex_issues": pa.int64(), "critical_breaches": pa.int64(),
}  # fmt: skip
_INSTANT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class MartAccount:
    """One account with its values by KPI: a number, or the status that says why there is none. `support` is
    its row of servicenow_support_metrics; `breaches` are those of servicenow_sla_breaches, by category."""

    id: str
    name: str
    values: Mapping[str, float | str]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    health: Mapping[str, float] = field(default_factory=dict)
    support: Mapping[str, float] = field(default_factory=dict)
    breaches: Mapping[str | None, Mapping[str, float]] = field(default_factory=dict)


def write_marts(
    configuration: Configuration,
    customer: str,
    as_of: datetime,
    accounts: Iterable[MartAccount],
    time_basis: str = "calendar",
) -> None:
    """Replaces the customer's rows of the marts that a load reads."""
    accounts = list(accounts)
    types = {"string": pa.string(), "float": pa.float64(), "date": pa.date32()}
    integrated: dict[str, Any] = {
        "account_id": pa.array([one.id for one in accounts], pa.string()),
        "account_name": pa.array([one.name for one in accounts], pa.string()),
        **{
            column.name: pa.array([one.attributes.get(column.name) for one in accounts], types[column.type])
            for column in ACCOUNT_COLUMNS
        },
        "escalation_rate": pa.array([one.health.get("escalation_rate") for one in accounts], pa.float64()),
        "time_basis": pa.array([time_basis for _ in accounts], pa.string()),
    }
    scores = ("health_score", "coverage", "relationship_score", "nps_contribution")
    health: dict[str, Any] = {
        "account_id": pa.array([one.id for one in accounts], pa.string()),
        **{n: pa.array([one.health.get(n) for one in accounts], pa.float64()) for n in scores},
    }
    domains: dict[str, Any] = {
        "account_id": pa.array([], pa.string()),
        "email_domain": pa.array([], pa.string()),
    }
    rows = [(one.id, kpi, value) for one in accounts for kpi, value in one.values.items()]
    numbers = [None if isinstance(value, str) else float(value) for _, _, value in rows]
    windows = [KPIS[kpi].window_days if kpi in KPIS else None for _, kpi, _ in rows]
    starts = [None if days is None else as_of - timedelta(days=days) for days in windows]
    values: dict[str, Any] = {
        "account_id": pa.array([account for account, _, _ in rows], pa.string()),
        "kpi": pa.array([kpi for _, kpi, _ in rows], pa.string()),
        "value": pa.array(numbers, pa.float64()),
        "numerator": pa.array(numbers, pa.float64()),
        "denominator": pa.array([None if n is None else 1.0 for n in numbers], pa.float64()),
        "sample_size": pa.array([None if n is None else 1 for n in numbers], pa.int64()),
        "unreadable_count": pa.array([0] * len(numbers), pa.int64()),
        "left_out_count": pa.array([0] * len(numbers), pa.int64()),
        "left_out_reason": pa.array([None] * len(numbers), pa.string()),
        "window_start": pa.array(starts, _INSTANT),
        "window_end": pa.array([as_of for _ in rows], _INSTANT),
        "status": pa.array([value if isinstance(value, str) else "ok" for _, _, value in rows], pa.string()),
    }
    with writing(configuration) as connection:
        write_mart(connection, "kpi_integrated_metrics", customer, as_of, integrated)
        write_mart(connection, "account_health_score", customer, as_of, health)
        write_mart(connection, "account_email_domains", customer, as_of, domains)
        write_mart(connection, "kpi_values", customer, as_of, values)
        write_support_marts(connection, customer, as_of, accounts)


def write_retention(
    configuration: Configuration, customer: str, as_of: datetime, segments: Sequence[SegmentRetention]
) -> None:
    """Replaces the customer's rows of revenue_retention."""
    kinds = {"segment_kind": pa.string(), "segment": pa.string(), "arr_currency": pa.string()}
    columns = {
        name: pa.array(
            [getattr(one, name) for one in segments],
            kinds.get(name, pa.int64() if name == "accounts" else pa.float64()),
        )
        for name in RETENTION_COLUMNS
    }
    with writing(configuration) as connection:
        write_mart(connection, "revenue_retention", customer, as_of, columns)


def write_support_marts(
    connection: duckdb.DuckDBPyConnection, customer: str, as_of: datetime, accounts: Sequence[MartAccount]
) -> None:
    """The support marts; an account without support has no row in them."""
    seen = [one for one in accounts if one.support]
    metrics: dict[str, Any] = {
        "account_id": pa.array([one.id for one in seen], pa.string()),
        **{name: pa.array([one.support.get(name) for one in seen], pa.float64()) for name in SUPPORT_METRICS},
    }
    rows = [(one.id, category, found) for one in accounts for category, found in one.breaches.items()]
    breaches: dict[str, Any] = {
        "account_id": pa.array([account for account, _, _ in rows], pa.string()),
        "category": pa.array([category for _, category, _ in rows], pa.string()),
        **{
            name: pa.array([found.get(name) for _, _, found in rows], kind)
            for name, kind in BREACH_COLUMNS.items()
        },
    }
    write_mart(connection, "servicenow_support_metrics", customer, as_of, metrics)
    write_mart(connection, "servicenow_sla_breaches", customer, as_of, breaches)


@contextmanager
def writing(configuration: Configuration) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, for one transaction: to open the file takes longer than to write a small mart."""
    with duckdb_file.connect(configuration.warehouse_file) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("BEGIN")
        connection.execute("CREATE SCHEMA IF NOT EXISTS kpi")
        yield connection
        connection.execute("COMMIT")


def write_mart(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    customer: str,
    as_of: datetime,
    columns: Mapping[str, Any],
) -> None:
    """Replaces the customer's rows of one mart; the first call makes the table."""
    size = len(next(iter(columns.values())))
    rows = pa.table(
        {
            "customer_id": pa.repeat(customer, size),
            **columns,
            "as_of": pa.repeat(pa.scalar(as_of, _INSTANT), size),
        }
    )
    connection.register("new_rows", rows)
    connection.execute(f"CREATE TABLE IF NOT EXISTS kpi.{table} AS SELECT * FROM new_rows LIMIT 0")
    connection.execute(f"DELETE FROM kpi.{table} WHERE customer_id = $1", [customer])
    connection.execute(f"INSERT INTO kpi.{table} SELECT * FROM new_rows")
