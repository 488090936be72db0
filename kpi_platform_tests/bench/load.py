# Long: one benchmark, which reads from top to bottom.
"""The dashboard load side by side with its alternatives, on the same tables, in one run.

`python -m kpi_platform_tests.bench.load [ACCOUNTS]` (default 100,000 accounts × 12 KPIs).
"""

import io
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import orm

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database, tables
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.match_store import KnownMatches, StoredOutcome, store_changes
from kpi_platform.domain.kpis import KPIS
from kpi_platform.pipeline.load import LoadReport
from kpi_platform.process import tune_memory
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.marts import write_mart, write_support_marts, writing
from kpi_platform_tests.postgres import DURABLE_OPTIONS, PostgresServer

CUSTOMER = "bench"
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
ORM_ACCOUNTS = 500
"""Accounts of which the ORM loads what a load writes; the rest is reckoned."""
LOADED = ("accounts", "account_history", "account_health", "account_health_history", "kpis", "kpi_history")
"""The tables that a first load fills, each with its history, in an order that foreign keys allow."""


def main(accounts: int = 100_000) -> None:
    """Prints seconds, ratios, and which goals are met."""
    tune_memory()
    rows = accounts * len(KPIS)
    with (
        tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder,
        PostgresServer.start(options=DURABLE_OPTIONS) as server,
    ):
        with server.database() as ours, server.database() as theirs:
            postgres = _postgres(Path(folder) / "postgres", ours, theirs, accounts)
        sqlite = _sqlite(Path(folder) / "sqlite", accounts)
    _print(f"Load of {rows:,} values, PostgreSQL", postgres, _GOALS_POSTGRES)
    _print(f"Load of {rows:,} values, SQLite", sqlite, _GOALS_SQLITE)
    twice = 2 * accounts
    print(f"Peak memory of a load of {twice:,} accounts: {peak_memory(twice):,.0f} MiB (goal: 1,024)")


def _postgres(home: Path, ours: str, theirs: str, accounts: int) -> dict[str, float]:
    seconds = _loads(home, ours, accounts)
    engine = database.open_engine(ours)
    copies = {}
    with engine.connect() as connection:
        some = _of_some_accounts(connection)
    with engine.connect() as connection, connection.connection.cursor() as cursor:
        for name in (*LOADED, "customers", "kpi_uploads"):
            with cursor.copy(f"COPY (SELECT * FROM {name} WHERE true) TO STDOUT (FORMAT csv)") as copy:
                copies[name] = b"".join(copy)
    engine.dispose()
    engine = database.open_engine(theirs)
    database.upgrade(engine)
    with engine.begin() as connection:
        for name in ("customers", "kpi_uploads"):
            _copy(connection, name, copies[name])
    with _timed(seconds, "direct COPY, same tables"), engine.begin() as connection:
        for name in LOADED:
            _copy(connection, name, copies[name])
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE bare AS SELECT * FROM kpis LIMIT 0"))
    with _timed(seconds, "raw COPY, bare table"), engine.begin() as connection:
        _copy(connection, "bare", copies["kpis"])
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {', '.join(LOADED)} CASCADE"))
    seconds["ORM, row by row"] = _row_by_row(engine, some) * accounts / ORM_ACCOUNTS
    engine.dispose()
    return seconds


def _sqlite(home: Path, accounts: int) -> dict[str, float]:
    url = f"sqlite:///{home / 'dashboard.db'}"
    seconds = _loads(home, url, accounts)
    engine = database.open_engine(url)
    with engine.connect() as connection:
        planned = {
            name: connection.exec_driver_sql(f"SELECT * FROM {name}").cursor.fetchall()
            for name in (*LOADED, "customers", "kpi_uploads")
        }
    engine.dispose()
    engine = database.open_engine(f"sqlite:///{home / 'other.db'}")
    database.upgrade(engine)
    with engine.begin() as connection:
        for name in ("customers", "kpi_uploads"):
            _executemany(connection, name, planned[name])
    with _timed(seconds, "executemany, same tables"), engine.begin() as connection:
        for name in LOADED:
            _executemany(connection, name, planned[name])
    engine.dispose()
    engine = database.open_engine(f"sqlite:///{home / 'bare.db'}")
    with engine.begin() as connection:
        for name in LOADED:
            columns = ", ".join(column.name for column in tables.metadata.tables[name].c)
            connection.execute(sa.text(f"CREATE TABLE {name} ({columns})"))
    with _timed(seconds, "executemany, bare tables"), engine.begin() as connection:
        for name in LOADED:
            _executemany(connection, name, planned[name])
    engine.dispose()
    return seconds


