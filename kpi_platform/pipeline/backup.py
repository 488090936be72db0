"""Backup and restore of the embedded default: all local state as one file, with a checksum of each part.

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
from pathlib import Path, PurePosixPath
from typing import Any

import sqlalchemy as sa

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import current_revision, known_revisions, open_engine, upgrade
from kpi_platform.domain.errors import Conflict, InvalidInput

FORMAT = 1
MANIFEST = "manifest.json"
_CHUNK = 1 << 20
_DATA = ("dashboard.db", "warehouse.duckdb")
_LEFT_OUT_FOLDERS = ("dbt", "logs")
"""dbt's parsed project and the logs: made anew."""
_LEFT_OUT_ENDINGS = (".lock", "-wal", "-shm", "-journal", ".wal", ".part")


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. `revision` is the dashboard database's schema version (None: it had none yet),
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

    Raises InvalidInput where state lies in PostgreSQL (it has its own way), Conflict where `file` exists, and
    DestinationLocked where the warehouse stays in use."""
    _require_embedded(configuration)
    if file.exists():
        raise Conflict(f"{file} exists.", next_step="Name another file, or take that one away.")
    home = configuration.home
    if not home.is_dir():
        raise InvalidInput(f"{home} is no installation.", next_step="Check KPI_PLATFORM_HOME.")
    engine = open_engine(configuration.dashboard_database_url)
    files: dict[str, tuple[int, str]] = {}
    part = file.with_name(f"{file.name}.part")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
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
    finally:
        part.unlink(missing_ok=True)
        engine.dispose()
    return backup


def read_backup(file: Path) -> Backup:
    """What the backup says of itself. Raises InvalidInput where it is none, or one of a newer program."""
    try:
        with zipfile.ZipFile(file) as archive:
            document: dict[str, Any] = json.loads(archive.read(MANIFEST))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as cause:
        raise InvalidInput(
            f"{file} is no backup: {cause}", next_step="Name a file that `kpi-platform backup` has written."
        ) from cause
    if document.get("format") != FORMAT or document["revision"] not in (None, *known_revisions()):
        raise InvalidInput(
            f"{file} was made by kpi_platform {document.get('program')}, which is newer than this one.",
            next_step=f"Install kpi_platform {document.get('program')} or newer, and restore with it.",
        )
    created = datetime.fromisoformat(document["created_at"])
    files = {name: (size, digest) for name, (size, digest) in document["files"].items()}
    return Backup(FORMAT, document["program"], document["revision"], created, files)


def restore_backup(configuration: Configuration, file: Path, *, replace: bool = False) -> Path | None:
    """Puts the backup in place of the home and brings the dashboard database to this program's schema. What
    was there is kept beside it; answers where (None: there was nothing).

    Every checksum is verified before anything is touched. Raises InvalidInput where the file is damaged, and
    Conflict where there is state already and not `replace`. The platform must not be running.
    """
    _require_embedded(configuration)
    backup = read_backup(file)
    home = configuration.home
    occupied = home.is_dir() and any(home.iterdir())
    if occupied and not replace:
        raise Conflict(
            f"{home} holds an installation.",
            next_step="Give --replace to put the backup in its place and keep it beside, or another home.",
        )
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{home.name}.restoring-", dir=home.parent) as folder:
        fresh = Path(folder) / "home"
        _unpack(file, backup, fresh)
        _migrate(fresh)
        before = None
        if occupied:
            before = home.with_name(f"{home.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
            home.rename(before)
        elif home.exists():
            home.rmdir()
        fresh.rename(home)
    return before


def _require_embedded(configuration: Configuration) -> None:
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
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
    return size, digest.hexdigest()


def _unpack(file: Path, backup: Backup, folder: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        for name, expected in backup.files.items():
            place = PurePosixPath(name)
            if place.is_absolute() or ".." in place.parts:
                raise InvalidInput(f"{file} names a file outside the home: {name}.")
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                found = _extract(archive, name, target)
            except (KeyError, zipfile.BadZipFile) as cause:
                raise _damaged(file, name) from cause
            if found != expected:
                raise _damaged(file, name)


def _extract(archive: zipfile.ZipFile, name: str, target: Path) -> tuple[int, str]:
    """Only the owner may read what is unpacked: keys are among it."""
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with archive.open(name) as source, os.fdopen(descriptor, "wb") as sink:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            sink.write(chunk)
    return size, digest.hexdigest()


def _damaged(file: Path, name: str) -> InvalidInput:
    return InvalidInput(
        f"{file} is damaged: {name} is not what was backed up.", next_step="Restore another backup."
    )


def _migrate(home: Path) -> None:
    database = home / "dashboard.db"
    if database.exists():
        engine = open_engine(f"sqlite:///{database}")
        try:
            if current_revision(engine) is not None:
                upgrade(engine)
        finally:
            engine.dispose()
