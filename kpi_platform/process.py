"""How a process of ours begins and ends."""

import atexit
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

GIVES_WAY = 5
"""Niceness of work in the background: a third of the time of what it competes with."""

_code = 0
"""With which the process ends."""


def tune_memory() -> None:
    """Has Python look for garbage after more than 700 new objects: Dagster and dbt make millions that stay,
    and looking through them was an eighth of a refresh. Has DuckDB keep for a minute what it frees, where
    nobody has said otherwise; getting it anew from the system was a twentieth. Before DuckDB is imported."""
    gc.set_threshold(50_000, 20, 20)
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "dirty_decay_ms:60000")


def begin() -> None:
    """For the start of a process: its memory is tuned, and it ends as soon as all that is to be closed is
    closed. Taking apart what Dagster and dbt hold takes two seconds."""
    tune_memory()
    # Who registers first is called last.
    atexit.register(_leave)


def run(command: Callable[[], int | None]) -> None:
    """Begins, runs the command and ends with what it returns, or with the code of its SystemExit."""
    global _code
    _code = 1
    # Until the command knows better (KPI_UMASK): whatever is made is its owner's alone.
    os.umask(0o077)
    begin()
    try:
        _code = command() or 0
    except SystemExit as end:
        _code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


@contextmanager
def in_background() -> Iterator[Callable[..., Any]]:
    """What it gives calls a function with its arguments and waits for it. On Linux others are given the
    processor first: builds that many wait for, and pages. An interruption lets a call come to its end."""
    with ThreadPoolExecutor(1, initializer=_give_way) as thread:
        yield lambda work, *arguments: thread.submit(copy_context().run, work, *arguments).result()


def _give_way() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVES_WAY)


def _leave() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_code)
