"""Plants a mark in every table that can hold something of a customer, and looks for it everywhere."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import sqlalchemy as sa
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.types import UtcDateTime
from kpi_platform.defs.batch import CUSTOMERS_TAG
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform_tests.pipeline.marts import write_mart, writing

NOW = datetime(2026, 3, 1, tzinfo=UTC)
_ONE_OF = re.compile(r"(\w+) IN \('(\w+)'")
MARTS = ("kpi_values", "kpi_daily", "servicenow_tickets", "a_mart_of_an_earlier_version")


def of_customers() -> list[sa.Table]:
    """The tables that can hold something of a customer, those first that others refer to; values referred to
    accounts in earlier versions."""
    own = [
        table
        for table in tables.metadata.sorted_tables
        if table in (tables.customers, tables.fivetran_events) or "customer_id" in table.c
    ]
    return sorted(own, key=lambda table: table is tables.kpis)


def plant_in_dashboard(connection: sa.Connection, key: str, mark: str, document: dict[str, Any]) -> None:
    """A row in every table that is there, with the mark in every column that takes text."""
    customer = add_customer(connection, key, mark)
    there = sa.inspect(connection)
    if there.has_table(tables.runs.name):
        run = {column.name: _value(tables.runs, column, mark) for column in tables.runs.c}
        connection.execute(sa.insert(tables.runs).values({**run, "id": mark}))
    for number, table in enumerate(of_customers()):
        if table is tables.customers or not there.has_table(table.name):
            continue
        # Of an older schema, some are not in the table as it is now: they hold text.
        columns = {
            name: table.c.get(name, sa.Column(name, sa.Text))
            for name in (column["name"] for column in there.get_columns(table.name))
        }
        # Of an older schema, some take less than today.
        checks = [_ONE_OF.search(check["sqltext"]) for check in there.get_check_constraints(table.name)]
        allowed = {found[1]: found[2] for found in checks if found}
        row = {name: allowed.get(name) or _value(table, column, mark) for name, column in columns.items()}
        if "customer_id" in table.c:
            row["customer_id"] = customer.id
        if table is tables.fivetran_events:
            row["connection_id"] = document["salesforce"]["connection_id"]
        if table is tables.customer_settings_versions:
            row["document"] = document
        if table is tables.source_states:
            row["detail"] = {"setup_state": mark}
        for name in ("id", "account_id"):
            if name in row and isinstance(table.c[name].type, sa.Integer):
                row[name] = customer.id * 1000 + (number if name == "id" else 0)
        if table is tables.accounts:
            row["id"] = customer.id * 1000
        made = sa.table(table.name, *(sa.column(name, column.type) for name, column in columns.items()))
        connection.execute(sa.insert(made).values(row))


def _value(table: sa.Table, column: sa.Column[Any], mark: str) -> Any:
    for constraint in table.constraints:
        allowed = getattr(constraint, "sqltext", None)
        first = next(iter(allowed)) if isinstance(allowed, sa.BooleanClauseList) else allowed
        if isinstance(first, sa.BinaryExpression) and getattr(first.left, "name", None) == column.name:
            return first.right.value
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return None if column.name in ("removed_at", "revoked_at") else NOW
    if isinstance(kind, sa.Integer | sa.Float):
        return 1
    if isinstance(kind, sa.Boolean):
        return True
    if kind.python_type is bytes:
        return mark.encode()
    return [mark] if isinstance(kind, sa.JSON) else mark


def plant_in_warehouse(configuration: Configuration, key: str, mark: str, schema: str) -> None:
    """A row in marts, one that a killed preview has left, and a raw schema."""
    with writing(configuration) as connection:
        for mart in MARTS:
            write_mart(connection, mart, key, NOW, {"account_name": [mark]})
        left = f"'{key}__after' as customer_id, '{mark}' as account_name"
        connection.execute("create schema if not exists kpi_preview")
        connection.execute(f"create table if not exists kpi_preview.kpi_accounts as select {left} limit 0")
        connection.execute(f"insert into kpi_preview.kpi_accounts select {left}")
        connection.execute(f"create schema {schema}")
        connection.execute(f"create table {schema}.account as select '{mark}' as name")


def plant_in_dagster(instance: dg.DagsterInstance, key: str, mark: str, other: str) -> None:
    """A partition, a run of the customer, a run with another, and events of both and of none."""
    instance.add_dynamic_partitions(CUSTOMERS_NAME, [key])
    for covered in (key, f"{key},{other}"):
        run = instance.add_run(dg.DagsterRun(job_name="refresh", tags={CUSTOMERS_TAG: covered}))
        _event(instance, run.run_id, key, mark)
        instance.report_run_failed(run, "it ended")
    _event(instance, None, key, mark)


def _event(instance: dg.DagsterInstance, run_id: str | None, key: str, mark: str) -> None:
    made = dg.AssetMaterialization("kpi_values", partition=key, metadata={"rows of": mark})
    if run_id is None:
        instance.report_runless_asset_event(made)
        return
    kind = DagsterEventType.ASSET_MATERIALIZATION.value
    instance.report_dagster_event(
        DagsterEvent(kind, "refresh", event_specific_data=StepMaterializationData(made)), run_id
    )


def found_in_sqlite(folder: Path, mark: str) -> list[str]:
    """Every table of every SQLite file below `folder` with the mark in a row."""
    return [
        f"{file.name}: {table}" for file in sorted(folder.rglob("*.db")) for table in _tables_with(file, mark)
    ]


def _tables_with(file: Path, mark: str) -> Iterator[str]:
    with closing(sqlite3.connect(file)) as connection:
        names = [
            name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")
        ]
        for name in names:
            if any(mark in repr(row) for row in connection.execute(f'select * from "{name}"')):
                yield name


def found_in_warehouse(file: Path, mark: str) -> list[str]:
    """Every table of the warehouse with the mark in a row."""
    with duckdb.connect(str(file), read_only=True) as connection:
        names = connection.execute(
            "select table_schema, table_name from information_schema.tables"
        ).fetchall()
        return [
            f"{schema}.{table}"
            for schema, table in names
            if any(mark in repr(row) for row in connection.execute(f"from {schema}.{table}").fetchall())
        ]
