"""A process of ours ends at once, and as it would have ended."""

import os
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from kpi_platform.process import GIVES_WAY, in_background

COMMAND = """
import atexit
from kpi_platform.process import run

atexit.register(print, "before anything")

def command():
    atexit.register(print, "closed")
    print("done")
    {end}

run(command)
"""


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        ("return None", 0, ""),
        ("return 3", 3, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit(2)", 2, ""),
        ("raise SystemExit('no such customer')", 1, "no such customer"),
        ("raise ValueError('broken')", 1, "ValueError: broken"),
    ],
)
def test_a_command_ends_with_its_code_once_what_it_opened_is_closed(end: str, code: int, said: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND.format(end=end)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == code
    assert said in ended.stderr
    # What was registered before the command is not ours to close.
    assert ended.stdout.splitlines() == ["done", "closed"]


def test_what_runs_in_the_background_answers_fails_and_sees_the_context_as_if_called() -> None:
    word: ContextVar[str] = ContextVar("word", default="nothing")
    token = word.set("said")
    try:
        with in_background() as call:
            assert call(word.get) == "said"
            assert call(max, 2, 3) == 3
            with pytest.raises(ZeroDivisionError):
                call(divmod, 1, 0)
    finally:
        word.reset(token)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_the_background_gives_way_and_whoever_waits_for_it_does_not() -> None:
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def mine() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    with in_background() as call:
        assert call(mine) == max(before, GIVES_WAY)
    assert mine() == before


@pytest.mark.skipif(sys.platform != "linux", reason="DuckDB has that allocator on Linux alone")
@pytest.mark.parametrize("said", [None, "dirty_decay_ms:500"])
def test_duckdb_keeps_for_a_minute_what_it_frees_unless_it_is_told_otherwise(said: str | None) -> None:
    command = """
import os
from kpi_platform.process import tune_memory

tune_memory()
os.environ["DUCKDB_JE_MALLOC_CONF"] += ",stats_print:true"
import duckdb
"""
    environment = {**os.environ, "DUCKDB_JE_MALLOC_CONF": said or ""}
    if said is None:
        del environment["DUCKDB_JE_MALLOC_CONF"]
    ended = subprocess.run(
        [sys.executable, "-c", command], env=environment, capture_output=True, text=True, check=True
    )
    assert f"opt.dirty_decay_ms: {500 if said else 60000}" in ended.stderr


def test_the_code_location_tunes_memory_before_it_imports_duckdb() -> None:
    command = """
import sys
from kpi_platform import process

process.tune_memory = lambda: print("duckdb" in sys.modules)
import kpi_platform.definitions
"""
    ended = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"
