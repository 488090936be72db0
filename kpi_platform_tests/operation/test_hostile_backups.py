"""A backup that is damaged, forged or another's is refused in one sentence, and the home is as it was."""

import hashlib
import io
import json
import os
import sqlite3
import stat
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.installation import FILE, installation_id
from kpi_platform.pipeline.backup import write_backup
from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.operation.planting import plant_in_dashboard, plant_in_warehouse

PORTS = {"KPI_LOCAL_FIVETRAN_PORT": "1"}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound backup; the installation lies beside it, in `home`."""
    configuration = Configuration.from_environment(
        {"KPI_PLATFORM_HOME": str(tmp_path_factory.mktemp("sound") / "home")}
    )
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine)
    with engine.begin() as connection:
        plant_in_dashboard(connection, "acme", "Mark", {"salesforce": {"connection_id": "c1"}})
    engine.dispose()
    plant_in_warehouse(configuration, "acme", "Mark", "acme_salesforce")
    installation_id(configuration.home)
    file = configuration.home.parent / "sound.zip"
    write_backup(configuration, file)
    return file


class Forgery:
    """The parts of a backup, to be changed and packed again; digests and sizes are those of the parts."""

    def __init__(self, sound: Path) -> None:
        with zipfile.ZipFile(sound) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}
        self.manifest: dict[str, Any] = json.loads(self.parts.pop("manifest.json"))
        self.more: list[tuple[zipfile.ZipInfo | str, bytes]] = []

    def database(self, statement: str) -> None:
        """Changes the dashboard's database."""
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(_rollback_journal(self.parts["dashboard.db"]))
            connection.executescript(statement)
            self.parts["dashboard.db"] = connection.serialize()

    def pack(self, file: Path) -> None:
        sealed = {name: [len(part), hashlib.sha256(part).hexdigest()] for name, part in self.parts.items()}
        document = {**self.manifest, "files": self.manifest.get("forged") or sealed}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, part in self.parts.items():
                archive.writestr(name, part)
            for member, part in self.more:
                archive.writestr(member, part)
            archive.writestr("manifest.json", json.dumps(document))


def _rollback_journal(database: bytes) -> bytes:
    """A database in memory cannot have the write-ahead log that its header asks for."""
    return database[:18] + b"\1\1" + database[20:]


