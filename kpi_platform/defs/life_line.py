"""Whether the process of a run lives: it holds a lock, which the system frees however the process ends."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

HOST_TAG = "kpi/host"
"""Run tag: the machine on which a run goes on that no daemon has launched."""


@contextmanager
def life_line(home: Path, run_id: str) -> Iterator[None]:
    """Held for as long as the run goes on; `home` is DAGSTER_HOME. Raises Timeout if another process holds
    it."""
    file = _file(home, run_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file, timeout=0):
        _holder(file).write_text(f"{socket.gethostname()} {os.getpid()}")
        try:
            yield
        finally:
            _holder(file).unlink(missing_ok=True)
            # Only a process that is ended from outside leaves the file.
            file.unlink(missing_ok=True)


def process_of(home: Path, run_id: str) -> int | None:
    """Returns the id of the process in which the run goes on; None if it has ended, or is not on this
    machine."""
    file = _file(home, run_id)
    try:
        host, pid = _holder(file).read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if host == socket.gethostname() and not is_cut(home, run_id) else None


def is_cut(home: Path, run_id: str) -> bool:
    """True if the process was ended from outside. False if it lives, ended by itself, or is not known
    here, as on another machine."""
    file = _file(home, run_id)
    if not file.exists():
        return False
    try:
        with FileLock(file, timeout=0):
            pass
    except Timeout:
        return False
    # Whoever asks next is to hear the same.
    file.touch()
    return True


def _holder(file: Path) -> Path:
    return file.with_suffix(".pid")


def _file(home: Path, run_id: str) -> Path:
    return home / "processes" / f"{run_id}.lock"
