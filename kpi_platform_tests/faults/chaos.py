"""Random faults against an installation, and an undisturbed twin: at the end both show the same.

`CHAOS_SECONDS=900 python -m kpi_platform_tests.faults.chaos` (`make chaos`) goes on for so long; `CHAOS_SEED`
repeats a series. The short form is a test.
"""

import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import (
    create_or_require,
    open_dashboard,
    open_engine,
    require_current_schema,
)
from kpi_platform.defs.run import run_job
from kpi_platform.domain.runs import RunOutcome
from kpi_platform.local.state import Outcome
from kpi_platform_tests.defs.installation import Installation, installed
from kpi_platform_tests.faults.fivetran_faults import change_slowly, switch_webhook_off
from kpi_platform_tests.faults.twin import copy_raw, shown

CUSTOMERS = ("northwind", "umbra")
RUN_SECONDS = 600
_PRELOADED = [
    "kpi_platform_tests.faults.chaos",
    # Imported by a run when it needs them; a process that is killed should not spend its life on that.
    "kpi_platform.adapters.destination.duckdb",
    "kpi_platform.defs.location",
    "kpi_platform.pipeline.build",
    "kpi_platform.pipeline.load",
    "kpi_platform.pipeline.match",
    "sqlalchemy.dialects.sqlite",
]


@dataclass(slots=True)
class Chaos:
    """`happened` counts the faults; `ended` how the runs among them ended."""

    installation: Installation
    dice: random.Random
    cache: Path
    happened: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    _context: Any = None

    def __post_init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOADED)

    def disturb(self) -> None:
        """One fault, and a run that meets it."""
        faults: dict[str, Callable[[], None]] = {
            "killed": self._kill,
            "disk full": self._fill_disk,
            "the parsed project is torn": self._tear_cache,
            "the dashboard is empty": self._empty_dashboard,
            "Fivetran answers 429": lambda: self._fivetran({"status": 429, "retry_after": 1, "times": 3}),
            "Fivetran answers 500": lambda: self._fivetran({"status": 500, "times": 2}),
            "Fivetran is down": lambda: self._fivetran({"status": 503, "times": 0}),
            "a sync fails": lambda: self._plan("failed"),
            "a sync is put off": lambda: self._plan("rescheduled", reschedule_seconds=2),
            "a sync is cancelled": lambda: self._plan("cancelled"),
            "a connection breaks": lambda: self._plan("broken"),
            "Fivetran forbids one connection": self._forbid_one,
            "Fivetran answers a change slowly": self._change_slowly,
            "Fivetran switches the webhook off": self._switch_webhook_off,
            "the warehouse is locked": self._lock_warehouse,
            "the dashboard is locked": self._lock_dashboard,
            "two runs at once": self._run_twice,
        }
        name = min(faults, key=lambda one: (self.happened[one], self.dice.random()))
        self.happened[name] += 1
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()
        faults[name]()
        self.installation.control("DELETE", "faults")

    def _start(self, full_disk: bool = False) -> ForkServerProcess:
        process: ForkServerProcess = self._context.Process(
            target=_run, args=(dict(self.installation.configuration.environment), full_disk), daemon=True
        )
        process.start()
        return process

    def _end(self, *processes: ForkServerProcess) -> None:
        for process in processes:
            process.join(RUN_SECONDS)
            if process.exitcode is None:
                process.kill()
                raise AssertionError(f"A run has not ended within {RUN_SECONDS} seconds.")
            self.ended["went through" if process.exitcode == 0 else "failed"] += 1

    def _kill(self) -> None:
        process = self._start()
        process.join(self.dice.uniform(0.5, 15.0))
        process.kill()
        process.join()
        self.ended["was faster" if process.exitcode == 0 else "killed"] += 1

    def _fill_disk(self) -> None:
        self._end(self._start(full_disk=True))

    def _tear_cache(self) -> None:
        """The run heals it, and goes through."""
        for name in ("partial_parse.msgpack", "manifest.json"):
            for file in self.cache.rglob(name):
                file.write_bytes(file.read_bytes()[: self.dice.randrange(file.stat().st_size)])
        before = self.ended["went through"]
        self._end(self._start())
        assert self.ended["went through"] == before + 1, "a torn cache stopped a run"

    def _empty_dashboard(self) -> None:
        """The run refuses to begin anew in it; then the database is there again."""
        self.installation.engine.dispose()
        file = Path(str(self.installation.engine.url.database))
        before, failed = file.read_bytes(), self.ended["failed"]
        file.write_bytes(b"")
        self._end(self._start())
        assert self.ended["failed"] == failed + 1, "a run began anew in an empty dashboard"
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        file.write_bytes(before)

    def _fivetran(self, fault: dict[str, Any]) -> None:
        self.installation.control("POST", "faults", {"match": "/v1/connections", **fault})
        self._end(self._start())

    def _plan(self, outcome: Outcome, **more: Any) -> None:
        """The next sync of one connection ends so."""
        self.installation.plan(self._connection(), outcome, **more)
        self._end(self._start())

    def _forbid_one(self) -> None:
        self._fivetran({"match": f"/v1/connections/{self._connection()}", "status": 403, "times": 0})

    def _change_slowly(self) -> None:
        """While a run goes on."""
        process = self._start()
        change_slowly(self.installation, self.dice.choice(CUSTOMERS), self.dice)
        self._end(process)

    def _switch_webhook_off(self) -> None:
        switch_webhook_off(self.installation, lambda: self._end(self._start()))

    def _connection(self) -> str:
        return f"{self.dice.choice(CUSTOMERS)}_{self.dice.choice(('salesforce', 'servicenow'))}"

    def _lock_warehouse(self) -> None:
        """By a program that knows nothing of our queue lock."""
        process = self._start()
        with (
            suppress(duckdb.IOException),
            duckdb.connect(str(self.installation.configuration.warehouse_file)),
        ):
            time.sleep(self.dice.uniform(0.5, 3.0))
        self._end(process)

    def _lock_dashboard(self) -> None:
        process = self._start()
        time.sleep(self.dice.uniform(0.0, 3.0))
        with self.installation.engine.begin():
            time.sleep(self.dice.uniform(0.5, 3.0))
        self._end(process)

    def _run_twice(self) -> None:
        self._end(self._start(), self._start())


