"""dbt in process, on a small project of its own: what matters is the invocation, not the models."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kpi_platform.adapters import dbt_parsed_project
from kpi_platform.adapters.dbt import DbtProject, manifest_path
from kpi_platform.adapters.dbt_parsed_project import ParsedProject
from kpi_platform.adapters.dbt_results import BuildProgress, NodeResult
from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.destination.protocol import DbtTarget
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import BuildFailed
from kpi_platform.domain.settings import parse_settings
from kpi_platform_tests.adapters.small_project import built, rows, small_project


@pytest.fixture
def project(configuration: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DbtProject:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return small_project(configuration, tmp_path / "project")


def test_each_invocation_computes_with_its_own_vars(project: DbtProject) -> None:
    """Ephemeral models too, whose compiled text dbt keeps in the manifest that is used again."""
    seen: list[BuildProgress] = []
    (result,) = project.build("run", rows(a=1), on_node=seen.append)
    assert (result.name, result.kind, result.status, result.model) == ("mart", "model", "success", "mart")
    assert [(one.node, one.done, one.total) for one in seen] == [("mart", 1, 1)]
    assert built(project) == [("a", 1)]
    project.build("run", rows(b=1, c=2))
    assert built(project) == [("b", 1), ("c", 2)]
    assert project.compile("select {{ var('rows')[0].value }} as v", rows(d=7)) == "select 7 as v"

    (check,) = project.build("test", rows(b=1, c=2))
    assert (check.kind, check.status, check.severity, check.failures) == ("test", "warn", "warn", 1)
    assert check.model == "mart"

    # Another process can have the file as soon as an invocation has ended.
    code = f"import duckdb; duckdb.connect({str(project.configuration.warehouse_file)!r})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_failing_node_names_the_database_s_reason_and_no_file(project: DbtProject) -> None:
    (result,) = project.build("run", rows(a="much"), fail_fast=True)
    assert result.status == "error"
    assert "much" in (result.message or "")
    assert str(project.configuration.home) not in (result.message or "")


def test_what_dbt_says_of_a_file_is_said_without_the_folder_it_is_in(project: DbtProject) -> None:
    absent = project.configuration.home / "absent.csv"
    (project.directory / "macros").mkdir()
    query = f"select * from read_csv('{absent}')"
    (project.directory / "macros/read.sql").write_text(
        f'{{% macro read() %}}{{% do run_query("{query}") %}}{{% endmacro %}}'
    )
    with pytest.raises(BuildFailed, match=r'"absent\.csv"') as caught:
        project.operate("read", {})
    assert str(project.configuration.home) not in str(caught.value)


def test_a_project_that_does_not_parse_fails_as_a_whole(project: DbtProject) -> None:
    (project.directory / "models/mart.sql").write_text("select * from {{ ref('nowhere') }}")
    with pytest.raises(BuildFailed, match="nowhere"):
        project.build("run", {})


def test_a_changed_project_is_parsed_again(project: DbtProject) -> None:
    path = project.parsed()
    before = path.stat().st_mtime_ns
    assert project.parsed().stat().st_mtime_ns == before
    (project.directory / "models/more.sql").write_text("select 1 as one")
    assert "model.small.more" in project.parsed().read_text()


def test_a_data_test_keeps_its_severity_when_a_macro_that_it_calls_changes(project: DbtProject) -> None:
    """dbt's partial parse forgets what YAML says of the test: an upgrade made errors of warnings."""
    files = {
        "macros/wrong_rows.sql": "{% macro wrong_rows() %} select 1 as one {% endmacro %}",
        "tests/wrong.sql": "{{ wrong_rows() }}",
        "tests/wrong.yml": "data_tests: [{name: wrong, config: {severity: warn}}]",
    }
    for name, text in files.items():
        path = project.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    project.parsed()
    (project.directory / "macros/wrong_rows.sql").write_text(
        "{% macro wrong_rows() %} select 2 as two {% endmacro %}"
    )
    manifest = json.loads(project.parsed().read_bytes())
    assert manifest["nodes"]["test.small.wrong"]["config"]["severity"] == "warn"


