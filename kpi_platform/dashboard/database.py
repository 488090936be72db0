"""Opening the dashboard database, and bringing its schema to the version of this program."""

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.made import DATABASE, note_made, refuse_empty, refuse_missing
from kpi_platform.dashboard.precedence import let_others_first, waiting
from kpi_platform.domain.damage import damage_of, sqlite_damage
from kpi_platform.domain.errors import MissingConfiguration, SchemaOutOfDate, Unavailable

_log = logging.getLogger(__name__)

_BUSY_TIMEOUT_MS = 300_000
"""A load of the largest customers may hold a SQLite database for minutes; others queue."""
_MIGRATIONS = Path(__file__).parent / "migrations"


def open_dashboard(configuration: Configuration) -> sa.Engine:
    """Returns the installation's dashboard database: an `open_engine` that knows whether it was there
    before."""
    return open_engine(configuration.dashboard_database_url, home=configuration.home)


def open_engine(url: str, *, home: Path | None = None) -> sa.Engine:
    """Returns an engine for `url` (SQLite or PostgreSQL). Opens no connection yet; creates a SQLite file's
    folder. With `home`, an empty database is refused if the home says that it had tables (see `made.py`). Any
    statement raises Damaged if a SQLite file cannot be read or written.

    A SQLite transaction begins as a writer (BEGIN IMMEDIATE), so that two writers queue instead of failing
    half way; those that only read use `reading`.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as cause:
        raise _malformed() from cause
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return sa.create_engine(
            parsed, pool_pre_ping=True, connect_args={"options": "-c timezone=UTC"},
            execution_options={"home": home},
        )  # fmt: skip
    if backend != "sqlite":
        raise _malformed()
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, execution_options={"home": home})
    sa.event.listen(engine, "handle_error", partial(_name_damage, Path(parsed.database or ":memory:")))
    sa.event.listen(engine, "do_connect", lambda *_: refuse_missing(engine))
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", partial(_begin_immediate, _file_of(parsed)))
    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Gives a connection that only reads: one snapshot, never waiting for a load that is being written."""
    with engine.connect() as connection:
        options: dict[str, Any] = {"read_only": True}
        if engine.dialect.name == "postgresql":
            options |= {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
        yield connection.execution_options(**options)
        # Ended so, as the driver of PostgreSQL forgets with a ROLLBACK which statements it has prepared.
        connection.commit()


@contextmanager
def writing_last(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Gives a transaction of a load. On SQLite it begins when nobody else waits to write: a person who saves
    something waits for one load at most."""
    with engine.execution_options(lets_others_first=True).begin() as connection:
        yield connection


def writes_alone(engine: sa.Engine) -> bool:
    """Whether a transaction that writes keeps all others out that would."""
    return engine.dialect.name == "sqlite"


def _malformed() -> MissingConfiguration:
    return MissingConfiguration(
        "DASHBOARD_DATABASE_URL is no SQLAlchemy URL of a SQLite or PostgreSQL database.",
        next_step="Use postgresql+psycopg://user@host/database or sqlite:////path/to/dashboard.db.",
    )


def _name_damage(file: Path, context: sa.engine.ExceptionContext) -> None:
    cause = context.original_exception
    damage = sqlite_damage(cause, DATABASE, file)
    if damage is not None:
        raise damage from cause


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: `_begin_immediate` does.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(file: Path | None, connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if options.get("read_only", False):
        connection.exec_driver_sql("BEGIN")
    elif file is None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif options.get("lets_others_first", False):
        let_others_first(file)
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        with waiting(file):
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def _file_of(url: sa.URL) -> Path | None:
    is_file = url.database and url.database != ":memory:" and not url.database.startswith("file:")
    return Path(str(url.database)) if is_file else None


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def newest_revision() -> str:
    """Returns the schema version that this program works with."""
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    if head is None:
        raise SchemaOutOfDate("The program carries no migrations.", next_step="Install kpi_platform again.")
    return head


def known_revisions() -> list[str]:
    """Returns every schema version that this program can migrate from, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()]


def current_revision(engine: sa.Engine) -> str | None:
    """Returns the schema version of the database; None if it has none yet. Raises Unavailable if it is not
    there."""
    try:
        with reading(engine) as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except sa.exc.OperationalError as cause:
        # The file's place is for the operator of the server, not for its callers.
        _log.error("No answer from %s", engine.url.render_as_string(hide_password=True))
        name = Path(engine.url.database or "").name
        raise Unavailable(
            f"The dashboard database {engine.dialect.name} {name} cannot be reached.",
            next_step="Start it, or correct DASHBOARD_DATABASE_URL.",
        ) from cause


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Migrates the schema up to `revision`, in one transaction. Raises Damaged if the database is empty
    and was not before."""
    refuse_empty(engine)
    config = _alembic()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    note_made(engine)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Migrates the schema down to `revision` ("base" removes everything)."""
    config = _alembic()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def require_current_schema(engine: sa.Engine) -> None:
    """Raises SchemaOutOfDate, naming the command to run, unless the schema is exactly this program's; Damaged
    if the database is empty and was not before."""
    found, wanted = current_revision(engine), newest_revision()
    if found is None:
        refuse_empty(engine)
    if found != wanted:
        raise SchemaOutOfDate(
            f"The dashboard database has schema version {found or 'none'}; this program needs {wanted}.",
            next_step="Run: kpi-platform db upgrade",
        )
    note_made(engine)


def create_or_require(engine: sa.Engine) -> None:
    """Creates the schema in an empty database; otherwise as `require_current_schema`. Raises Damaged if
    the database could only be read."""
    _require_writable(engine)
    if current_revision(engine) is None and not sa.inspect(engine).get_table_names():
        upgrade(engine)
    require_current_schema(engine)


def _require_writable(engine: sa.Engine) -> None:
    file = engine.url.database
    if engine.dialect.name != "sqlite" or not file or not Path(file).exists():
        return
    # Opened and closed here, the file would lose the locks that SQLite has on it.
    if not os.access(file, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        refused = PermissionError(errno.EACCES, os.strerror(errno.EACCES), file)
        raise damage_of(refused, Path(file)) or refused
