"""The order of those who write to a SQLite database: people before loads.

SQLite lets one write at a time, and those who wait look again every tenth of a second: loads that follow each
other would take the lock again and again before somebody who saves a form. So whoever waits holds a shared
lock on a file beside the database meanwhile, and a load begins when nobody does.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST_SECONDS = 10.0
"""After this a load begins although somebody waits: a stream of short writes must not keep it for ever."""

_LOOK_SECONDS = 0.005


@contextmanager
def waiting(database: Path) -> Iterator[None]:
    """Notes for the time of the block that somebody waits for `database` whom loads let go first."""
    with _note(database) as note:
        if note is not None:
            # Nobody holds it alone for longer than a look.
            fcntl.flock(note, fcntl.LOCK_SH)
        yield


def let_others_first(database: Path, longest_seconds: float = LONGEST_SECONDS) -> None:
    """Returns once nobody is `waiting` for `database`, or after so many seconds."""
    deadline = time.monotonic() + longest_seconds
    with _note(database) as note:
        while note is not None:
            try:
                fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return
                time.sleep(_LOOK_SECONDS)
            else:
                return


@contextmanager
def _note(database: Path) -> Iterator[int | None]:
    """The file beside the database; None if its place cannot be written, which the database itself says."""
    try:
        note = os.open(f"{database}.turn.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        yield None
        return
    try:
        yield note
    finally:
        os.close(note)
