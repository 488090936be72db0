"""Kills loads from outside at random moments, and checks that nothing is lost, doubled or half visible."""

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database, tables
from kpi_platform.domain.kpis import KPIS
from kpi_platform_tests.pipeline.desk import T1, Desk
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.marts import MartAccount

PHASES = ("read", "accounts", "values", "finish")
_TIMES = ("started_at", "finished_at")
_PRELOADED = [
    "kpi_platform_tests.pipeline.kills",
    # Imported by a load when it needs them; a process that is killed should not spend its life on that.
    "duckdb",
    "pandas",
    "psycopg",
    "kpi_platform.adapters.destination.duckdb",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
]


@dataclass(slots=True)
class PhaseClock:
    """Hears how a load gets on, and knows how long each phase of the last one took, in seconds. Until there
    was one it says 30 ms."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PHASES, 0.03))
    _phase: str = ""
    _since: float = 0.0

    def __call__(self, phase: str, _done: int, _total: int) -> None:
        if phase != self._phase:
            self.end()
            self._phase, self._since = phase, time.perf_counter()

    def end(self) -> None:
        if self._phase:
            self.seconds[self._phase] = time.perf_counter() - self._since
        self._phase = ""


def kill_loads(folder: Path, disturbed_url: str, kills: int, *, size: int, seed: int = 1) -> Counter[str]:
    """Loads one series of data of `size` accounts twice: undisturbed into a SQLite file, and into
    `disturbed_url` by processes that are killed. Returns how many were killed in each phase; "done" counts
    those that were faster.

    Raises AssertionError if what is stored after a kill is neither what was there before the load nor what
    is there after it.
    """
    dice = random.Random(seed)
    calm = _desk(folder, f"sqlite:///{folder / 'calm.db'}")
    wild = _desk(folder, disturbed_url)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    killed: Counter[str] = Counter()
    clock = PhaseClock()
    before, step = stored(wild), 0
    while sum(killed[phase] for phase in PHASES) < kills or min(killed[phase] for phase in PHASES) < max(
        1, kills // 10
    ):
        step += 1
        as_of = T1 + timedelta(hours=step)
        accounts = list(_accounts(step, size))
        calm.load(as_of, accounts, update_mode=_mode(step))
        after = stored(calm)
        wild.marts(as_of, accounts)
        for _ in range(3):
            phase = min(PHASES, key=lambda one: (killed[one], dice.random()))
            # Any moment of the phase, as long as it took when nobody disturbed it.
            wait = dice.random() * clock.seconds[phase]
            killed[_kill(context, wild, as_of, _mode(step), phase, wait)] += 1
            found = stored(wild)
            assert found in (before, after), f"step {step}: half a load is visible"
        load_dashboard(
            wild.configuration,
            wild.engine,
            wild.customer,
            as_of,
            update_mode=_mode(step),
            on_progress=clock,
        )
        clock.end()
        before = stored(wild)
        assert before == after, f"step {step}: the disturbed dashboard differs"
    for desk in (calm, wild):
        desk.engine.dispose()
    return killed


def stored(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    """All that loads write, without clock times; accounts by their source's id instead of their number."""
    accounts = tables.accounts
    with desk.engine.connect() as connection:
        named = dict(connection.execute(sa.select(accounts.c.id, accounts.c.external_id)).tuples().all())
        return {
            name: sorted((_plain(row, named) for row in _rows(connection, name)), key=repr)
            for name in (
                "accounts", "account_history", "account_health", "account_health_history",
                "kpis", "kpi_history", "kpi_uploads",
            )
        }  # fmt: skip


def _rows(connection: sa.Connection, name: str) -> Iterable[Any]:
    return connection.execute(sa.select(tables.metadata.tables[name])).mappings()


def _plain(row: Any, named: dict[int, str | None]) -> tuple[Any, ...]:
    return tuple(
        named[value] if column in ("account_id", "id") else value
        for column, value in row.items()
        if column not in _TIMES and column != "fingerprint"
    )


def _kill(context: Any, desk: Desk, as_of: Any, mode: str, phase: str, wait: float) -> str:
    """Starts a load, kills it `wait` seconds after `phase` began. Returns the phase it was in."""
    here, there = context.Pipe(duplex=False)
    url = desk.configuration.dashboard_database_url
    arguments = (there, str(desk.configuration.home), url, as_of, mode)
    process = context.Process(target=_load, args=arguments, daemon=True)
    process.start()
    there.close()
    reached = ""
    while reached not in (phase, "done"):
        reached = here.recv()
    time.sleep(wait)
    process.kill()
    process.join()
    try:
        while here.poll():
            reached = here.recv()
    except EOFError:
        pass
    here.close()
    return reached


def _load(pipe: Connection, home: str, url: str, as_of: Any, mode: Any) -> None:
    """What the process that is killed does: a load, telling when a phase begins."""
    configuration = _configuration(Path(home), url)
    told: set[str] = set()

    def tell(phase: str, _done: int, _total: int) -> None:
        if phase not in told:
            told.add(phase)
            pipe.send(phase)

    engine = database.open_engine(url)
    load_dashboard(configuration, engine, "acme", as_of, update_mode=mode, on_progress=tell)
    pipe.send("done")
    time.sleep(60)


def _desk(home: Path, url: str) -> Desk:
    engine = database.open_engine(url)
    database.upgrade(engine)
    return Desk(_configuration(home, url), engine)


def _configuration(home: Path, url: str) -> Configuration:
    return Configuration.from_environment({"KPI_PLATFORM_HOME": str(home), "DASHBOARD_DATABASE_URL": url})


def _mode(step: int) -> Any:
    return "replace" if step % 3 == 0 else "upsert"


def _accounts(step: int, size: int) -> Iterable[MartAccount]:
    """Every load changes, adds and leaves out something."""
    for number in range(size):
        if (number + step) % 11:
            shift = step if number % 5 == 0 else 0
            values = {kpi: float(number + shift + place) for place, kpi in enumerate(KPIS)}
            yield MartAccount(
                f"A{number:05d}", f"Account {number:05d}", values, health={"health_score": shift}
            )
