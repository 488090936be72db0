"""A back-test as people ask for it: computed in a process, taken over when that dies, cancelled, erased."""

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kpi_platform.dashboard.backtests import (
    LOST_AFTER,
    StoredBacktest,
    add_backtest,
    end_backtest,
    get_backtest,
    report_of_backtest,
    take_over_lost,
)
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.backtest.judge import report_of
from kpi_platform.domain.backtest.report import BacktestReport
from kpi_platform.domain.backtest.spec import BacktestSpec
from kpi_platform.pipeline.backtest.process import start_backtest_process
from kpi_platform.pipeline.backtest.run import erase_computed_parts
from kpi_platform.web.backtest_keeper import BacktestKeeper
from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.pipeline.test_backtest_rows import SPEC, World
from kpi_platform_tests.pipeline.test_backtest_rows import world as world  # a fixture

LONG = replace(SPEC, every="14 days")
"""More instants than one invocation of dbt computes in the embedded warehouse."""


def ask(world: World, spec: BacktestSpec = SPEC) -> StoredBacktest:
    with world.engine.begin() as connection:
        return add_backtest(connection, "led", spec, who="Ada")


def now(world: World, asked: StoredBacktest) -> tuple[StoredBacktest, BacktestReport | None]:
    with reading(world.engine) as connection:
        return get_backtest(connection, "led", asked.id), report_of_backtest(connection, "led", asked.id)


def wait_until(happened: Callable[[], bool], seconds: float = 240) -> None:
    late = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < late
        time.sleep(0.1)


def test_the_report_of_a_process_is_that_of_the_rows(world: World, tmp_path: Path) -> None:
    asked = ask(world)
    assert start_backtest_process(world.configuration, asked.id).wait(240) == 0
    kept, report = now(world, asked)
    assert kept.state == "done", kept.error
    again = report_of(world.rows("led", tmp_path / "work"), asked.spec)
    assert report is not None
    assert report.model_dump(exclude={"as_of"}) == again.model_dump(exclude={"as_of"})
    assert kept.done == kept.total == len(report.instants)
    assert report.counts.churned.account_times > 0
    assert erase_computed_parts(world.configuration, "led").before == 0


def test_a_killed_one_goes_on_where_it_was(world: World) -> None:
    asked = ask(world, LONG)
    killed = start_backtest_process(world.configuration, asked.id)
    parts = world.configuration.home / "backtests" / "led" / asked.id
    wait_until(lambda: any(parts.glob("*.arrow")))
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert now(world, asked)[0].state == "running"
    begun = {one.name: one.stat().st_mtime_ns for one in parts.glob("*.arrow")}
    keeper = BacktestKeeper(world.configuration, world.engine)
    keeper.look()
    assert now(world, asked)[0].state == "running"
    time.sleep(LOST_AFTER.total_seconds())
    keeper.look()
    wait_until(lambda: now(world, asked)[0].done > 0)
    assert {name: (parts / name).stat().st_mtime_ns for name in begun} == begun
    wait_until(lambda: now(world, asked)[0].state != "running")
    kept, report = now(world, asked)
    assert kept.state == "done", kept.error
    assert report is not None
    assert len(report.instants) == kept.total > len(begun)
    wait_until(lambda: keeper.look() == 0)


def test_a_cancelled_one_ends_its_process_and_what_it_has_computed_is_erased(world: World) -> None:
    asked = ask(world, LONG)
    process = start_backtest_process(world.configuration, asked.id)
    wait_until(lambda: now(world, asked)[0].total > 0)
    with world.engine.begin() as connection:
        end_backtest(connection, asked.id, "cancelled")
    assert process.wait(10) == 0
    kept, report = now(world, asked)
    assert (kept.state, report) == ("cancelled", None)
    with world.engine.begin() as connection:
        assert take_over_lost(connection) == []
    parts = world.configuration.home / "backtests" / "led" / asked.id
    parts.mkdir(parents=True, exist_ok=True)
    (parts / "left.arrow").touch()
    erased = erase_computed_parts(world.configuration, "led")
    assert erased.before >= 1
    assert erased.proved


def test_an_error_is_kept_in_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ask(world)
    for table in ("opportunity", "account", "case"):
        monkeypatch.setattr(world.sources["led"], table, [])
    (world.configuration.warehouse_file).rename(world.configuration.home / "away.duckdb")
    try:
        start_backtest_process(world.configuration, asked.id).wait(240)
    finally:
        (world.configuration.home / "away.duckdb").replace(world.configuration.warehouse_file)
    kept, _ = now(world, asked)
    assert kept.state == "failed"
    assert kept.error is not None
    assert "Traceback" not in kept.error


def test_the_command_line_prints_the_report_and_keeps_it(world: World) -> None:
    home = world.configuration.home
    asked = ("--from", "2024-06-01", "--to", "2025-10-01", "--every", "2 months", "--horizon", "150")
    done = run_command(home, "backtest", "led", *asked, "--gap", "20", "--json")
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    with reading(world.engine) as connection:
        kept = report_of_backtest(connection, "led", printed.pop("id"))
    assert kept is not None
    assert printed == kept.model_dump(mode="json")
    words = run_command(home, "backtest", "led", *asked)
    assert words.exit_code == 0, words.output
    assert "accounts that left" in words.stdout
    assert "Not enough outcomes" in words.stdout or "Of an account that left" in words.stdout
    refused = run_command(home, "backtest", "led", *asked[:4], "--every", "1 week")
    assert refused.exit_code == 1
    assert "no step" in refused.output
