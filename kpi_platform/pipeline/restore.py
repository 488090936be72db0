"""Restore of a backup: checked as a whole beside the home, and then put in its place.

A backup comes from outside. Its names, sizes, kinds and databases are data that may be wrong, or hostile:
until all of it has been found right, nothing but a folder of its own beside the home is written.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace as changed
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.database import current_revision, known_revisions, open_engine, upgrade
from kpi_platform.domain.damage import system_damage
from kpi_platform.domain.errors import Conflict, Damaged, InvalidInput
from kpi_platform.installation import known_id
from kpi_platform.pipeline.backup import CHUNK, FORMAT, MANIFEST, Backup, require_embedded
from kpi_platform.pipeline.state_files import require_whole

_MOST_FILES = 200_000
_MOST_MANIFEST_BYTES = 64 << 20
_UNREADABLE = (
    OSError, EOFError, ValueError, KeyError, OverflowError, RuntimeError, struct.error, zlib.error,
    zipfile.BadZipFile,
)  # fmt: skip
"""Exceptions of reading a file that is no zip, or a torn, encrypted or forged one."""


def read_backup(file: Path) -> Backup:
    """Reads the description in the backup. Raises InvalidInput if it is no backup, or one of a newer
    program."""
    if not file.is_file():
        raise _no_backup(file, "it is not a file" if file.exists() else "it does not exist")
    try:
        with zipfile.ZipFile(file) as archive:
            _require_plain(file, archive)
            document: dict[str, Any] = json.loads(archive.read(MANIFEST))
            _require_known_program(file, document)
            return TypeAdapter(Backup).validate_python(document)
    except ValidationError as cause:
        first = cause.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _no_backup(file, f"its {MANIFEST} is wrong at {place or 'its root'}: {first['msg']}") from cause
    except _UNREADABLE as cause:
        raise _no_backup(file, str(cause) or type(cause).__name__) from cause


def restore_backup(
    configuration: Configuration,
    file: Path,
    *,
    replace: bool = False,
    prepare: Callable[[Configuration], None] = lambda _: None,
) -> Path | None:
    """Puts the backup in place of the home and brings the dashboard database to this program's schema. What
    was there is kept beside it; answers where (None: there was nothing).

    Raises InvalidInput if the file is damaged or is not what it says, and Conflict if there is state
    already and not `replace`, or state of another installation; the home is then as it was. `prepare` gets
    the configuration of the new home before that is in its place. The platform must not be running.
    """
    require_embedded(configuration)
    backup = read_backup(file)
    home = configuration.home
    occupied = home.is_dir() and any(home.iterdir())
    if occupied and not replace:
        raise Conflict(
            f"{home} holds an installation.",
            next_step="Give --replace to put the backup in its place and keep it beside, or another home.",
        )
    home.parent.mkdir(parents=True, exist_ok=True)
    _require_room(backup, home.parent)
    with tempfile.TemporaryDirectory(prefix=f"{home.name}.restoring-", dir=home.parent) as folder:
        fresh = Path(folder) / "home"
        fresh.mkdir(mode=0o700)
        try:
            _unpack(file, backup, fresh)
        except _UNREADABLE as cause:
            refused = system_damage(cause, home.parent) if isinstance(cause, OSError) else None
            raise refused or _damaged(file, str(cause) or type(cause).__name__) from cause
        _require_same_installation(file, fresh, home)
        _require_databases(file, backup, fresh)
        _migrate(file, fresh)
        try:
            prepare(changed(configuration, home=fresh))
        except Exception as cause:
            raise _damaged(file, f"Dagster cannot open what it holds of it: {cause}") from cause
        return _put_in_place(fresh, home, occupied)


def _put_in_place(fresh: Path, home: Path, occupied: bool) -> Path | None:
    before = None
    if occupied:
        before = home.with_name(f"{home.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        home.rename(before)
    elif home.exists():
        home.rmdir()
    try:
        fresh.rename(home)
    except OSError:
        if before is not None:
            before.rename(home)
        raise
    return before


def _require_plain(file: Path, archive: zipfile.ZipFile) -> None:
    """Plain files alone, each once, with names below the home."""
    members = archive.infolist()
    if len(members) > _MOST_FILES:
        raise _no_backup(file, f"it has more than {_MOST_FILES:,} files")
    names = [one.filename for one in members]
    if len(set(names)) < len(names):
        raise _no_backup(file, "it holds a name twice")
    folders = {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}
    for one in members:
        place = PurePosixPath(one.filename)
        outside = place.is_absolute() or ".." in place.parts or place.as_posix() != one.filename
        if outside or one.filename in folders or "\\" in one.filename or not one.filename.isprintable():
            raise _no_backup(file, f"it names a file outside the home: {one.filename!r}")
        kind = stat.S_IFMT(one.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or one.is_dir():
            raise _no_backup(file, f"{one.filename} is not a plain file")
    if MANIFEST in names and archive.getinfo(MANIFEST).file_size > _MOST_MANIFEST_BYTES:
        raise _no_backup(file, f"its {MANIFEST} is too large")


def _require_known_program(file: Path, document: Any) -> None:
    if not isinstance(document, dict):
        raise _no_backup(file, f"its {MANIFEST} holds no object")
    known = (None, *known_revisions())
    if document.get("format") != FORMAT or document.get("revision") not in known:
        program = str(document.get("program"))[:40]
        raise InvalidInput(
            f"{file} was made by kpi_platform {program}, which is newer than this one.",
            next_step=f"Install kpi_platform {program} or newer, and restore with it.",
        )


def _require_room(backup: Backup, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if any(size < 0 for size, _ in backup.files.values()) or backup.size > free:
        raise InvalidInput(
            f"The backup needs {backup.size / 1e6:,.0f} MB; {folder} has {free / 1e6:,.0f} MB free.",
            next_step="Free space on that disk, or choose a home on another one (KPI_PLATFORM_HOME).",
        )


def _unpack(file: Path, backup: Backup, folder: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        held = set(archive.namelist()) - {MANIFEST}
        for name in sorted(held ^ set(backup.files)):
            lacking = "is missing" if name in backup.files else f"is not in its {MANIFEST}"
            raise _damaged(file, f"{name} {lacking}")
        for name, expected in backup.files.items():
            target = folder / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _extract(archive, name, target, expected[0]) != expected:
                raise _damaged(file, f"{name} is not what was backed up")


def _extract(archive: zipfile.ZipFile, name: str, target: Path, most: int) -> tuple[int, str]:
    """Size and digest of what was unpacked, `most` bytes and one chunk at most. Only the owner may read it:
    keys are among it."""
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with archive.open(name) as source, os.fdopen(descriptor, "wb") as sink:
        while size <= most and (chunk := source.read(CHUNK)):
            digest.update(chunk)
            size += len(chunk)
            sink.write(chunk)
    return size, digest.hexdigest()


def _require_same_installation(file: Path, fresh: Path, home: Path) -> None:
    theirs, ours = known_id(fresh), known_id(home)
    if theirs and ours and theirs != ours:
        raise Conflict(
            f"{file} is a backup of another installation than the one in {home}.",
            next_step="Restore it into another home (KPI_PLATFORM_HOME), or move that home away first.",
        )


def _require_databases(file: Path, backup: Backup, fresh: Path) -> None:
    """Every database can be read whole, and the dashboard's is of the version that the backup says."""
    for name in backup.files:
        if name.endswith(".db"):
            try:
                require_whole(fresh / name, "The database")
            except Damaged as damage:
                raise _damaged(file, damage.message.rstrip(".")) from damage
    try:
        if "warehouse.duckdb" in backup.files:
            with duckdb_file.connect(fresh / "warehouse.duckdb", read_only=True):
                pass
    except Damaged as damage:
        raise _damaged(file, damage.message.rstrip(".")) from damage
    found = _objects(fresh / "dashboard.db")
    revision = None
    if found:
        engine = open_engine(f"sqlite:///{fresh / 'dashboard.db'}")
        try:
            revision = current_revision(engine)
        finally:
            engine.dispose()
    if revision != backup.revision:
        have, said = revision or "none", backup.revision or "none"
        raise _damaged(file, f"its dashboard database has schema version {have}, not {said} as it says")
    if any(kind in ("trigger", "view") for kind, _ in found):
        raise _damaged(file, "its dashboard database holds triggers or views, which are not the platform's")


