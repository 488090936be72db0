"""Errors of the operating system and of SQLite about a file, with a next step.

Each function answers None for an error that says nothing about a file, such as a lost network connection.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from kpi_platform.domain.errors import Damaged

RESTORE = "Put a backup in its place: kpi-platform restore FILE --replace."
UNNAMED_DATABASE = "A database in"
_RIGHTS = "Give the user that runs kpi-platform the right to read and write it."
_ROOM = "Free space on its disk, and do it again."
_DISK = "Check the disk, then put a backup in its place: kpi-platform restore FILE --replace."
_ELSEWHERE = "Move that file away, or name another folder."

_SYSTEM = {
    errno.ENOSPC: ("cannot be written: the disk is full", _ROOM),
    errno.EDQUOT: ("cannot be written: the disk quota is used up", _ROOM),
    errno.EFBIG: ("cannot grow: the limit of a file's size is reached", "Raise the limit: ulimit -f."),
    errno.EROFS: ("cannot be written: its file system is read-only", "Mount it for writing."),
    errno.EACCES: ("cannot be used: permission denied", _RIGHTS),
    errno.EPERM: ("cannot be used: the operation is not permitted", _RIGHTS),
    errno.EIO: ("cannot be read or written: the disk fails", _DISK),
    errno.ENOTDIR: ("cannot be used: a file lies where a folder is expected", _ELSEWHERE),
    errno.EEXIST: ("is a file, not a folder", _ELSEWHERE),
    errno.EISDIR: ("is a folder, not a file", "Move that folder away."),
    errno.ELOOP: ("cannot be used: it is a link to itself", "Remove the link."),
    errno.ENAMETOOLONG: ("cannot be used: its name is too long", "Name a shorter path."),
}
_SQLITE = {
    sqlite3.SQLITE_NOTADB: ("is damaged: it is not a SQLite database", RESTORE),
    sqlite3.SQLITE_CORRUPT: ("is damaged: SQLite cannot read all of it", RESTORE),
    sqlite3.SQLITE_FULL: _SYSTEM[errno.ENOSPC],
    sqlite3.SQLITE_READONLY: ("cannot be written: it is read-only", _RIGHTS),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", _RIGHTS),
    sqlite3.SQLITE_PERM: _SYSTEM[errno.EACCES],
    sqlite3.SQLITE_IOERR: ("cannot be read or written: the disk is full or fails", "Check the disk."),
}


def damage_of(error: BaseException, somewhere: Path) -> Damaged | None:
    """Returns the damage that `error`, or an error that caused it, reports. `somewhere` is the folder to name
    if the error does not name a file."""
    for one in _with_causes(error):
        if isinstance(one, Damaged):
            return one
        found = None
        if isinstance(one, OSError):
            found = system_damage(one, somewhere)
        elif isinstance(one, sqlite3.Error):
            found = sqlite_damage(one, UNNAMED_DATABASE, somewhere)
        if found is not None:
            return found
    return None


def system_damage(error: OSError, somewhere: Path) -> Damaged | None:
    """Returns the operating system's refusal of a file."""
    # Errors of the network carry numbers of their own; those below are only of files.
    if error.errno not in _SYSTEM:
        return None
    reason, next_step = _SYSTEM[error.errno]
    if isinstance(error.filename, str | bytes):
        return Damaged("", Path(_text(error.filename)), reason, next_step=next_step)
    return Damaged("A file in", somewhere, reason, next_step=next_step)


def sqlite_damage(error: BaseException | None, what: str, file: Path) -> Damaged | None:
    """Returns what is wrong with the SQLite database `file`, which a person knows as `what`. A database that
    is locked is not damaged."""
    # The lower byte is the kind, the higher ones are its detail.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code not in _SQLITE:
        return None
    reason, next_step = _SQLITE[code]
    return Damaged(what, file, reason, next_step=next_step)


def text_damage(text: str, what: str, file: Path) -> Damaged | None:
    """Returns the operating system's refusal of `file`, which a person knows as `what`, that a library's
    message repeats."""
    for number, (reason, next_step) in _SYSTEM.items():
        if os.strerror(number) in text:
            return Damaged(what, file, reason, next_step=next_step)
    return None


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