def test_a_project_that_changes_while_it_is_parsed_is_parsed_again(
    project: DbtProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = DbtProject._run

    def run_and_change(self: DbtProject, *arguments: Any) -> Any:
        result = run(self, *arguments)
        (self.directory / "models/more.sql").write_text("select 1 as one")
        return result

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(DbtProject, "_run", run_and_change)
        assert "model.small.more" not in project.parsed().read_text()
    assert "model.small.more" in project.parsed().read_text()


class _SecretDestination(DuckDbDestination):
    """A DuckDB file whose target has a secret, as server destinations have."""

    def dbt_target(self) -> DbtTarget:
        return DbtTarget(super().dbt_target().output, {"module_paths": ["s3cr3t-value"]})


def test_a_project_that_another_installation_has_parsed_is_not_parsed_again(
    project: DbtProject, tmp_path: Path
) -> None:
    before = project.parsed().stat().st_mtime_ns
    there = Configuration.from_environment({"KPI_PLATFORM_HOME": str(tmp_path / "there")})
    there.home.mkdir()
    other = DbtProject(there, DuckDbDestination(there.warehouse_file, "kpi"), project.directory)
    other.build("run", rows(a=1))
    assert built(other) == [("a", 1)]
    assert other.parsed().stat().st_mtime_ns == before


@pytest.mark.parametrize("kind", ["postgres", "redshift", "snowflake", "bigquery"])
def test_a_project_is_parsed_once_for_databases_of_one_name_wherever_they_are_and_whoever_signs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    given = {"KPI_ALLOWED_HOSTS": "127.0.0.1, localhost", "KPI_SECRET_ACME_X": "x"}
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(tmp_path / "home"), **given})
    secret = {} if kind == "bigquery" else {"credentials_secret": "KPI_SECRET_ACME_X"}
    parses: list[Path] = []

    def parse(folder: Path) -> Any:
        parses.append(folder)
        for name in ("partial_parse.msgpack", "manifest.json"):
            (folder / name).touch()

    def parsed(name: str, host: str, port: int, username: str) -> Path:
        document = secret | {
            "type": kind, "host": host, "port": port, "database": name, "project": name,
            "username": username, "warehouse": username,
        }  # fmt: skip
        warehouse = parse_settings({"warehouse": document}).warehouse
        destination = open_destination(configuration, warehouse, CustomerSecrets(configuration, "acme"))
        return ParsedProject(tmp_path, destination.dbt_target(), parse).manifest_file()

    one = parsed("lake", "127.0.0.1", 7001, "ada")
    assert parsed("lake", "localhost", 7002, "bo") == one
    assert len(parses) == 1
    assert parsed("pond", "127.0.0.1", 7001, "ada") != one
    assert len(parses) == 2


def test_secrets_reach_dbt_and_nothing_that_stays(project: DbtProject, tmp_path: Path) -> None:
    destination = _SecretDestination(project.configuration.warehouse_file, "kpi")
    secret = DbtProject(project.configuration, destination, project.directory)
    (result,) = secret.build("run", rows(a="s3cr3t-value"))
    assert result.status == "error"
    assert "s3cr3t-value" not in (result.message or "")
    written = [path for path in tmp_path.rglob("*") if path.suffix in (".yml", ".json", ".log")]
    assert written
    assert not [path for path in written if "s3cr3t-value" in path.read_text()]


def test_the_manifest_of_the_real_project_names_its_marts(configuration: Configuration) -> None:
    text = manifest_path(configuration).read_text()
    assert '"model.kpi_platform.kpi_values"' in text


def test_results_know_what_they_are(project: DbtProject) -> None:
    results: list[NodeResult] = project.build("run", rows())
    assert [result.unique_id for result in results] == ["model.small.mart"]
    assert built(project) == []


@pytest.mark.parametrize("name", ["partial_parse.msgpack", "manifest.json", "project.sha256"])
def test_a_torn_file_of_the_parsed_project_is_made_anew(
    project: DbtProject, tmp_path: Path, name: str
) -> None:
    """Torn at any byte, written over in its middle, or gone; as a process finds it that begins now."""
    manifest = project.parsed()
    file, whole = manifest.with_name(name), manifest.with_name(name).read_bytes()
    middle = len(whole) // 2
    kept = {
        "all but its last byte": whole[:-1],
        "its first half": whole[:middle],
        "one byte": whole[:1],
        "nothing": b"",
        "another byte in its middle": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
    }
    for what, content in kept.items():
        file.write_bytes(content)
        dbt_parsed_project._manifests.clear()
        (result,) = project.build("run", rows(a=1))
        assert result.status == "success", what
        assert json.loads(project.parsed().read_bytes())["nodes"], what
    file.unlink()
    dbt_parsed_project._manifests.clear()
    project.load()
    assert file.stat().st_size > 0
