"""A home whose marts a former version has built: the next build brings them to this version's columns."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform_tests.bench.scaling.data import Rows, add_customers, land
from kpi_platform_tests.pipeline.models import run_models

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)

KEYS = {"customer_id", "account_id", "account_key", "kpi", "as_of_date", "email_domain", "category"}

Table = list[Mapping[str, Any]]


def marts(file: Path, names: Sequence[str]) -> dict[str, Table]:
    with duckdb.connect(str(file)) as connection:
        return {name: _rows(connection, name) for name in names}


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> Table:
    # All but the clock of the build.
    there = {column for column, *_ in connection.execute(f'describe kpi."{name}"').fetchall()}
    columns = sorted(there - {"computed_at"})
    listed = ", ".join(f'"{column}"' for column in columns)
    rows = connection.execute(f'select {listed} from kpi."{name}" order by all').fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def take_newest_column(file: Path, name: str) -> str:
    """Of those that are no key: a mart has had its key from the first."""
    with duckdb.connect(str(file)) as connection:
        columns = [column for column, *_ in connection.execute(f'describe kpi."{name}"').fetchall()]
        newest = str([column for column in columns if column not in KEYS][-1])
        connection.execute(f'alter table kpi."{name}" drop column "{newest}"')
        return newest


def test_marts_get_the_columns_that_they_lack_with_the_next_build(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    file = configuration.warehouse_file
    land(file, ["acme"], Rows.of(3, incidents=20))
    add_customers(sqlite_engine, ["acme"], AS_OF)
    names = run_models(configuration, sqlite_engine, ["acme"], AS_OF)
    new = marts(file, names)
    taken = [take_newest_column(file, name) for name in names]
    assert len(taken) == 20
    empty = {name for name, rows in new.items() if not rows}
    of_a_ledger = {"recurring_revenue_lines", "revenue_retention", "revenue_terms"}
    none = {"accounts_left_out", "account_email_domains", "account_outcomes", "servicenow_children"}
    assert empty == none | of_a_ledger
    run_models(configuration, sqlite_engine, ["acme"], AS_OF)
    assert marts(file, names) == new
