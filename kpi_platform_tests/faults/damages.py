"""The damages that the files of an installation can take."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from kpi_platform_tests.faults.disks import fill, ordinary_rights, read_only, small_disk

Inflict = Callable[[Path, Path], AbstractContextManager[object]]
"""Puts a copy of the sound home (first) at the path (second), damaged as long as the block lasts."""


@dataclass(frozen=True, slots=True)
class Damage:
    """`named` is what a sentence about it must hold."""

    name: str
    named: str
    inflict: Inflict


def _changed(change: Callable[[Path], object]) -> Inflict:
    def inflict(sound: Path, home: Path) -> AbstractContextManager[object]:
        shutil.copytree(sound, home)
        change(home)
        return nullcontext()

    return inflict


def _overwritten(name: str) -> Inflict:
    return _changed(lambda home: [_overwrite(file) for file in home.glob(name)])


def _overwrite(file: Path) -> None:
    file.write_bytes(os.urandom(max(file.stat().st_size, 4096)))
    for suffix in ("-wal", "-shm", ".wal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _torn(file: Path) -> None:
    """Its middle is written over, its head is as it was."""
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[4096:middle] = os.urandom(middle - 4096)
    file.write_bytes(content)


def _without_tables(home: Path) -> None:
    file = home / "dashboard.db"
    file.unlink()
    import sqlite3

    with sqlite3.connect(file) as connection:
        connection.execute("create table t (n)")
        connection.execute("drop table t")
    connection.close()


@contextmanager
def _full_disk(sound: Path, home: Path) -> Iterator[None]:
    size = sum(file.stat().st_size for file in sound.rglob("*") if file.is_file())
    with small_disk(home, size // 1024 + 512):
        shutil.copytree(sound, home, dirs_exist_ok=True)
        fill(home)
        yield


@contextmanager
def _read_only_home(sound: Path, home: Path) -> Iterator[None]:
    shutil.copytree(sound, home)
    with read_only(home):
        yield


@contextmanager
def _read_only_files(sound: Path, home: Path) -> Iterator[None]:
    shutil.copytree(sound, home)
    for file in home.rglob("*"):
        if file.is_file():
            file.chmod(0o400)
    with ordinary_rights():
        yield


@contextmanager
def _no_rights(sound: Path, home: Path) -> Iterator[None]:
    shutil.copytree(sound, home)
    home.chmod(0)
    try:
        with ordinary_rights():
            yield
    finally:
        home.chmod(0o700)


def _file(_: Path, home: Path) -> AbstractContextManager[object]:
    home.write_text("this is no folder")
    return nullcontext()


DASHBOARD = (
    Damage(
        "an empty dashboard.db",
        "dashboard.db",
        _changed(lambda home: (home / "dashboard.db").write_bytes(b"")),
    ),
    Damage(
        "a dashboard.db that is gone", "dashboard.db", _changed(lambda home: (home / "dashboard.db").unlink())
    ),
    Damage("a dashboard.db without tables", "dashboard.db", _changed(_without_tables)),
    Damage("an overwritten dashboard.db", "dashboard.db", _overwritten("dashboard.db")),
    Damage("a torn dashboard.db", "dashboard.db", _changed(lambda home: _torn(home / "dashboard.db"))),
)
HOME = (
    Damage("a home that is a file", "home", _file),
    Damage("a home without rights", "home", _no_rights),
    Damage("a read-only home", "home", _read_only_home),
    Damage("read-only files", "home", _read_only_files),
    Damage("a full disk", "home", _full_disk),
)
WAREHOUSE = (
    Damage("an overwritten warehouse", "warehouse.duckdb", _overwritten("warehouse.duckdb")),
    Damage(
        "an empty warehouse",
        "warehouse.duckdb",
        _changed(lambda home: (home / "warehouse.duckdb").write_bytes(b"")),
    ),
)
DAGSTER = (Damage("an overwritten Dagster storage", ".db", _overwritten("dagster/**/*.db")),)
DAMAGES = (*DASHBOARD, *HOME, *WAREHOUSE, *DAGSTER)
