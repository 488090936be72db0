"""The dbt project by itself: unit tests, documentation, and the types and lineage of its marts' columns."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest

from kpi_platform.adapters.dbt import DbtProject, model_file
from kpi_platform.adapters.dbt_results import NodeResult
from kpi_platform.domain.data_tests import FailingRows, finding_words
from kpi_platform.domain.kpis import KPIS
from kpi_platform_tests.dbt_project import column_lineage, kpi_catalogue, made_parts
from kpi_platform_tests.dbt_project.mart_columns import MART_COLUMNS
from kpi_platform_tests.dbt_project.readings import TEXTS, TYPED, readings
from kpi_platform_tests.reference.formats import as_written
from kpi_platform_tests.reference.values import (
    flag,
    instant,
    leading_digits,
    midnight,
    number,
    there,
)

_DIALECTS = ("duckdb", "postgres", "redshift", "snowflake", "bigquery")
_TAIL = "-- what comes before are the models"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    return column_lineage.open_project(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="module", autouse=True)
def built(project: DbtProject) -> Sequence[NodeResult]:
    """The marts, empty, and their tests."""
    results = column_lineage.build_documented(project, "build")
    assert {result.status for result in results} == {"success", "pass"}
    return results


@pytest.fixture(scope="module")
def manifest(project: DbtProject) -> Mapping[str, Any]:
    parsed: Mapping[str, Any] = json.loads(project.parsed().read_text())
    return parsed


@pytest.fixture(scope="module")
def models(manifest: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


def test_every_unit_test_of_a_model_passes(project: DbtProject, manifest: Mapping[str, Any]) -> None:
    results = project.build("unit-test", {})
    assert {result.unique_id for result in results} == set(manifest["unit_tests"])
    assert not [f"{result.name}: {result.message}" for result in results if result.status != "pass"]


def test_every_column_of_every_model_is_described(
    project: DbtProject, models: Mapping[str, Mapping[str, Any]]
) -> None:
    found = _columns(project, models)
    for name, model in models.items():
        assert model["description"].startswith("One row"), name
        described = {column for column, entry in model["columns"].items() if entry["description"].strip()}
        assert described == set(found[name]), name


def test_macros_sources_and_exposures_are_described(manifest: Mapping[str, Any]) -> None:
    own = [one for one in manifest["macros"].values() if one["package_name"] == "kpi_platform"]
    assert own
    undescribed = [
        one["unique_id"]
        for one in (*own, *manifest["sources"].values(), *manifest["exposures"].values())
        if not one["description"].strip()
    ]
    # A warehouse's own way is described by the macro that dispatches to it; a test by its first comment.
    others = ("default__", "test_", *(f"{dialect}__" for dialect in _DIALECTS))
    assert [one for one in undescribed if not one.rpartition(".")[2].startswith(others)] == []


def test_all_that_a_dialect_says_otherwise_stands_in_its_one_file(manifest: Mapping[str, Any]) -> None:
    own = [one for one in manifest["macros"].values() if one["package_name"] == "kpi_platform"]
    places = {(one["name"].split("__")[0], one["original_file_path"]) for one in own if "__" in one["name"]}
    assert {file for dialect, file in places if dialect in _DIALECTS} == {
        f"macros/dialects/{dialect}.sql" for dialect in _DIALECTS
    }
    assert all(file == f"macros/dialects/{name}.sql" for name, file in places if name in _DIALECTS)
    assert not [one["unique_id"] for one in own if "target.type" in one["macro_sql"]]


def test_every_data_test_says_what_it_finds_of_whom_in_words(
    project: DbtProject, built: Sequence[NodeResult]
) -> None:
    """Otherwise describe it in dbt/tests/_tests.yml, as docs/extending.md says."""
    tests = {result.test: result.compiled_sql for result in built if result.test is not None}
    assert len({test.rule for test in tests if not test.columns or len(test.columns) < 4}) > 10
    with duckdb.connect(str(project.configuration.warehouse_file), read_only=True) as connection:
        for test, sql in tests.items():
            selected = [row[0] for row in connection.execute(f"describe {sql}").fetchall()]
            assert "customer_id" in selected, f"{test.name} does not say whose its rows are"
            place = ("source_table", "column_name")
            assert test.columns or set(place) <= set(selected), f"{test.name} names no column"
            assert test.rule.endswith("."), f"{test.name} has no rule in words"
            example = {name: "x1" for name in selected if name != "customer_id"}
            text = finding_words("acme", test, [FailingRows(test.table, None, 2, [example])])
            assert text.startswith("Customer acme: "), test.name
            assert f" 2 rows of {test.table}" in text or " 2 accounts " in text, test.name
            assert ("x1" in text) == bool(example) and text.endswith(f"The rule: {test.rule}"), test.name


def test_a_kpi_leads_to_its_models_and_they_to_it(models: Mapping[str, Mapping[str, Any]]) -> None:
    stated = {name: model["config"]["meta"].get("kpis", []) for name, model in models.items()}
    assert {(name, kpi) for name, kpis in stated.items() for kpi in kpis} == {
        (name, slug) for slug, kpi in KPIS.items() for name in kpi.models
    }
    for name in stated:
        assert model_file(name) == f"dbt/{models[name]['original_file_path']}"


def test_dbt_knows_the_kpis_of_the_catalogue() -> None:
    assert kpi_catalogue.FILE.read_text() == kpi_catalogue.text(), "Make it anew: make reference"


def test_the_models_are_described_as_the_catalogues_say() -> None:
    old = [
        file.name for file in made_parts.FILES if file.read_text(encoding="utf-8") != made_parts.text(file)
    ]
    assert old == [], "Make them anew: make reference"


def test_the_marts_have_the_columns_and_types_that_are_agreed(
    project: DbtProject, models: Mapping[str, Mapping[str, Any]]
) -> None:
    """What dbt's enforced contracts would check at every build, checked once."""
    marts = {name for name, model in models.items() if model["config"]["materialized"] == "incremental"}
    with duckdb.connect(str(project.configuration.warehouse_file), read_only=True) as connection:
        found = {
            mart: {
                name: kind.lower() for name, kind, *_ in connection.execute(f"describe kpi.{mart}").fetchall()
            }
            for mart in marts
        }
    assert found == MART_COLUMNS


