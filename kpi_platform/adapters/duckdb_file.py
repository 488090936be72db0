"""The embedded warehouse file: one process at a time, with a wait instead of an error.

A process that has a DuckDB file open for writing shuts out every other one, readers included. All of ours
take the lock file beside the warehouse first, so that they queue instead of failing. Errors name the file
without its folder, for they are shown to people who have no business on the server.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from kpi_platform.domain.errors import DestinationLocked

DEFAULT_WAIT_SECONDS = 120.0


@contextmanager
def exclusive(path: Path, *, wait_seconds: float = DEFAULT_WAIT_SECONDS) -> Iterator[None]:
    """Holds the file's queue lock. Re-entrant in one thread. DestinationLocked after `wait_seconds`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{path}.lock", is_singleton=True)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as cause:
        raise _locked(path) from cause
    try:
        yield
    finally:
        lock.release()


@contextmanager
def connect(
    path: Path, *, read_only: bool = False, wait_seconds: float = DEFAULT_WAIT_SECONDS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A short connection to the file, alone. Waits for other processes, also for foreign ones that do not
    take the queue lock; raises DestinationLocked after `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    with exclusive(path, wait_seconds=wait_seconds):
        connection = _open(path, read_only, deadline)
        try:
            yield connection
        finally:
            connection.close()


def _open(path: Path, read_only: bool, deadline: float) -> duckdb.DuckDBPyConnection:
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only)
        except duckdb.IOException as cause:
            if "lock" not in str(cause).lower():
                raise
            if time.monotonic() >= deadline:
                raise _locked(path) from cause
            time.sleep(0.1)


def _locked(path: Path) -> DestinationLocked:
    return DestinationLocked(
        f"Another process holds the warehouse file {path.name}.",
        next_step="Close the program that has it open (a DuckDB shell or a notebook), and try again.",
    )
