"""Raw data of customers as Fivetran lands it, written by DuckDB itself; and the customers, synced."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.dashboard.source_states import record_sync_state
from kpi_platform.domain.settings import parse_settings
from kpi_platform.domain.sources import SOURCES


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows each table of one customer holds."""

    accounts: int
    contacts: int
    tasks: int
    cases: int
    opportunities: int
    incidents: int

    @classmethod
    def of(cls, accounts: int, *, incidents: int = 200) -> "Rows":
        """A small customer's: `incidents` of each account."""
        return cls(accounts, accounts, 10 * accounts, 5 * accounts, 8 * accounts, incidents * accounts)


# Account 0 owns every second row where `$whale` holds.
_ACCOUNT = (
    "'001' || lpad((case when $whale and n % 2 = 0 then 0 else n % $accounts end)::varchar, 12, '0') || 'AAA'"
)

_SALESFORCE = {
    "account": """
        select '001' || lpad(n::varchar, 12, '0') || 'AAA' as id, $names || ' ' || n as name,
            'Customer' as type,
            'www.' || $names || n || '.example' as website, 1e6 + n as annual_revenue, 'Steel' as industry,
            (n % 200 - 100)::double as nps_score_c, (n % 101)::double as adoption_score_c,
            false as is_deleted,
            timestamp '2026-11-24' as _fivetran_synced
        from range($accounts) as rows(n)
    """,
    "contact": f"""
        select '003' || lpad(n::varchar, 12, '0') || 'AAA' as id,
            {_ACCOUNT} as account_id,
            case n % 3 when 0 then 'Buyer' else 'VP Sales' end as title,
            false as is_deleted,
            timestamp '2026-11-24' as _fivetran_synced
        from range($contacts) as rows(n)
    """,
    "task": f"""
        select '00T' || lpad(n::varchar, 12, '0') || 'AAA' as id,
            '003' || lpad((n % $contacts)::varchar, 12, '0') || 'AAA' as who_id,
            {_ACCOUNT} as account_id,
            timestamp '2026-11-23' - to_hours((n * 7 % 2000)::integer) as completed_date_time,
            true as is_closed, false as is_deleted,
            timestamp '2026-11-24' as _fivetran_synced
        from range($tasks) as rows(n)
    """,
    "case": f"""
        select '500' || lpad(n::varchar, 12, '0') || 'AAA' as id,
            {_ACCOUNT} as account_id,
            timestamp '2026-11-23' - to_hours((n * 7 % 3000)::integer) as created_date,
            (n % 5 + 1)::double as satisfaction_rating_c, false as is_deleted,
            timestamp '2026-11-24' as _fivetran_synced
        from range($cases) as rows(n)
    """,
    "opportunity": f"""
        select '006' || lpad(n::varchar, 12, '0') || 'AAA' as id,
            {_ACCOUNT} as account_id, 100.0 + n % 9 as amount,
            case n % 3 when 0 then 'New Business' when 1 then 'Renewal' else 'Expansion' end as type,
            n % 4 > 0 as is_won, date '2026-11-23' - (n * 7 % 720)::integer as close_date,
            false as is_deleted,
            timestamp '2026-11-24' as _fivetran_synced
        from range($opportunities) as rows(n)
    """,
}
_SERVICENOW = {
    "incident": f"""
        select md5($names || n) as sys_id,
            timestamp '2026-11-23' - to_minutes((n * 17 % 500000)::integer) as opened_at,
            opened_at + to_minutes((n % 3000)::integer) as resolved_at,
            '6' as state, (n % 5 + 1)::varchar as priority, n % 10 > 0 as made_sla,
            {_ACCOUNT} as u_customer_account_id, timestamp '2026-11-24' as _fivetran_synced
        from range($incidents) as rows(n)
    """,
}


def customer_keys(customers: int) -> list[str]:
    return [f"c{number:05}" for number in range(customers)]


def land(file: Path, keys: Sequence[str], rows: Rows, *, whale: bool = False) -> None:
    """The raw schemas `<key>_sf` and `<key>_sn` of every customer. A `whale` is an account that
    owns half of all rows."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET enable_progress_bar = false")
        for key in keys:
            parameters = asdict(rows) | {"names": key, "whale": whale}
            for schema, contents in ((f"{key}_sf", _SALESFORCE), (f"{key}_sn", _SERVICENOW)):
                connection.execute(f'create schema "{schema}"')
                for table, sql in contents.items():
                    given = {name: value for name, value in parameters.items() if f"${name}" in sql}
                    connection.execute(f'create table "{schema}"."{table}" as {sql}', given)


def add_customers(engine: sa.Engine, keys: Sequence[str], synced_at: datetime) -> None:
    """The customers with their settings, and syncs that have all succeeded at `synced_at`."""
    with engine.begin() as connection:
        known = set(connection.execute(sa.select(tables.customers.c.key)).scalars())
        for key in keys:
            if key in known:
                continue
            add_customer(connection, key, key.upper())
            document = parse_settings(
                {"salesforce": {"schema": f"{key}_sf"}, "servicenow": {"schema": f"{key}_sn"}}
            ).document()
            save_settings(connection, key, document, who="benchmark")
            for source in SOURCES:
                record_sync_state(connection, key, source, last_succeeded_at=synced_at)
