"""Whatever the platform keeps is its owner's alone: in processes of their own, begun with an open umask."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kpi_platform.adapters.private_home import open_paths, umask_of
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import MissingConfiguration
from kpi_platform_tests.cli.commands import CHECKOUT, run_command

DEFINITIONS = "import kpi_platform.definitions, pathlib; pathlib.Path('{home}/dagster/made').touch()"


def run(home: Path, *command: str, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KPI_", "DAGSTER_"))}
    done = subprocess.run(
        [sys.executable, *command], cwd=CHECKOUT, text=True, capture_output=True, check=False, umask=0o022,
        env={**clean, "KPI_PLATFORM_HOME": str(home), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def kpi_platform(home: Path, *arguments: str, **environment: str) -> str:
    return run(home, "-m", "kpi_platform", *arguments, **environment)


def modes(folder: Path) -> dict[str, int]:
    paths = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder.parent)): stat.S_IMODE(path.stat().st_mode) for path in paths}


def test_what_commands_and_the_code_location_make_is_private(tmp_path: Path) -> None:
    home, backup = tmp_path / "home", tmp_path / "out" / "backup.zip"
    kpi_platform(home, "customer", "add", "acme")
    kpi_platform(home, "sign-in")
    kpi_platform(home, "dagster-home")
    kpi_platform(home, "backup", str(backup))
    run(home, "-c", DEFINITIONS.format(home=home))
    made = modes(home)
    assert {"home/dashboard.db", "home/session_key", "home/dagster/dagster.yaml", "home/dagster/made"} <= set(
        made
    )
    assert {name: oct(mode) for name, mode in made.items() if mode & 0o077} == {}
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_a_home_that_is_too_open_is_closed_at_the_next_start_and_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "dagster" / "storage").mkdir(parents=True)
    (home / "dagster" / "storage" / "run.log").write_text("rows")
    (home / "warehouse.duckdb").touch()
    (home / "theirs.txt").write_text("not ours")
    (home / "dagster" / "elsewhere").symlink_to(tmp_path)
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    tmp_path.chmod(0o755)
    kpi_platform(home, "db", "upgrade")
    found = modes(home)
    assert (found["home"], found["home/dagster/storage"]) == (0o700, 0o700)
    assert (found["home/warehouse.duckdb"], found["home/dagster/storage/run.log"]) == (0o600, 0o600)
    assert found["home/theirs.txt"] == 0o644
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_doctor_names_every_open_path_with_its_mode_and_changes_none(tmp_path: Path) -> None:
    home = tmp_path / "my home"
    (home / "logs").mkdir(parents=True, mode=0o700)
    home.chmod(0o750)
    key = home / "session_key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o640)
    answer = run_command(home, "doctor", "--json", KPI_LOCAL_FIVETRAN_PORT="1")
    assert answer.exit_code == 1
    found = [one for one in json.loads(answer.stdout) if one["check"] == "private files"]
    assert [(one["detail"], one["next_step"]) for one in found] == [
        (f"{home} is open to others: mode 0750", f"Run: chmod go-rwx '{home}'"),
        (f"{key} is open to others: mode 0640", f"Run: chmod go-rwx '{key}'"),
    ]
    assert modes(home)["my home"] == 0o750


def test_a_database_elsewhere_is_looked_at_too(tmp_path: Path) -> None:
    database = tmp_path / "elsewhere.db"
    database.touch()
    database.chmod(0o644)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    environment = {"KPI_PLATFORM_HOME": str(home), "DASHBOARD_DATABASE_URL": f"sqlite:///{database}"}
    assert [one.path for one in open_paths(Configuration.from_environment(environment))] == [database]


def test_users_of_one_group_share_a_home_where_the_operator_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o2775)
    (home / "warehouse.duckdb").touch()
    (home / "warehouse.duckdb").chmod(0o664)
    kpi_platform(home, "sign-in", KPI_UMASK="007")
    found = modes(home)
    assert (found["home"], found["home/warehouse.duckdb"], found["home/session_key"]) == (
        0o2770,
        0o660,
        0o660,
    )
    environment = {"KPI_PLATFORM_HOME": str(home), "KPI_UMASK": "007"}
    assert list(open_paths(Configuration.from_environment(environment))) == []


@pytest.mark.parametrize("text", ["022", "777", "x", "-7", "0x7", "00077", "8"])
def test_a_umask_that_lets_everybody_in_is_refused(text: str) -> None:
    with pytest.raises(MissingConfiguration, match="KPI_UMASK"):
        umask_of(Configuration.from_environment({"KPI_UMASK": text}))
