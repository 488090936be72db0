"""The dashboard databases that an installation has had, so that an emptied one is not taken for a new one.

The file `dashboard.made` in the home names each, one a line: a SQLite file by its path below the home, others
by their address without credentials. Databases that are opened without a home are not watched.
"""

import logging
from pathlib import Path

import sqlalchemy as sa

from kpi_platform.domain.errors import Damaged

MADE = "dashboard.made"
DATABASE = "The dashboard database"

_log = logging.getLogger(__name__)


def note_made(engine: sa.Engine) -> None:
    """Notes that the database has tables."""
    home = _home(engine)
    if home is None or _was_made(engine, home):
        return
    try:
        with (home / MADE).open("a") as file:
            file.write(f"{_place(engine, home)}\n")
    except OSError as error:
        # The database itself is fine, and on the next occasion it is noted.
        _log.warning("Cannot note in %s that the dashboard database was made: %s", home / MADE, error)


def refuse_missing(engine: sa.Engine) -> None:
    """Raises Damaged if the SQLite file is gone, before SQLite makes an empty one in its place."""
    home = _home(engine)
    if home is None or engine.dialect.name != "sqlite" or engine.url.database is None:
        return
    if _was_made(engine, home) and not Path(engine.url.database).exists():
        raise _lost(engine, home, "is gone")


def refuse_empty(engine: sa.Engine) -> None:
    """Raises Damaged if the database has no tables, although it had some."""
    home = _home(engine)
    if home is None or not _was_made(engine, home):
        return
    with engine.connect() as connection:
        there = sa.inspect(connection.execution_options(read_only=True)).get_table_names()
    if not set(there) - {"alembic_version"}:
        raise _lost(engine, home, "is empty, although it was in use before")


def _lost(engine: sa.Engine, home: Path, reason: str) -> Damaged:
    return Damaged(
        DATABASE,
        Path(engine.url.database or ""),
        reason,
        next_step="Restore a backup: kpi-platform restore FILE --replace. "
        f"To begin without data instead, remove the file {MADE} from {home.name}.",
    )


def _home(engine: sa.Engine) -> Path | None:
    home: Path | None = engine.get_execution_options().get("home")
    return home


def _was_made(engine: sa.Engine, home: Path) -> bool:
    try:
        return _place(engine, home) in (home / MADE).read_text().splitlines()
    except FileNotFoundError:
        return False


def _place(engine: sa.Engine, home: Path) -> str:
    if engine.dialect.name == "sqlite":
        file = Path(engine.url.database or "")
        return str(file.relative_to(home) if file.is_relative_to(home) else file)
    return engine.url.set(username=None, password=None).render_as_string()
