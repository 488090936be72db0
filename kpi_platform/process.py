"""The begin and the end of our processes."""

import atexit
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TextIO

GIVES_WAY = 5
"""Niceness of work in the background: a third of the time of what it competes with."""

_code = 0
"""The exit code of the process."""


def tune_memory() -> None:
    """Makes Python collect garbage less often than after 700 new objects: Dagster and dbt make millions that
    stay, and scanning them was an eighth of a refresh. Makes DuckDB keep freed memory for a minute, unless
    the environment says otherwise: getting it again from the system was a twentieth. Call it before DuckDB is
    imported."""
    gc.set_threshold(50_000, 20, 20)
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "dirty_decay_ms:60000")


def begin() -> None:
    """Tunes the memory of a process at its start, and makes it end as soon as everything is closed that must
    be. Freeing the objects of Dagster and dbt one by one would take two seconds."""
    tune_memory()
    # The function that is registered first is called last.
    atexit.register(_leave)


def run(command: Callable[[], int | None]) -> None:
    """Begins, runs the command and ends with what it returns, or with the code of its SystemExit."""
    global _code
    _code = 1
    # Until the command has read KPI_UMASK, new files are their owner's alone.
    os.umask(0o077)
    begin()
    try:
        _code = command() or 0
    except SystemExit as end:
        _code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


def alone_on_output() -> TextIO:
    """Returns the process's output for its answers alone. Whatever else prints goes to its errors, which are
    in the log of who has started it."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


@contextmanager
def in_background() -> Iterator[Callable[..., Any]]:
    """Gives a function that calls another with its arguments in the background, and waits for it. On Linux
    such a call gets a lower priority than builds that many wait for, and pages. An interruption lets it end
    first."""
    with ThreadPoolExecutor(1, initializer=_give_way) as thread:
        yield lambda work, *arguments: thread.submit(copy_context().run, work, *arguments).result()


def _give_way() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVES_WAY)


def _leave() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_code)
