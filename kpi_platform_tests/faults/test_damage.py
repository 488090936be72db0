"""Every command, on a home with every damage: one sentence that names the file and the next step."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import typer

from kpi_platform.cli.main import app
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import create_or_require, open_dashboard
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform.local.state import Store
from kpi_platform.pipeline.backup import write_backup
from kpi_platform_tests.cli.commands import run_command
from kpi_platform_tests.faults.damages import DAGSTER, DAMAGES, DASHBOARD, HOME, WAREHOUSE, Damage
from kpi_platform_tests.operation.planting import plant_in_dagster, plant_in_dashboard, plant_in_warehouse
from kpi_platform_tests.ports import free_port

SERVERS = {"up", "web", "local-fivetran"}
"""They end by themselves only if they meet the damage."""
OF_FIVETRAN = {"webhook create", "webhook list", "webhook remove", "webhook test"}
WITHOUT_HOME = {"match", "settings docs", "settings validate", *OF_FIVETRAN}
OF_DASHBOARD = {"dagster-home", "restore", "local-fivetran", *WITHOUT_HOME}
"""Commands that do not open the dashboard database; a restore stops before, at the home that is occupied."""
READS_WAREHOUSE = {"backup", "demo", "doctor", "explain", "run", "status", "up"}
ONLY_READS = {
    "alert",
    "customer list",
    "customer show",
    "db",
    "settings",
    "status",
    "token list",
    "uploads",
}
VALUES = {
    "customers": "acme", "customer": "acme", "key": "acme", "account": "a", "kpi": "csat", "version": "1",
    "first": "1", "second": "1", "name": "n", "token_id": "1", "webhook_id": "1", "schema": "gone",
    "path": "alerts.on_stale_hours",
}  # fmt: skip
OPTIONS = {
    "backtest": ["--from", "2026-01-01", "--to", "2026-01-02", "--horizon", "20"],
    "customer add": ["--name", "Acme"],
    "customer connect": ["--create", "salesforce"],
    "customer erase": ["--yes"],
    "explain": ["001Mark", "nps"],
    "settings set": ["36"],
    "token create": ["--operator"],
}
NOT_TAKEN = {
    # The key of the customer that is there would be refused before anything is written.
    "customer add": {"key": "bolt"},
    "secret allow": {"name": "ACME_PASSWORD"},
    "secret forbid": {"name": "ACME_PASSWORD"},
}


def commands(group: object = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """Every command of the tree, by its words, with the names of what it requires."""
    found = typer.main.get_command(app) if group is None else group
    below = getattr(found, "commands", None)
    if below is None:
        required = [one for one in found.params if one.required]  # type: ignore[attr-defined]
        yield " ".join(path), [one.name for one in required if one.param_type_name == "argument"]
    else:
        for name, command in below.items():
            yield from commands(command, (*path, name))


COMMANDS = dict(commands())


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with something in every place."""
    configuration = Configuration.from_environment(
        {"KPI_PLATFORM_HOME": str(tmp_path_factory.mktemp("sound") / "home")}
    )
    engine = open_dashboard(configuration)
    create_or_require(engine)
    document = {"salesforce": {"connection_id": "c1", "schema": "acme_salesforce"}}
    with engine.begin() as connection:
        plant_in_dashboard(connection, "acme", "Mark", document)
    engine.dispose()
    plant_in_warehouse(configuration, "acme", "Mark", "acme_salesforce")
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(configuration))) as instance:
        plant_in_dagster(instance, "acme", "Mark", "globex")
    Store(configuration.local_fivetran_home).close()
    return configuration.home


@pytest.fixture(scope="module")
def files(sound: Path) -> Path:
    """A folder with the files that commands are given."""
    folder = sound.parent / "files"
    folder.mkdir()
    (folder / "acme.yaml").write_text("salesforce: {connection_id: c1, schema: acme_salesforce}\n")
    write_backup(Configuration.from_environment({"KPI_PLATFORM_HOME": str(sound)}), folder / "all.zip")
    return folder


def arguments(command: str, files: Path) -> list[str]:
    values = VALUES | NOT_TAKEN.get(command, {})
    values["file"] = str(files / {"restore": "all.zip", "backup": "new.zip"}.get(command, "acme.yaml"))
    return [*command.split(), *(values[name] for name in COMMANDS[command]), *OPTIONS.get(command, [])]


def unaffected(damage: Damage) -> set[str]:
    """Commands that need not meet the damage."""
    if damage in DASHBOARD:
        return OF_DASHBOARD
    if damage in WAREHOUSE:
        return set(COMMANDS) - READS_WAREHOUSE
    if damage in DAGSTER:
        return set(COMMANDS) - {"doctor", "run", "status", "up"}
    if damage.name in ("a full disk", "read-only files", "a read-only home"):
        reads = {one for one in COMMANDS if one.startswith((*ONLY_READS, "uploads"))}
        # The end of a back-test that a full disk broke off could not be noted, so the next is refused.
        return WITHOUT_HOME | reads | {"restore", "dagster-home", "local-fivetran", "web", "backtest"}
    return WITHOUT_HOME


@contextmanager
def logs_as_before() -> Iterator[None]:
    """A server's log goes to the stream that its command had, which is closed with it."""
    before = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers[:] = before


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.name)
def test_every_command_names_the_damaged_file_and_the_next_step(
    damage: Damage, sound: Path, files: Path, tmp_path: Path, no_pauses: None
) -> None:
    spared, port = unaffected(damage), str(free_port())
    wrong = []
    for number, command in enumerate(COMMANDS):
        if command in SERVERS & spared:
            continue
        home = tmp_path / str(number) / "home"
        home.parent.mkdir()
        with damage.inflict(sound, home), logs_as_before():
            answer = run_command(home, *arguments(command, files), KPI_LOCAL_FIVETRAN_PORT=port)
        (files / "new.zip").unlink(missing_ok=True)
        shutil.rmtree(home.parent)
        text = answer.output
        crashed = not isinstance(answer.exception, SystemExit | None)
        tells = answer.exit_code not in (0, None) and damage.named in text
        if crashed or "Traceback" in text or not (tells or command in spared):
            wrong.append((command, answer.exit_code, repr(answer.exception), text[-300:]))
    assert not wrong


@pytest.mark.parametrize("damage", [DASHBOARD[0], HOME[0], DAGSTER[0]], ids=lambda one: one.name)
def test_the_terminal_shows_one_sentence(damage: Damage, sound: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with damage.inflict(sound, home):
        ran = subprocess.run(
            [sys.executable, "-m", "kpi_platform", "status"],
            env=os.environ | {"KPI_PLATFORM_HOME": str(home)},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert ran.returncode == 1
    first, second = ran.stderr.splitlines()
    assert first.startswith("Error: ")
    assert damage.named in first
    assert second