def _kind(name: str, mode: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    return member


def _part(name: str, content: bytes = b"x") -> Callable[[Forgery], None]:
    return lambda forgery: forgery.parts.__setitem__(name, content)


def _member(name: str, mode: int, content: bytes = b"/etc/passwd") -> Callable[[Forgery], None]:
    return lambda forgery: forgery.more.append((_kind(name, mode), content))


def _manifest(**values: Any) -> Callable[[Forgery], None]:
    return lambda forgery: forgery.manifest.update(values)


def _sql(statement: str) -> Callable[[Forgery], None]:
    return lambda forgery: forgery.database(statement)


FORGERIES: dict[str, tuple[Callable[[Forgery], object], str]] = {
    "a name above the home": (_part("../evil"), "outside the home"),
    "a name above the home, further down": (_part("dagster/../../evil"), "outside the home"),
    "an absolute name": (_part("/etc/evil"), "outside the home"),
    "a name with backslashes": (_part("..\\evil"), "outside the home"),
    "a name with a line break": (_part("a\nb"), "outside the home"),
    "a file that is also a folder": (_part("dashboard.db/evil"), "outside the home"),
    "a symbolic link": (_member("link", stat.S_IFLNK | 0o777), "not a plain file"),
    "a device": (_member("device", stat.S_IFCHR | 0o666), "not a plain file"),
    "a pipe": (_member("pipe", stat.S_IFIFO | 0o666), "not a plain file"),
    "a folder": (_member("folder/", stat.S_IFDIR | 0o777, b""), "outside the home"),
    "a file that is not in the manifest": (_member("extra", stat.S_IFREG | 0o600), "extra is not in its"),
    "a part that is missing": (lambda one: one.parts.pop("warehouse.duckdb") and one.manifest.update(
        forged={"dashboard.db": [1, "x"], "warehouse.duckdb": [1, "x"]}), "is damaged"),
    "no dashboard database": (lambda one: one.parts.pop("dashboard.db"), "schema version none, not"),
    "a huge declared size": (_manifest(forged={"dashboard.db": [1 << 60, "x"]}), "MB free"),
    "a negative size": (_manifest(forged={"dashboard.db": [-1, "x"]}), "MB free"),
    "a wrong digest": (_manifest(forged={"dashboard.db": [1, "x"]}), "is damaged"),
    "a newer program": (_manifest(revision="9999"), "newer than this one"),
    "another format": (_manifest(format=2), "newer than this one"),
    "another version than it says": (_manifest(revision="0001"), "not 0001 as it says"),
    "a manifest of other types": (_manifest(created_at="yesterday"), "created_at"),
    "a manifest without a program": (lambda one: one.manifest.pop("program"), "program"),
    "files that are no files": (_manifest(forged=["a"]), "files"),
    "a database that is not SQLite": (_part("dashboard.db", b"no database at all" * 400), "not a SQLite"),
    "another database that is not SQLite": (_part("dagster/history/runs.db", b"no" * 4000), "runs.db"),
    "a warehouse that is not DuckDB": (_part("warehouse.duckdb", os.urandom(9000)), "warehouse.duckdb"),
    "a torn database": (lambda one: _part("dashboard.db", one.parts["dashboard.db"][:9000])(one), "damaged"),
    "an empty database": (_part("dashboard.db", b""), "schema version none, not"),
    "another table": (_sql("CREATE TABLE evil (n)"), "not the platform's: evil"),
    "a table that is missing": (_sql("DROP TABLE alerts"), "lacks a table: alerts"),
    "a trigger": (_sql("CREATE TRIGGER evil AFTER INSERT ON kpis BEGIN DELETE FROM kpis; END"), "triggers"),
    "a view": (_sql("CREATE VIEW evil AS SELECT 1"), "triggers or views"),
}  # fmt: skip


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder below `folder`, with mode and content."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


def refused(tmp_path: Path, file: Path) -> str:
    """The one sentence with which `restore FILE --replace` refuses on a home that has something."""
    home = tmp_path / "installation" / "home"
    home.mkdir(parents=True)
    # As every command leaves it.
    home.chmod(0o700)
    (home / "mine").write_text("mine")
    before = everything(tmp_path)
    answer = run_command(home, "restore", str(file), "--replace", **PORTS)
    assert everything(tmp_path) == before
    assert answer.exit_code == 1, answer.output
    assert isinstance(answer.exception, SystemExit), repr(answer.exception)
    sentence, next_step = answer.stderr.splitlines()
    assert sentence.startswith("Error: ")
    assert next_step
    return sentence


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_backup_is_refused_and_the_home_is_as_it_was(name: str, sound: Path, tmp_path: Path) -> None:
    forge, expected = FORGERIES[name]
    forgery = Forgery(sound)
    forge(forgery)
    file = tmp_path / "forged.zip"
    forgery.pack(file)
    sentence = refused(tmp_path, file)
    assert str(file) in sentence or "The backup needs" in sentence
    assert expected in sentence


def _doubled(sound: Path, file: Path) -> None:
    forgery = Forgery(sound)
    forgery.more.append(("dashboard.db", b"the other"))
    with pytest.warns(UserWarning, match="Duplicate name"):
        forgery.pack(file)


def _bomb(sound: Path, file: Path) -> None:
    """One that unpacks to more than it declares."""
    forgery = Forgery(sound)
    forgery.parts["warehouse.duckdb"] = b"\0" * (64 << 20)
    digest = hashlib.sha256(b"\0").hexdigest()
    forgery.manifest["forged"] = {name: [1, digest] for name in forgery.parts}
    forgery.pack(file)


def _tar(_: Path, file: Path) -> None:
    with tarfile.open(file, "w:gz") as archive:
        member = tarfile.TarInfo("../evil")
        archive.addfile(member, io.BytesIO(b""))


def _deep_manifest(_: Path, file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.json", "[" * 200_000)


FILES: dict[str, Callable[[Path, Path], object]] = {
    "a name twice": _doubled,
    "a bomb": _bomb,
    "a tar": _tar,
    "a manifest that is nested deeply": _deep_manifest,
    "garbage": lambda _, file: file.write_bytes(os.urandom(5000)),
    "nothing": lambda _, file: file.write_bytes(b""),
    "a folder": lambda _, file: file.mkdir(),
    "no file": lambda *_: None,
    "a pipe": lambda _, file: os.mkfifo(file),
    "a zip of something else": lambda _, file: zipfile.ZipFile(file, "w").close(),
    **{
        f"the first {percent} %": lambda sound, file, percent=percent: file.write_bytes(
            sound.read_bytes()[: sound.stat().st_size * percent // 100]
        )
        for percent in (1, 50, 99)
    },
    **{
        f"a byte that is wrong after {percent} %": lambda sound, file, percent=percent: file.write_bytes(
            _flipped(sound.read_bytes(), percent)
        )
        for percent in (20, 60, 90)
    },
}


def _flipped(content: bytes, percent: int) -> bytes:
    at = len(content) * percent // 100
    return content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_whole_backup_is_refused(name: str, sound: Path, tmp_path: Path) -> None:
    file = tmp_path / "given.zip"
    FILES[name](sound, file)
    if name == "a pipe":
        (tmp_path / "installation").mkdir()
        answer = run_command(tmp_path / "installation" / "home", "restore", str(file), **PORTS)
        assert "is not a file" in answer.stderr
        return
    assert str(file) in refused(tmp_path, file)


def test_another_installations_backup_takes_no_home_that_is_in_use(sound: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    installation_id(home)
    answer = run_command(home, "restore", str(sound), "--replace", **PORTS)
    assert answer.exit_code == 1
    assert "another installation" in answer.stderr
    assert [one.name for one in home.iterdir()] == [FILE]
    answer = run_command(tmp_path / "new", "restore", str(sound), **PORTS)
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_a_backup_is_readable_by_its_owner_alone(sound: Path) -> None:
    assert stat.S_IMODE(sound.stat().st_mode) == 0o600
