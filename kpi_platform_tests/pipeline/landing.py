"""Raw schemas as Fivetran leaves them, for tests: any tables, columns and rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.domain.settings import parse_settings

Row = Mapping[str, Any]


def land(file: Path, schema: str, tables: Mapping[str, tuple[Mapping[str, str], Sequence[Row]]]) -> None:
    """Creates or replaces tables (name → column types and rows) in a DuckDB file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("begin")
        connection.execute(f'create schema if not exists "{schema}"')
        for name, (types, rows) in tables.items():
            target = f'"{schema}"."{name}"'
            columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
            connection.execute(f"drop table if exists {target}")
            connection.execute(f"create table {target} ({columns})")
            marks = ", ".join("?" * len(types))
            for row in rows:
                values = [row.get(column) for column in types]
                connection.execute(f"insert into {target} values ({marks})", values)
        connection.execute("commit")


ACCOUNT = {
    "id": "varchar(50)",
    "name": "varchar(200)",
    "type": "varchar(50)",
    "annual_revenue": "double precision",
    "is_deleted": "boolean",
    "nps_score_c": "double precision",
    "_fivetran_synced": "timestamp",
}
CASE = {
    "id": "varchar(50)",
    "account_id": "varchar(50)",
    "created_date": "timestamp",
    "is_deleted": "boolean",
    "satisfaction_rating_c": "double precision",
    "_fivetran_synced": "timestamp",
}
INCIDENT = {
    "sys_id": "varchar(50)",
    "opened_at": "timestamp",
    "resolved_at": "timestamp",
    "state": "varchar(20)",
    "priority": "varchar(20)",
    "u_customer_account_id": "varchar(50)",
    "_fivetran_synced": "timestamp",
}


def account(number: int, **values: Any) -> Row:
    """A live customer account with an id of 18 characters."""
    return {
        "id": f"001{number:012d}AAA",
        "name": f"Account {number}",
        "type": "Customer",
        "is_deleted": False,
        "nps_score_c": 40.0,
        **values,
    }


def customer(
    configuration: Configuration, engine: sa.Engine, key: str, document: Mapping[str, Any] | None = None
) -> None:
    """A customer whose raw schemas are `<key>_sf` and `<key>_sn`, with `document` over the defaults."""
    sections = {
        "salesforce": {"schema": f"{key}_sf"},
        "servicenow": {"schema": f"{key}_sn", "enabled": False},
    }
    for name, section in (document or {}).items():
        sections[name] = {**sections.get(name, {}), **section} if isinstance(section, Mapping) else section
    with engine.begin() as connection:
        add_customer(connection, key, key.title())
        save_settings(connection, key, parse_settings(sections).document(), who="test")
