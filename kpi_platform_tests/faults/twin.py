"""The undisturbed twin of an installation: the same raw data, and what each of them shows."""

import shutil
from typing import Any

import duckdb
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform_tests.defs.installation import Installation


def copy_raw(installation: Installation, twin: Configuration) -> None:
    """The twin gets the raw data as it has landed, and what is known of the syncs; nothing that was computed
    or loaded."""
    twin.home.mkdir(parents=True)
    shutil.copy(installation.configuration.warehouse_file, twin.warehouse_file)
    with duckdb.connect(str(twin.warehouse_file)) as warehouse:
        warehouse.execute("DROP SCHEMA IF EXISTS kpi CASCADE")
    engine = open_engine(twin.dashboard_database_url)
    upgrade(engine)
    copied = (tables.customers, tables.customer_settings_versions, tables.source_states)
    with installation.engine.connect() as theirs, engine.begin() as ours:
        for table in copied:
            rows = [dict(row) for row in theirs.execute(sa.select(table)).mappings()]
            ours.execute(sa.insert(table), rows)
    engine.dispose()


def shown(engine: sa.Engine, name: str) -> list[tuple[Any, ...]]:
    """What the dashboard shows of a table: customers and accounts by their own keys, no clock times."""
    accounts, table = tables.accounts, tables.metadata.tables[name]
    left_out = {"id", "account_id", "customer_id", "upload_version", "as_of", "created_at"}
    left_out |= {"window_start", "window_end", "retired_at"}
    columns = [column for column in table.c if column.name not in left_out]
    query = sa.select(tables.customers.c.key, accounts.c.external_id, *columns)
    if table is accounts:
        query = query.join_from(accounts, tables.customers)
    else:
        same = sa.and_(accounts.c.id == table.c.account_id, accounts.c.customer_id == table.c.customer_id)
        query = query.join_from(table, accounts, same).join(
            tables.customers, tables.customers.c.id == table.c.customer_id
        )
    with engine.connect() as connection:
        rows = connection.execute(query.where(table.c.retired_at.is_(None)))
        return sorted((tuple(row) for row in rows), key=repr)
