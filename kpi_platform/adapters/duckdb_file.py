"""The embedded warehouse file: one process at a time, with a wait instead of an error.

A process that has a DuckDB file open for writing shuts out every other one, readers included. All of ours
take the lock file beside the warehouse first, so that they queue instead of failing. Errors name the file
without its folder, for they are shown to people who have no business on the server.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import duckdb
from filelock import FileLock, Timeout

from kpi_platform.adapters.duckdb_elsewhere import Elsewhere, Found, Gone, answering, find
from kpi_platform.domain.damage import RESTORE, text_damage
from kpi_platform.domain.errors import Damaged, DestinationLocked

DEFAULT_WAIT_SECONDS = 120.0
_MOMENT_SECONDS = 0.1

_WAREHOUSE = "The warehouse file"
_TORN = ("not a valid DuckDB database file", "Corrupt database file", "Could not read enough bytes")

_log = logging.getLogger(__name__)

_kept_open: dict[Path, duckdb.DuckDBPyConnection] = {}
"""Looked into by holders of the file's lock alone."""


@contextmanager
def exclusive(path: Path, *, wait_seconds: float = DEFAULT_WAIT_SECONDS) -> Iterator[None]:
    """Holds the file's queue lock. Re-entrant in one thread. Who has to wait says so in the log;
    DestinationLocked after `wait_seconds`."""
    lock = _queue(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        _log.info("Waiting for the warehouse file %s, at most %d s: another has it.", path.name, wait_seconds)
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
    """Gives a short connection to the file, alone. Waits for other processes, also for foreign ones that do
    not take the queue lock; raises DestinationLocked after `wait_seconds`, and Damaged if the file cannot
    be read or written."""
    deadline = time.monotonic() + wait_seconds
    with exclusive(path, wait_seconds=wait_seconds):
        kept = _kept_open.get(path)
        with (
            _naming_damage(path),
            closing(kept.cursor() if kept else _open(path, read_only, deadline)) as connection,
        ):
            yield connection


@contextmanager
def reading(
    path: Path, *, wait_seconds: float = DEFAULT_WAIT_SECONDS
) -> Iterator["duckdb.DuckDBPyConnection | Beside"]:
    """Gives what `connect` gives, to read; if a build has the file open, what asks its process instead of
    waiting for its end. Raises as `connect`."""
    deadline = time.monotonic() + wait_seconds
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(_held(_queue(path)))
            except Timeout as cause:
                if elsewhere := find(path):
                    yield Beside(path, elsewhere, deadline)
                    return
                if time.monotonic() > deadline:
                    raise _locked(path) from cause
            else:
                left = max(0.0, deadline - time.monotonic())
                yield stack.enter_context(connect(path, read_only=True, wait_seconds=left))
                return


@dataclass(frozen=True, slots=True)
class Beside:
    """Reads as a connection does: asks the process that has the file open, and reads the file itself if that
    process closes it before it has answered."""

    path: Path
    elsewhere: Elsewhere
    deadline: float

    def sql(self, statement: str, params: Sequence[Any] | None = None) -> Found:
        try:
            return self.elsewhere.sql(statement, params)
        except Gone:
            left = max(0.0, self.deadline - time.monotonic())
            with reading(self.path, wait_seconds=left) as connection:
                return Found(connection.sql(statement, params=params).to_arrow_table())

    def cursor(self) -> Self:
        return self

    def close(self) -> None:
        """Does nothing: each statement has a connection of its own."""


@contextmanager
def kept_open(path: Path, *, wait_seconds: float = DEFAULT_WAIT_SECONDS) -> Iterator[None]:
    """Holds the file's queue lock and keeps the file, if it exists, open: with the tables of a thousand
    customers each opening takes a fifth of a second. Code of this process that opens it then must open it for
    writing, without a configuration of its own, or by `connect`. Waits `wait_seconds` for others of ours, but
    for foreign processes, which do not queue, no longer than by default."""
    with exclusive(path, wait_seconds=wait_seconds):
        deadline = time.monotonic() + min(wait_seconds, DEFAULT_WAIT_SECONDS)
        if path in _kept_open or not path.exists():
            yield
            return
        with _naming_damage(path), closing(_open(path, False, deadline)) as connection:
            _kept_open[path] = connection
            try:
                with answering(path, connection):
                    yield
            finally:
                del _kept_open[path]


@contextmanager
def kept_to_read(path: Path, *, wait_seconds: float = DEFAULT_WAIT_SECONDS) -> Iterator[None]:
    """Keeps the file open for several reads of this thread by `connect`, as `kept_open` does for a build."""
    deadline = time.monotonic() + wait_seconds
    with exclusive(path, wait_seconds=wait_seconds):
        if path in _kept_open:
            yield
            return
        with _naming_damage(path), closing(_open(path, True, deadline)) as connection:
            _kept_open[path] = connection
            try:
                yield
            finally:
                del _kept_open[path]


def _queue(path: Path) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(f"{path}.lock", is_singleton=True)


@contextmanager
def _held(lock: FileLock) -> Iterator[None]:
    """Holds the lock if it is free within a moment."""
    lock.acquire(timeout=_MOMENT_SECONDS)
    try:
        yield
    finally:
        lock.release()


def _open(path: Path, read_only: bool, deadline: float) -> duckdb.DuckDBPyConnection:
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only)
        except duckdb.IOException as cause:
            if "Could not set lock on file" not in str(cause):
                raise
            if time.monotonic() >= deadline:
                raise _locked(path) from cause
            time.sleep(0.1)


@contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    """Turns what DuckDB says of a damaged file into Damaged."""
    try:
        yield
    except duckdb.Error as cause:
        damage = text_damage(str(cause), _WAREHOUSE, path)
        if damage is None and any(text in str(cause) for text in _TORN):
            reason = "is damaged: it is not a whole DuckDB database"
            damage = Damaged(_WAREHOUSE, path, reason, next_step=RESTORE)
        if damage is None:
            raise
        raise damage from cause


def _locked(path: Path) -> DestinationLocked:
    return DestinationLocked(
        f"Another process holds the warehouse file {path.name}.",
        next_step="Close the program that has it open (a DuckDB shell or a notebook), and try again.",
    )
