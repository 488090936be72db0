"""The databases of an installation's home, looked at for damage."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.domain.damage import RESTORE, sqlite_damage, system_damage
from kpi_platform.domain.errors import Damaged, DestinationLocked

SQLITE_FILES = {
    "dashboard.db": "The dashboard database",
    "dagster/history/runs.db": "Dagster's storage",
    "dagster/history/runs/index.db": "Dagster's storage",
    "dagster/schedules/schedules.db": "Dagster's storage",
    "local_fivetran/state.db": "The state of the local Fivetran",
}
"""Databases of the home by path, each with its name for people. Dagster has one more for each run, which come
and go."""


def damaged_files(configuration: Configuration, *, thorough: bool = True) -> Iterator[Damaged]:
    """Yields the databases that cannot be read. A thorough look reads all of SQLite's (about a second a
    gigabyte) and the head of DuckDB's, another one the heads alone. A warehouse that somebody works with is
    left out, because that shows that it can be read."""
    for name, what in SQLITE_FILES.items():
        try:
            require_whole(configuration.home / name, what, thorough=thorough)
        except Damaged as damage:
            yield damage
    try:
        _require_warehouse(configuration.warehouse_file)
    except Damaged as damage:
        yield damage


def require_whole(file: Path, what: str, *, thorough: bool = True) -> None:
    """Raises Damaged if the SQLite database `file`, which a person calls `what`, cannot be read: whole, or
    only its head if the look is not `thorough`. A file that is not there is not damaged."""
    if not _is_there(file):
        return
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if thorough else "ok"
    except sqlite3.Error as cause:
        damage = sqlite_damage(cause, what, file)
        if damage is None:
            # It is in use, say.
            return
        raise damage from cause
    if found != "ok":
        raise Damaged(what, file, f"is damaged: {' '.join(found.split())}", next_step=RESTORE)


def _require_warehouse(file: Path) -> None:
    if _is_there(file):
        with suppress(DestinationLocked), duckdb_file.connect(file, read_only=True, wait_seconds=0):
            pass


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError as cause:
        raise system_damage(cause, file) or cause from cause
