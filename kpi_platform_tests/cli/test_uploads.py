import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kpi_platform.cli.main import app
from kpi_platform.configuration import Configuration
from kpi_platform_tests.pipeline.desk import T1, T2, Desk, acme, zeta


@pytest.fixture
def loaded(configuration: Configuration, sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("KPI_PLATFORM_HOME", str(configuration.home))
    desk = Desk(configuration, sqlite_engine)
    desk.load(T1, [acme(nps=1)])
    desk.load(T2, [acme(nps=2), zeta(nps=5)])
    return desk


def test_uploads_are_listed_compared_and_taken_back(loaded: Desk) -> None:
    listed = CliRunner().invoke(app, ["uploads", "list", "acme", "--json"])
    assert [one["version"] for one in json.loads(listed.stdout)] == [2, 1]
    compared = CliRunner().invoke(app, ["uploads", "diff", "acme", "1", "2"])
    assert "1 changed, 1 new, 0 retired" in compared.stdout
    taken = CliRunner().invoke(app, ["uploads", "rollback", "acme", "2"])
    assert taken.exit_code == 0
    assert "Took back upload 2 of acme as upload 3" in taken.stdout
    assert loaded.values()["Acme Corporation", "nps"] == 1
    again = CliRunner().invoke(app, ["uploads", "rollback", "acme", "2"])
    assert again.exit_code == 1
    assert "is taken back" in again.stderr


def test_the_schema_is_upgraded_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_PLATFORM_HOME", str(tmp_path))
    before = CliRunner().invoke(app, ["db", "current"])
    assert before.exit_code == 1
    assert "kpi-platform db upgrade" in before.stderr
    upgraded = CliRunner().invoke(app, ["db", "upgrade", "--json"])
    assert json.loads(upgraded.stdout)["before"] is None
    assert CliRunner().invoke(app, ["db", "current"]).exit_code == 0