def _objects(database: Path) -> set[tuple[str, str]]:
    """Returns the parts of a SQLite database: (kind, name)."""
    if not database.exists():
        return set()
    with closing(sqlite3.connect(database)) as connection:
        return set(connection.execute("SELECT type, name FROM sqlite_master"))


def _migrate(file: Path, fresh: Path) -> None:
    database = fresh / "dashboard.db"
    if not _objects(database):
        return
    engine = open_engine(f"sqlite:///{database}")
    try:
        upgrade(engine)
    except Exception as cause:
        raise _damaged(file, f"its dashboard database cannot be brought to this version: {cause}") from cause
    finally:
        engine.dispose()
    there = {name for kind, name in _objects(database) if kind == "table" and not name.startswith("sqlite_")}
    for name in sorted(there ^ {*tables.metadata.tables, "alembic_version"}):
        fault = "holds a table that is not the platform's" if name in there else "lacks a table"
        raise _damaged(file, f"its dashboard database {fault}: {name}")


def _no_backup(file: Path, reason: str) -> InvalidInput:
    return InvalidInput(
        f"{file} is no backup: {_line(reason)}.",
        next_step="Name a file that `kpi-platform backup` has written.",
    )


def _damaged(file: Path, reason: str) -> InvalidInput:
    return InvalidInput(f"{file} is damaged: {_line(reason)}.", next_step="Restore another backup.")


def _line(reason: str) -> str:
    return " ".join(reason.split())[:300].rstrip(".")