def test_the_lineage_of_the_columns_is_up_to_date(project: DbtProject, built: Sequence[NodeResult]) -> None:
    marts = [result for result in built if result.kind == "model"]
    made = column_lineage.text_of(column_lineage.column_lineage(project, marts))
    assert column_lineage.FILE.read_text() == made, "Make it anew: make reference"


def _columns(project: DbtProject, models: Mapping[str, Any]) -> dict[str, list[str]]:
    """The columns of every model: those of a mart from its table, those of an ephemeral one from its SQL."""
    ephemeral = [name for name, model in models.items() if model["config"]["materialized"] == "ephemeral"]
    references = ", ".join(f"{{{{ ref('{name}') }}}}" for name in ephemeral)
    head, _, _ = project.compile(f"{_TAIL}\nselect * from {references}", {}).partition(_TAIL)
    # dbt hangs the statement's own text on the last of the common table expressions.
    with duckdb.connect(str(project.configuration.warehouse_file), read_only=True) as connection:
        found = {}
        for name in models:
            tail = f"{head} select * from __dbt__cte__{name}" if name in ephemeral else f"from kpi.{name}"
            found[name] = [row[0] for row in connection.execute(f"describe {tail}").fetchall()]
    return found


@pytest.mark.parametrize(("date_order", "decimal"), [("ymd", "point"), ("dmy", "comma"), ("mdy", "point")])
def test_every_value_is_read_as_the_contract_says_or_is_unreadable(
    project: DbtProject, date_order: str, decimal: str
) -> None:
    formats = {"date_order": date_order, "decimal": decimal}
    readers: dict[str, Callable[[object], object]] = {
        "float": number, "exact": number, "boolean": flag, "code": leading_digits, "timestamp": instant,
        "date": midnight,
    }  # fmt: skip
    landed = {"varchar": TEXTS} | (dict(TYPED) if date_order == "ymd" else {})
    wrong = []
    for one in readings(project, landed, formats):
        is_choice = one.kind in ("code", "boolean")
        found = readers[one.kind](one.value if is_choice else as_written(date_order, decimal, one.value))
        expected = (_float(found), there(one.value) and found is None)
        if (_float(one.found), one.unreadable) != expected:
            wrong.append((one, expected))
    assert wrong == []


def test_of_json_texts_and_numbers_are_read(project: DbtProject) -> None:
    texts = ('"2026-01-31"', '" 4 "', "4", "4.5", "true", '"yes"', "null", '""', '{"a": 4}', "[4]")
    found = {
        (one.value, one.kind): (one.found, one.unreadable) for one in readings(project, {"json": texts}, {})
    }
    assert [found[text, "float"] for text in texts] == [
        (None, True), (4, False), (4, False), (4.5, False), (None, True), (None, True), (None, False),
        (None, False), (None, True), (None, True),
    ]  # fmt: skip
    assert [text for text in texts if found[text, "timestamp"][1]] == [
        text for text in texts if text not in ('"2026-01-31"', "null", '""')
    ]
    assert [text for text in texts if found[text, "boolean"][0]] == ["true", '"yes"']


def _float(value: object) -> object:
    return float(value) if isinstance(value, Fraction | Decimal | float) else value
