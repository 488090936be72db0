"""Backup, restore, and upgrade with data."""

import sqlite3
import threading
import zipfile
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from kpi_platform.adapters import duckdb_file
from kpi_platform.cli.doctor import examine
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import list_customers
from kpi_platform.dashboard.database import current_revision, newest_revision, open_engine, upgrade
from kpi_platform.domain.errors import Conflict, InvalidInput
from kpi_platform.pipeline.backup import write_backup
from kpi_platform.pipeline.restore import read_backup, restore_backup
from kpi_platform_tests.dashboard.test_old_values import UPGRADES
from kpi_platform_tests.operation.planting import (
    found_in_sqlite,
    found_in_warehouse,
    plant_in_dagster,
    plant_in_dashboard,
    plant_in_warehouse,
)

DOCUMENT = {"salesforce": {"connection_id": "c1", "schema": "acme_salesforce"}}
OLDEST = "0001"


def new_home(path: Path, **environment: str) -> Configuration:
    return Configuration.from_environment({"KPI_PLATFORM_HOME": str(path), **environment})


def plant(configuration: Configuration, revision: str = "head") -> None:
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine, revision)
    with engine.begin() as connection:
        plant_in_dashboard(connection, "acme", "Mark", DOCUMENT)
    engine.dispose()


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """An installation with something in every place."""
    configuration = new_home(tmp_path_factory.mktemp("backup") / "home")
    plant(configuration)
    plant_in_warehouse(configuration, "acme", "Mark", "acme_salesforce")
    configuration.dagster_home.mkdir()
    with dg.DagsterInstance.local_temp(str(configuration.dagster_home)) as instance:
        plant_in_dagster(instance, "acme", "Mark", "globex")
    (configuration.home / "alert_key").write_bytes(b"a key")
    (configuration.home / "logs").mkdir()
    (configuration.home / "logs" / "dbt.log").write_text("long")
    return configuration


@pytest.fixture(scope="module")
def backup(planted: Configuration) -> Path:
    file = planted.home.parent / "all.zip"
    write_backup(planted, file)
    return file


def marks(configuration: Configuration) -> list[str]:
    found = found_in_sqlite(configuration.home, "Mark")
    return found + found_in_warehouse(configuration.warehouse_file, "Mark")


def test_a_restored_installation_is_the_one_that_was_backed_up(
    planted: Configuration, backup: Path, tmp_path: Path
) -> None:
    restored = new_home(tmp_path / "elsewhere" / "home")
    assert restore_backup(restored, backup) is None
    assert marks(restored) == marks(planted)
    assert len(marks(planted)) > 25
    assert (restored.home / "alert_key").read_bytes() == b"a key"
    assert (restored.home / "alert_key").stat().st_mode & 0o077 == 0
    assert not (restored.home / "logs").exists()
    assert read_backup(backup).revision == newest_revision()


def test_a_restore_replaces_only_where_that_is_said_and_keeps_what_was_there(
    backup: Path, tmp_path: Path
) -> None:
    other = new_home(tmp_path / "home")
    (other.home / "mine").mkdir(parents=True)
    with pytest.raises(Conflict, match="--replace"):
        restore_backup(other, backup)
    before = restore_backup(other, backup, replace=True)
    assert before is not None
    assert (before / "mine").is_dir()
    assert (other.home / "dashboard.db").exists()


def test_a_damaged_backup_is_refused_and_nothing_touched(backup: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.zip"
    with zipfile.ZipFile(backup) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[:-1] + b"x" if name == "warehouse.duckdb" else content)
    home = new_home(tmp_path / "home")
    with pytest.raises(InvalidInput, match=r"warehouse\.duckdb is not what was backed up"):
        restore_backup(home, damaged)
    assert not home.home.exists()
    damaged.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    with pytest.raises(InvalidInput, match="is no backup"):
        restore_backup(home, damaged)
    assert list(tmp_path.iterdir()) == [damaged]


def test_a_backup_of_a_newer_program_is_refused(backup: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.zip"
    with zipfile.ZipFile(backup) as source, zipfile.ZipFile(newer, "w") as target:
        text = source.read("manifest.json").decode().replace(f'"{newest_revision()}"', '"9999"')
        target.writestr("manifest.json", text)
    with pytest.raises(InvalidInput, match="newer than this one"):
        restore_backup(new_home(tmp_path / "home"), newer)


def test_a_backup_waits_for_whoever_writes_and_is_never_half_of_a_load(
    planted: Configuration, tmp_path: Path
) -> None:
    """The warehouse's writer commits two rows that belong together while the backup is asked for."""
    began, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with duckdb_file.connect(planted.warehouse_file) as connection:
            connection.execute("create table if not exists kpi.pair as select 1 as half")
            began.set()
            go_on.wait(30)
            connection.execute("insert into kpi.pair values (2)")

    writer = threading.Thread(target=write)
    writer.start()
    began.wait(30)
    timer = threading.Timer(0.5, go_on.set)
    timer.start()
    file = tmp_path / "all.zip"
    write_backup(planted, file)
    writer.join()
    restored = new_home(tmp_path / "home")
    restore_backup(restored, file)
    with duckdb_file.connect(restored.warehouse_file, read_only=True) as connection:
        assert connection.execute("select count(*) from kpi.pair").fetchone() == (2,)


def test_an_older_backup_is_migrated_with_its_data(tmp_path: Path) -> None:
    old = new_home(tmp_path / "old")
    plant(old, OLDEST)
    file = tmp_path / "old.zip"
    assert write_backup(old, file).revision == OLDEST
    restored = new_home(tmp_path / "new")
    restore_backup(restored, file)
    engine = open_engine(restored.dashboard_database_url)
    assert current_revision(engine) == newest_revision()
    with engine.connect() as connection:
        assert [one.key for one in list_customers(connection)] == ["acme"]
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.kpis)) == 1
    engine.dispose()


def test_doctor_says_how_to_upgrade_and_the_upgrade_keeps_every_row(tmp_path: Path) -> None:
    old = new_home(tmp_path / "old")
    plant(old, OLDEST)
    before = rows(old)
    finding = next(one for one in examine(old) if one.check == "dashboard database")
    assert (finding.verdict, finding.next_step) == ("failed", "Run: kpi-platform db upgrade")
    engine = open_engine(old.dashboard_database_url)
    upgrade(engine)
    engine.dispose()
    after = rows(old)
    # Sources that are switched off, and marts, have claims since; several revisions write old rules into the
    # settings of each customer.
    assert after.pop("settings_claims") >= before.pop("settings_claims")
    assert after.pop("customer_settings_versions") == before.pop("customer_settings_versions") + UPGRADES
    assert {name: after[name] for name in before} == before
    finding = next(one for one in examine(old) if one.check == "dashboard database")
    assert finding.verdict == "ok"


def rows(configuration: Configuration) -> dict[str, int]:
    with sqlite3.connect(configuration.home / "dashboard.db") as connection:
        names = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        return {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for (name,) in names}


@pytest.mark.parametrize("variable", ["DASHBOARD_DATABASE_URL", "DAGSTER_DATABASE_URL"])
def test_state_in_postgresql_is_not_ours_to_back_up(tmp_path: Path, variable: str) -> None:
    configuration = new_home(tmp_path, **{variable: "postgresql://u@h/d"})
    with pytest.raises(InvalidInput, match=r"docs/operations\.md"):
        write_backup(configuration, tmp_path / "all.zip")
    assert not list(tmp_path.iterdir())
