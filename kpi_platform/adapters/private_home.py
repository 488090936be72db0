"""The home is its owner's alone: databases, keys and logs hold the data of all customers."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration

VARIABLE = "KPI_UMASK"
_OURS = (
    "dashboard.db*",
    "warehouse.duckdb*",
    "*_key",
    "*.lock",
    "dagster",
    "dbt",
    "local_fivetran",
    "logs",
)
"""Files of the platform in its home. It leaves other files in that folder alone."""


@dataclass(frozen=True, slots=True)
class OpenPath:
    """A file or folder that more may read or change than should. `is_own`: of the user that asks."""

    path: Path
    mode: int
    is_own: bool


def umask_of(configuration: Configuration) -> int:
    """Returns the umask of the platform's files: 077, or as KPI_UMASK says, for
    processes of several users that share the home as a group (007). MissingConfiguration for a malformed one,
    and for one that lets everybody in."""
    text = configuration.get(VARIABLE) or "077"
    umask = int(text, 8) if text.isdecimal() and set(text) <= set("01234567") and len(text) <= 4 else -1
    if umask & 0o707 != 0o007:
        raise MissingConfiguration(
            f"{VARIABLE} is '{text}', which is no umask that closes files to all others and to nobody else.",
            next_step="Leave it out, or set it to 007 for users that share the home as a group.",
        )
    return umask


def keep_private(configuration: Configuration) -> None:
    """Makes everything that this process creates private, and closes existing paths that are too open, if
    this user owns them. Called at its start; `open_paths` names the others."""
    umask = umask_of(configuration)
    os.umask(umask)
    home = configuration.home
    first = (home, *(path for pattern in _OURS for path in home.glob(pattern)))
    if not any(one for path in first for one in _open(path, umask)):
        # Nobody comes through a closed folder: at each start, what is deeper in it is not looked at.
        return
    for one in open_paths(configuration):
        with suppress(OSError):
            if one.is_own:
                one.path.chmod(one.mode & ~umask)


def open_paths(configuration: Configuration) -> Iterator[OpenPath]:
    """Returns the paths that are too open, of the home, of all that the platform keeps in it, and of a SQLite
    database elsewhere."""
    import sqlalchemy as sa

    umask, home = umask_of(configuration), configuration.home
    yield from _open(home, umask)
    for path in _kept(home):
        yield from _open(path, umask)
    url = sa.make_url(configuration.dashboard_database_url)
    if url.get_backend_name() == "sqlite" and url.database and home not in Path(url.database).parents:
        for ending in ("", "-wal", "-shm"):
            yield from _open(Path(url.database + ending), umask)


def _kept(home: Path) -> Iterator[Path]:
    for pattern in _OURS:
        for path in home.glob(pattern):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from path.rglob("*")


def _open(path: Path, umask: int) -> Iterator[OpenPath]:
    with suppress(OSError):
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        if mode & umask & 0o777 and not stat.S_ISLNK(found.st_mode):
            yield OpenPath(path, mode, found.st_uid == os.geteuid())
