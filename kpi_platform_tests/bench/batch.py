"""200 customers in one batch beside one customer with as many rows: at most three times as long."""

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.pipeline.build import build_kpis
from kpi_platform_tests.pipeline.landing import customer

ACCOUNTS = 20_000
AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
CUSTOMERS = 200
RATIO = 3.0
REPEATS = 3

TABLES = {
    "account": """
        select '001' || lpad(n::varchar, 15, '0') as id, 'Account ' || n as name, 'Customer' as type,
            (n % 100)::double as nps_score_c, false as is_deleted
        from range({accounts}) as rows(n)
    """,
    "contact": """
        select '003' || lpad(n::varchar, 15, '0') as id, '001' || lpad(n::varchar, 15, '0') as account_id,
            'VP Sales' as title, false as is_deleted
        from range({accounts}) as rows(n)
    """,
    "task": """
        select '00T' || lpad(n::varchar, 15, '0') as id,
            '003' || lpad((n % {accounts})::varchar, 15, '0') as who_id,
            '001' || lpad((n % {accounts})::varchar, 15, '0') as account_id,
            timestamp '2026-11-20' - to_hours(n % 2000) as completed_date_time,
            true as is_closed, false as is_deleted
        from range({accounts} * 10) as rows(n)
    """,
    "case": """
        select '500' || lpad(n::varchar, 15, '0') as id,
            '001' || lpad((n % {accounts})::varchar, 15, '0') as account_id,
            timestamp '2026-11-20' - to_hours(n % 2000) as created_date,
            (n % 5 + 1)::double as satisfaction_rating_c, false as is_deleted
        from range({accounts} * 5) as rows(n)
    """,
    "opportunity": """
        select '006' || lpad(n::varchar, 15, '0') as id,
            '001' || lpad((n % {accounts})::varchar, 15, '0') as account_id,
            100.0::double as amount, 'Renewal' as type, true as is_won,
            date '2026-11-20' - (n % 700)::integer as close_date, false as is_deleted
        from range({accounts} * 4) as rows(n)
    """,
}


def seconds_of(customers: int) -> float:
    """The best of some builds of `customers`, which share ACCOUNTS accounts and all that belongs to them."""
    with tempfile.TemporaryDirectory() as home:
        configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": home})
        engine = open_engine(configuration.dashboard_database_url)
        upgrade(engine)
        keys = [f"customer_{number}" for number in range(customers)]
        for key in keys:
            customer(configuration, engine, key)
        land(configuration.warehouse_file, keys)
        durations = []
        for _ in range(REPEATS + 1):
            started = time.perf_counter()
            report = build_kpis(configuration, engine, keys, AS_OF)
            durations.append(time.perf_counter() - started)
            if report.failed:
                raise SystemExit(
                    f"{len(report.failed)} customers failed: {next(iter(report.failed.values()))}"
                )
        engine.dispose()
        # The first one also imports dbt, parses the project and creates the tables.
        return min(durations[1:])


def land(file: Path, keys: list[str]) -> None:
    with duckdb.connect(str(file)) as connection:
        for key in keys:
            connection.execute(f'create schema "{key}_sf"')
            for table, sql in TABLES.items():
                select = sql.format(accounts=ACCOUNTS // len(keys))
                connection.execute(f'create table "{key}_sf"."{table}" as {select}')


def main() -> int:
    """Prints both times and their ratio; 1 if it is above the limit."""
    one, many = seconds_of(1), seconds_of(CUSTOMERS)
    print(f"1 customer, {ACCOUNTS:,} accounts: {one:.2f} s")
    print(f"{CUSTOMERS} customers, {ACCOUNTS:,} accounts in all: {many:.2f} s")
    print(f"ratio: {many / one:.2f} (at most {RATIO:g})")
    return 0 if many <= RATIO * one else 1


if __name__ == "__main__":
    sys.exit(main())