def chaos(home: Path, seconds: float, seed: int) -> Chaos:
    """Disturbs for `seconds`, and at least each fault once if that is long enough. Raises AssertionError
    if the end differs from the twin's."""
    with _own_cache(home / "cache"), installed(home / "wild", KPI_SYNC_POLL_SECONDS="0.2") as installation:
        for customer in CUSTOMERS:
            quick = {"on_sync_failure": "skip"}
            installation.add(customer, error_handling=quick)
        wild = Chaos(installation, random.Random(seed), home / "cache")
        create_or_require(engine := open_dashboard(installation.configuration))
        engine.dispose()
        _loaded(installation.configuration, installation.engine, skip_sync=False)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            wild.disturb()
        as_of = _loaded(installation.configuration, installation.engine, skip_sync=False)
        twin = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home / "twin")})
        copy_raw(installation, twin)
        engine = open_engine(twin.dashboard_database_url)
        _loaded(twin, engine, skip_sync=True, as_of=as_of)
        differing = [name for name in ("accounts", "kpis", "account_health") if
                     shown(installation.engine, name) != shown(engine, name)]  # fmt: skip
        engine.dispose()
        assert not differing, f"seed {seed}, after {dict(wild.happened)}: {differing} differ from the twin's"
    return wild


@contextmanager
def _own_cache(folder: Path) -> Iterator[None]:
    """The parsed project is not that of the user, who may work beside."""
    name = "XDG_CACHE_HOME"
    before = os.environ.get(name)
    os.environ[name] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _loaded(
    configuration: Configuration, engine: sa.Engine, *, skip_sync: bool, as_of: datetime | None = None
) -> datetime:
    """An undisturbed run of everybody; answers its as_of."""
    moment = as_of or datetime.now(UTC)
    outcome = _job(configuration, engine, moment, skip_sync)
    assert set(outcome.loaded) == set(CUSTOMERS), outcome.failed
    return moment


def _job(configuration: Configuration, engine: sa.Engine, as_of: datetime, skip_sync: bool) -> RunOutcome:
    return run_job(
        configuration, engine, CUSTOMERS, as_of=as_of, skip_sync=skip_sync, on_progress=lambda _: None
    )


def _run(environment: dict[str, str], full_disk: bool) -> None:
    """A run in a process of its own. With `full_disk` no file may become larger than the largest is now."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    configuration = Configuration.from_environment(environment)
    if full_disk:
        size = max(file.stat().st_size for file in configuration.home.glob("*.d*b*"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    engine = open_dashboard(configuration)
    require_current_schema(engine)
    outcome = _job(configuration, engine, datetime.now(UTC), skip_sync=False)
    sys.exit(0 if not outcome.failed else 1)


def main() -> int:
    """Prints what happened; an AssertionError names the seed that repeats it."""
    seconds = float(os.environ.get("CHAOS_SECONDS") or 900)
    seed = int(os.environ.get("CHAOS_SEED") or time.time())
    with tempfile.TemporaryDirectory() as home:
        wild = chaos(Path(home), seconds, seed)
    sys.stdout.write(f"seed {seed}\n")
    for counted in (wild.happened, wild.ended):
        sys.stdout.writelines(f"{number:5} {name}\n" for name, number in counted.most_common())
    sys.stdout.write("The dashboard is that of the undisturbed twin.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
