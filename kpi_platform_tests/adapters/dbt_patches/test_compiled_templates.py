"""Jinja of the project that was compiled by another process."""

import marshal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpi_platform.adapters import dbt_parsed_project
from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.dbt_patches import compiled_templates
from kpi_platform.configuration import Configuration
from kpi_platform_tests.adapters.small_project import built, rows, small_project


@pytest.fixture
def project(
    configuration: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DbtProject]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    another_process(monkeypatch)
    yield small_project(configuration, tmp_path / "project")


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgets what this process has parsed and compiled."""
    monkeypatch.setattr(dbt_parsed_project, "_manifests", {})
    for name, nothing in (("_sources", set()), ("_codes", {}), ("_written", {})):
        monkeypatch.setattr(compiled_templates, name, nothing)


def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the project that are compiled from now on."""
    texts: list[str] = []
    original = compiled_templates.original

    def listening(environment: object, source: object, *rest: object, **options: object) -> object:
        if source in compiled_templates._sources:
            texts.append(str(source))
        return original(environment, source, *rest, **options)

    monkeypatch.setattr(compiled_templates, "original", listening)
    return texts


def written(tmp_path: Path) -> Path:
    (file,) = (tmp_path / "cache").rglob("templates.marshal")
    return file


def test_what_one_process_compiled_the_next_one_takes(
    project: DbtProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = compiled(monkeypatch)
    project.build("run", rows(a=1))
    assert any("ref('given')" in text for text in texts)
    first = set(texts)
    texts.clear()
    another_process(monkeypatch)
    project.build("run", rows(a=2, b=3))
    assert not first & set(texts)
    assert built(project) == [("a", 2), ("b", 3)]


def test_a_torn_file_or_one_of_another_version_is_made_anew(
    project: DbtProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.build("run", rows(a=1))
    whole = written(tmp_path).read_bytes()
    for torn in (whole[:-100], b"", whole[32:], whole[:40] + b"x" + whole[41:]):
        written(tmp_path).write_bytes(torn)
        another_process(monkeypatch)
        project.build("run", rows(a=2))
        assert built(project) == [("a", 2)]
        assert len(written(tmp_path).read_bytes()) == len(whole)
    with monkeypatch.context() as later:
        later.setattr(compiled_templates, "version", lambda _: "99")
        another_process(monkeypatch)
        texts = compiled(later)
        project.build("run", rows(a=3))
        assert texts


def test_a_changed_model_is_compiled_again_and_the_old_one_forgotten(
    project: DbtProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.build("run", rows(a=1))
    model = project.directory / "models" / "mart.sql"
    model.write_text(f"{model.read_text()}\n-- {{{{ 'changed' }}}}\n")
    another_process(monkeypatch)
    project.build("run", rows(a=2))
    texts = [text for _, text in marshal.loads(written(tmp_path).read_bytes()[32:])]
    (of_model,) = {text for text in texts if "materialized='table'" in text}
    assert "changed" in of_model


def test_a_statement_beside_the_project_is_never_written_down(project: DbtProject, tmp_path: Path) -> None:
    assert "from" in project.compile("select 'acme' as secret from {{ ref('given') }}", rows(acme=1))
    project.build("run", rows(acme=1))
    assert b"acme" not in written(tmp_path).read_bytes()


def test_a_build_does_without_a_cache_that_cannot_be_written(
    project: DbtProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiled_templates.Path, "write_bytes", full)
    project.build("run", rows(a=1))
    assert built(project) == [("a", 1)]
    assert not list((tmp_path / "cache").rglob("templates.marshal"))
