"""A dbt project of one ephemeral model, one mart and one test, for tests of the invocation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.configuration import Configuration

FILES = {
    "dbt_project.yml": "name: small\nversion: '1.0'\nprofile: kpi_platform\nvars: {rows: []}\n",
    "models/given.sql": (
        "{{ config(materialized='ephemeral') }}\n"
        "{% for row in var('rows') %}"
        "select '{{ row.key }}' as customer_id, cast('{{ row.value }}' as integer) as v union all "
        "{% endfor %} select null as customer_id, null as v where false"
    ),
    "models/mart.sql": "{{ config(materialized='table') }} select * from {{ ref('given') }}",
    "models/mart.yml": (
        "models: [{name: mart, columns: [{name: v, data_tests: [{accepted_values: "
        "{arguments: {values: [1], quote: false}, config: {severity: warn}}}]}]}]"
    ),
}


def small_project(
    configuration: Configuration, directory: Path, more: Mapping[str, str] | None = None
) -> DbtProject:
    """Writes the project, and `more` files, into `directory`."""
    for name, text in {**FILES, **(more or {})}.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    configuration.home.mkdir()
    return DbtProject(configuration, DuckDbDestination(configuration.warehouse_file, "kpi"), directory)


def rows(**values: Any) -> dict[str, Any]:
    """Vars of the project: its mart gets a row for each value."""
    return {"rows": [{"key": key, "value": value} for key, value in values.items()]}


def built(project: DbtProject) -> list[tuple[str, int]]:
    """The rows of the mart."""
    batches = project.destination.query("select customer_id, v from kpi.mart order by v")
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]