def _loads(home: Path, url: str, accounts: int) -> dict[str, float]:
    configuration = _configuration(home, url)
    marts = _prepare(configuration, accounts)
    engine = database.open_engine(url)

    def load(as_of: datetime) -> LoadReport:
        _write(configuration, marts, as_of)
        return load_dashboard(configuration, engine, CUSTOMER, as_of)

    seconds = {}
    first = load(AS_OF)
    seconds["ours, first"] = first.seconds
    assert first.kpis_inserted == accounts * len(KPIS)
    same = load(AS_OF)
    seconds["ours, identical"] = same.seconds
    assert same.kpis_synced == 0 and same.version == first.version
    marts["value"][::100] += 1.0
    changed = load(AS_OF + timedelta(hours=6))
    seconds["ours, 1 % changed"] = changed.seconds
    assert changed.kpis_updated == len(marts["value"][::100])
    engine.dispose()
    return seconds


def peak_memory(accounts: int) -> float:
    """MiB that a process needs at most for loading twice: everything new, then everything changed."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
        home, context = Path(folder), multiprocessing.get_context("spawn")
        with context.Pool(1, maxtasksperchild=1) as pool:
            pool.apply(_prepare_process, (home, accounts, 0.0))
            first = pool.apply(_load_process, (home, AS_OF))
            pool.apply(_prepare_process, (home, accounts, 1.0))
            return max(first, pool.apply(_load_process, (home, AS_OF + timedelta(hours=6))))


def _prepare_process(home: Path, accounts: int, shift: float) -> None:
    configuration = _configuration(home, f"sqlite:///{home / 'dashboard.db'}")
    if shift:
        marts = _marts(accounts)
        marts["value"] += shift
        _write(configuration, marts, AS_OF + timedelta(hours=6))
    else:
        _write(configuration, _prepare(configuration, accounts), AS_OF)


def _load_process(home: Path, as_of: datetime) -> float:
    configuration = _configuration(home, f"sqlite:///{home / 'dashboard.db'}")
    engine = database.open_engine(configuration.dashboard_database_url)
    report = load_dashboard(configuration, engine, CUSTOMER, as_of)
    assert report.kpis_synced > 0
    # Not ru_maxrss: that starts at what the parent had in memory.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _configuration(home: Path, url: str) -> Configuration:
    return Configuration.from_environment({"KPI_PLATFORM_HOME": str(home), "DASHBOARD_DATABASE_URL": url})


def _prepare(configuration: Configuration, accounts: int) -> dict[str, Any]:
    """A customer whose accounts have been matched: all of them are new."""
    engine = database.open_engine(configuration.dashboard_database_url)
    database.upgrade(engine)
    marts = _marts(accounts)
    with engine.begin() as connection:
        customer = add_customer(connection, CUSTOMER, "Bench")
        outcomes = [
            StoredOutcome(one, one, None, 0.0, "none", "none", "", []) for one in marts["account_id"].tolist()
        ]
        store_changes(connection, {customer.id: KnownMatches({}).changes(outcomes)}, AS_OF)
    engine.dispose()
    return marts


def _marts(accounts: int) -> dict[str, Any]:
    random = np.random.default_rng(7)
    return {
        "account_id": np.array([f"0015g00000A{number:07d}" for number in range(accounts)], dtype=object),
        "value": random.normal(50, 20, accounts * len(KPIS)).round(3),
        "health": random.uniform(0, 100, accounts),
    }


def _write(configuration: Configuration, marts: dict[str, Any], as_of: datetime) -> None:
    ids, kpis = pa.array(marts["account_id"], pa.string()), len(KPIS)
    accounts = len(ids)
    integrated = {"account_id": ids, "account_name": ids, "industry": pa.repeat("Steel", accounts)}
    integrated["revenue"] = pa.array(marts["health"] * 1000)
    scores = {name: pa.array(marts["health"]) for name in tables.HEALTH_COLUMNS[:20]}
    windows = [kpi.window_days for kpi in KPIS.values()] * accounts
    starts = [None if days is None else as_of - timedelta(days=days) for days in windows]
    instant = pa.timestamp("us", tz="UTC")
    values = {
        "account_id": ids.take(pa.array(np.repeat(np.arange(accounts), kpis))),
        "kpi": pa.array(list(KPIS) * accounts),
        "value": pa.array(marts["value"]),
        "numerator": pa.array(marts["value"] * 7),
        "denominator": pa.repeat(7.0, accounts * kpis),
        "sample_size": pa.array(np.full(accounts * kpis, 7)),
        "unreadable_count": pa.array(np.zeros(accounts * kpis, dtype=np.int64)),
        "left_out_count": pa.array(np.zeros(accounts * kpis, dtype=np.int64)),
        "left_out_reason": pa.nulls(accounts * kpis, pa.string()),
        "window_start": pa.array(starts, instant),
        "window_end": pa.repeat(pa.scalar(as_of, instant), accounts * kpis),
        "status": pa.repeat("ok", accounts * kpis),
    }
    with writing(configuration) as connection:
        write_mart(connection, "kpi_integrated_metrics", CUSTOMER, as_of, integrated)
        write_mart(connection, "account_health_score", CUSTOMER, as_of, {"account_id": ids, **scores})
        write_mart(connection, "kpi_values", CUSTOMER, as_of, values)
        write_support_marts(connection, CUSTOMER, as_of, [])


def _row_by_row(engine: sa.Engine, loaded: Mapping[str, Sequence[Mapping[str, Any]]]) -> float:
    """Seconds for these rows, table after table: each of what is current is looked up, then added or changed,
    and its history with it."""
    registry, started = orm.registry(), time.perf_counter()
    mapped: dict[str, Any] = {name: type(name, (), {}) for name in loaded}
    for name, kind in mapped.items():
        registry.map_imperatively(kind, tables.metadata.tables[name])
    with orm.Session(engine) as session:
        for current, history in zip(LOADED[::2], LOADED[1::2], strict=True):
            key = [column.name for column in tables.metadata.tables[current].primary_key]
            for row, past in zip(loaded[current], loaded[history], strict=True):
                found = session.get(mapped[current], tuple(row[name] for name in key))
                if found is None:
                    found = mapped[current]()
                    session.add(found)
                for name, value in row.items():
                    setattr(found, name, value)
                entry = mapped[history]()
                for name, value in past.items():
                    setattr(entry, name, value)
                session.add(entry)
                session.flush()
        session.commit()
    registry.dispose()
    return time.perf_counter() - started


def _of_some_accounts(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    """What the first load has written of ORM_ACCOUNTS accounts, by table."""
    some = sa.select(tables.accounts.c.id).order_by("id").limit(ORM_ACCOUNTS)
    found = {}
    for name in LOADED:
        table = tables.metadata.tables[name]
        account = table.c.id if name == "accounts" else table.c.account_id
        order = [account, table.c.kpi] if "kpi" in table.c else [account]
        query = sa.select(table).where(account.in_(some)).order_by(*order)
        if name.endswith("_history"):
            query = query.where(table.c.upload_version == 1)
        rows = connection.execute(query).mappings()
        found[name] = [dict(row) for row in rows]
    return found


def _copy(connection: sa.Connection, table: str, rows: bytes) -> None:
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy:
        stream = io.BytesIO(rows)
        while chunk := stream.read(1 << 18):
            copy.write(chunk)


def _executemany(connection: sa.Connection, table: str, rows: list[Any]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    connection.connection.cursor().executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


_GOALS = {
    "ours, identical": ("of the first", "ours, first", 0.1),
    "ours, 1 % changed": ("of the first", "ours, first", 2 / 3),
}
_GOALS_POSTGRES = {"ours, first": ("× direct COPY, same tables", "direct COPY, same tables", 2.0)}
_GOALS_SQLITE = {"ours, first": ("× executemany, same tables", "executemany, same tables", 1.5)}
_ORM_GOAL = 100


def _print(title: str, seconds: dict[str, float], goals: dict[str, tuple[str, str, float]]) -> None:
    print(title)
    first = seconds["ours, first"]
    for name, taken in seconds.items():
        print(f"  {name:26} {taken:9.2f} s   ours is {first / taken:7.3f} of it")
    for name, (words, other, goal) in (goals | _GOALS).items():
        ratio = seconds[name] / seconds[other]
        print(f"  {name}: {ratio:.2f} {words} (goal: at most {goal:.2f}) {'✓' if ratio <= goal else '✗'}")
    if "ORM, row by row" in seconds:
        factor = seconds["ORM, row by row"] / first
        met = "✓" if factor >= _ORM_GOAL else "✗"
        print(f"  ours, first: {factor:.0f} × the rows per second of the ORM (goal: {_ORM_GOAL}) {met}")


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - started


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
