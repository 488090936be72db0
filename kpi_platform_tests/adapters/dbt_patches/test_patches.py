"""With each patch of dbt and without it an invocation comes to the same; without a check none is applied."""

import copy
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dbt.adapters.duckdb.environments.local import LocalEnvironment
from dbt.config.runtime import RuntimeConfig
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.dataclass_schema import dbtClassMixin
from dbt_common.events.event_manager import EventManager

from dbt import compilation
from kpi_platform.adapters import dbt_parsed_project
from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.dbt_patches import (
    compiled_templates,
    debug_events,
    duckdb_cancel,
    inject_ctes,
    kept_models,
    patches,
    shared_vars,
    validation,
)
from kpi_platform.adapters.dbt_results import NodeResult
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import BuildFailed
from kpi_platform_tests.adapters.small_project import built, rows, small_project

CHANGED: Mapping[str, tuple[tuple[Any, str, Any], ...]] = {
    "compiled_templates": ((MacroFuzzEnvironment, "compile", compiled_templates.original),),
    "debug_events": ((EventManager, "fire_event", debug_events.original),),
    "duckdb_cancel": ((LocalEnvironment, "cancel", duckdb_cancel.original),),
    "inject_ctes": ((compilation, "inject_ctes_into_sql", inject_ctes.original),),
    "validation": (
        (RuntimeConfig, "validate", validation.original_of_config),
        (dbtClassMixin, "validate", classmethod(validation.original)),
    ),
}
"""Patch → owner and name of what it replaces, and the original."""

WRONG = {
    "models/wrong.sql": (
        "{{ config(materialized='table') }} select cast(customer_id as integer) as v from {{ ref('mart') }}"
    )
}


@pytest.fixture
def project(
    configuration: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DbtProject]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(dbt_parsed_project, "_manifests", {})
    yield small_project(configuration, tmp_path / "project", WRONG)


def restored(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        for owner, attribute, original in CHANGED[name]:
            monkeypatch.setattr(owner, attribute, original)


def outcome(project: DbtProject) -> tuple[Any, ...]:
    """All that a caller sees of an invocation that fails in a model and warns in a test."""
    heard: list[tuple[str, str, int, int]] = []
    results = project.build(
        "build", rows(a=1, b=2), on_node=lambda one: heard.append((one.node, one.status, one.done, one.total))
    )
    statement = project.compile("select * from {{ ref('given') }}", rows(a=1))
    return sorted(map(_timeless, results), key=str), sorted(heard), statement, built(project)


def _timeless(result: NodeResult) -> NodeResult:
    return replace(result, seconds=0.0)


def test_an_invocation_comes_to_the_same_without_any_one_patch(
    project: DbtProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_all = outcome(project)
    results, heard, statement, mart = with_all
    assert {(one.name, one.status) for one in results} >= {("mart", "success"), ("wrong", "error")}
    assert len(heard) == 3
    assert "__dbt__cte__given" in statement
    assert mart == [("a", 1), ("b", 2)]
    for name in CHANGED:
        with monkeypatch.context() as without:
            without.setattr(f"kpi_platform.adapters.dbt_patches.{name}.apply", lambda **_: None)
            restored(without, name)
            assert outcome(project) == with_all, name


def test_versions_that_were_not_checked_are_used_as_they_are_and_come_to_the_same(
    project: DbtProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_all = outcome(project)
    for module in (patches, shared_vars, kept_models, dbt_parsed_project):
        monkeypatch.setattr(module, "are_checked", lambda *_: False)
    restored(monkeypatch, *CHANGED)
    dbt_parsed_project._manifests.clear()
    assert outcome(project) == with_all
    for name, changed in CHANGED.items():
        for owner, attribute, original in changed:
            now = vars(owner)[attribute]
            assert getattr(now, "__func__", now) is getattr(original, "__func__", original), name


def test_a_project_or_profile_that_is_wrong_is_refused_when_it_is_parsed(project: DbtProject) -> None:
    project.build("run", rows(a=1))
    file = project.directory / "dbt_project.yml"
    file.write_text(f"{file.read_text()}models: many\n")
    with pytest.raises(BuildFailed, match="models"):
        project.build("run", rows(a=1))


def test_listeners_hear_the_events_that_dbt_fires_above_debug(project: DbtProject) -> None:
    heard: dict[str, list[str]] = {}
    for name, fire in (("original", debug_events.original), ("ours", debug_events.fire_event)):
        heard[name] = _heard(fire)
    assert heard["ours"] == [one for one in heard["original"] if not one.startswith("debug")]
    assert len(heard["ours"]) == 2 < len(heard["original"])


def _heard(fire: Callable[..., None]) -> list[str]:
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.types import Note, SystemCouldNotWrite

    heard: list[str] = []
    manager = EventManager()
    manager.add_callback(lambda event: heard.append(f"{event.info.level} {event.info.msg}"))
    fire(manager, Note(msg="to be seen"))
    fire(manager, SystemCouldNotWrite(path="by", reason="its own level", exc=""))
    fire(manager, Note(msg="by a given level"), EventLevel.DEBUG)
    fire(manager, SystemCouldNotWrite(path="by", reason="a given level", exc=""), EventLevel.WARN)
    return heard


def test_the_manifest_that_is_read_is_the_one_that_was_parsed(project: DbtProject) -> None:
    parsed = project._project.load()[0]
    read = Manifest.from_msgpack(project.parsed().with_name("partial_parse.msgpack").read_bytes())
    assert read is not parsed
    for part in ("nodes", "sources", "macros", "docs", "disabled"):
        assert _plain(getattr(read, part)) == _plain(getattr(parsed, part)), part


def _plain(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: one.to_dict() if hasattr(one, "to_dict") else one for key, one in part.items()}


def test_shared_vars_are_equal_to_the_vars_and_their_copy_is_the_same_list() -> None:
    variables = {"as_of": "2026-01-01", **rows(a=1)}
    shared = shared_vars.shared(variables)
    assert shared == variables
    assert copy.deepcopy(shared)["rows"] is shared["rows"]


def test_models_stay_ephemeral_without_memory_or_a_checked_version(
    project: DbtProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.directory / "models/given.yml").write_text("models: [{name: given, config: {tags: [kept]}}]")
    manifest = project._project.manifest()
    given = manifest.nodes["model.small.given"]
    kept_models.keep(manifest, None)
    assert given.config.materialized == "ephemeral"
    with monkeypatch.context() as unchecked:
        unchecked.setattr(kept_models, "are_checked", lambda *_: False)
        kept_models.keep(manifest, "memory")
    assert given.config.materialized == "ephemeral"
    kept_models.keep(manifest, "memory")
    assert (given.config.materialized, given.database) == ("kept", "memory")


def test_no_log_file_stays_open_after_an_invocation(project: DbtProject) -> None:
    project.build("run", rows(a=1))
    assert logging.getLogger("file_log").handlers == []
