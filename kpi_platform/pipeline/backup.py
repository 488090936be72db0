"""Backup of the embedded default: all local state as one file, with a checksum of each part.

Copies are taken while the platform works. What says that something was done is copied before what was done:
Dagster and the local Fivetran first, then dashboard and warehouse together, while nobody writes to either. So
a restored installation may do something again, which changes nothing, and never believes in what it lacks.
"""

import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import (
    current_revision,
    open_dashboard,
)
from kpi_platform.dashboard.made import refuse_empty
from kpi_platform.domain.damage import system_damage
from kpi_platform.domain.errors import Conflict, InvalidInput

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20
_DATA = ("dashboard.db", "warehouse.duckdb")
_LEFT_OUT_FOLDERS = ("dbt", "logs")
"""dbt's parsed project and the logs, which are made again."""
_LEFT_OUT_ENDINGS = (".lock", "-wal", "-shm", "-journal", ".wal", ".part", ".reads")


@dataclass(frozen=True, slots=True)
class Backup:
    """The content of a backup. `revision` is the dashboard database's schema version (None: it had none yet),
    `files` maps a path below the home to its size in bytes and its SHA-256."""

    format: int
    program: str
    revision: str | None
    created_at: datetime
    files: dict[str, tuple[int, str]]

    @property
    def size(self) -> int:
        return sum(size for size, _ in self.files.values())


def write_backup(configuration: Configuration, file: Path) -> Backup:
    """Writes all local state to `file`, a zip, which is there whole or not at all.

    Raises InvalidInput if state lies in PostgreSQL (it has its own way), Conflict if `file` exists, and
    DestinationLocked if the warehouse stays in use."""
    require_embedded(configuration)
    if file.exists():
        raise Conflict(f"{file} exists.", next_step="Name another file, or take that one away.")
    home = configuration.home
    if not home.is_dir():
        raise InvalidInput(f"{home} is no installation.", next_step="Check KPI_PLATFORM_HOME.")
    engine = open_dashboard(configuration)
    refuse_empty(engine)
    files: dict[str, tuple[int, str]] = {}
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with (
            _only_for_owner(part) as target,
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            for path in _records(home):
                _pack(archive, home, path, files)
            with _still(configuration, engine):
                revision = current_revision(engine)
                for name in _DATA:
                    if (home / name).exists():
                        _pack(archive, home, home / name, files)
            backup = Backup(FORMAT, version("kpi_platform"), revision, datetime.now(UTC), files)
            document = asdict(backup) | {"created_at": backup.created_at.isoformat()}
            archive.writestr(MANIFEST, json.dumps(document, indent=2))
        part.replace(file)
    except OSError as cause:
        raise system_damage(cause, file.parent) or cause from cause
    finally:
        part.unlink(missing_ok=True)
        engine.dispose()
    return backup


@contextmanager
def _only_for_owner(file: Path) -> Iterator[BinaryIO]:
    """The new file, readable by its owner alone: a backup holds keys. On disk when the block ends."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        yield target
        target.flush()
        os.fsync(target.fileno())


def require_embedded(configuration: Configuration) -> None:
    """Raises InvalidInput if state of the installation lies outside of its home."""
    elsewhere = {"DASHBOARD_DATABASE_URL": "dashboard database", "DAGSTER_DATABASE_URL": "Dagster's storage"}
    expected = f"sqlite:///{configuration.home / 'dashboard.db'}"
    for name, what in elsewhere.items():
        if configuration.get(name) not in (None, expected):
            raise InvalidInput(
                f"The {what} is not in the home but where {name} says.",
                next_step="Back it up with its own tools: docs/operations.md shows the commands.",
            )


def _records(home: Path) -> Iterator[Path]:
    """Every file below the home but the data, in order."""
    for path in sorted(home.rglob("*")):
        inside = path.relative_to(home)
        if (
            path.is_file()
            and not path.is_symlink()
            and inside.parts[0] not in _LEFT_OUT_FOLDERS
            and not path.name.endswith(_LEFT_OUT_ENDINGS)
            and str(inside) not in _DATA
        ):
            yield path


@contextmanager
def _still(configuration: Configuration, engine: sa.Engine) -> Iterator[None]:
    """Nobody writes to dashboard or warehouse in the block."""
    with duckdb_file.exclusive(configuration.warehouse_file), engine.begin():
        if configuration.warehouse_file.exists():
            with duckdb_file.connect(configuration.warehouse_file) as warehouse:
                warehouse.execute("CHECKPOINT")
        yield


def _pack(archive: zipfile.ZipFile, home: Path, path: Path, files: dict[str, tuple[int, str]]) -> None:
    name = path.relative_to(home).as_posix()
    if path.suffix == ".db":
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / path.name
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            files[name] = _add(archive, copy, name)
    else:
        try:
            files[name] = _add(archive, path, name)
        except FileNotFoundError:
            # A log that ended its life in between.
            return


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
    return size, digest.hexdigest()
