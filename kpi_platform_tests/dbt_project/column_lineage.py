"""Makes dbt/column_lineage.json, which the code location shows: `make reference`.

dagster-dbt follows columns where its own command-line client runs dbt, in every run; ours runs in process. So
the same library (sqlglot) follows them here, in the same compiled SQL, once for every change of the models.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlglot import MappingSchema, exp, parse_one
from sqlglot.expressions import to_column
from sqlglot.lineage import Node, lineage

from kpi_platform.adapters.dbt import DbtProject, project_directory
from kpi_platform.adapters.dbt_results import NodeResult
from kpi_platform.adapters.destination.duckdb import DuckDbDestination
from kpi_platform.configuration import Configuration
from kpi_platform.domain.batch import batch_vars, landed_tables, plan_customer
from kpi_platform.domain.landed import landed_name
from kpi_platform.domain.settings import parse_settings
from kpi_platform.domain.sources import SOURCES, Source
from kpi_platform_tests.pipeline.landing import land

FILE = project_directory() / "column_lineage.json"
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
_DIALECT = "duckdb"
_TABLES_OF_CUSTOM_FIELDS: Mapping[Source, Sequence[str]] = {
    "salesforce": ("account", "opportunity", "case"),
    "servicenow": ("incident",),
}

Lineage = Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]
"""Mart → column → asset (a mart, or source/table) → its columns."""


def open_project(home: Path) -> DbtProject:
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)})
    return DbtProject(configuration, DuckDbDestination(configuration.warehouse_file, "kpi"))


def build_documented(project: DbtProject, command: Literal["run", "build"] = "run") -> list[NodeResult]:
    """Builds the marts of one customer with default settings, with `build` their tests, too. For it, every
    table and column that the dbt project documents has landed, without a row."""
    settings = parse_settings({source: {"schema": source} for source in SOURCES})
    documented: dict[Source, dict[str, dict[str, str]]] = {source: {} for source in SOURCES}
    for table in _manifest(project)["sources"].values():
        documented[table["source_name"]][table["name"]] = dict.fromkeys(table["columns"], "varchar")
    for source, tables in _TABLES_OF_CUSTOM_FIELDS.items():
        fields = settings.source(source).fields
        names = [landed_name(settings.mapped_field(source, field)) for field in fields]
        for table in tables:
            documented[source][table] |= dict.fromkeys(names, "varchar")
    for source, tables in documented.items():
        file, schema = project.configuration.warehouse_file, settings.source(source).schema_
        land(file, schema, {name: (columns, []) for name, columns in tables.items()})
    landed = landed_tables("documented", settings, documented)
    plan = plan_customer("documented", settings, landed, {}, AS_OF)
    return project.build(command, batch_vars([plan], AS_OF))


def column_lineage(project: DbtProject, results: Sequence[NodeResult]) -> Lineage:
    """The columns that each column of a mart is computed from, through the ephemeral models. What only
    decides which rows there are (joins, filters) is no part of it."""
    marts = project.destination.mart_schema
    schema = MappingSchema(project.destination.columns([*SOURCES, marts]), dialect=_DIALECT)
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for result in sorted(results, key=lambda one: one.name):
        query = parse_one(result.compiled_sql or "", dialect=_DIALECT)
        for table in query.find_all(exp.Table):
            table.set("catalog", None)
        columns = lineage(None, query, schema, dialect=_DIALECT, trim_selects=False)
        found[result.name] = {column: _read_by(node, marts) for column, node in columns.items()}
    return found


def _read_by(node: Node, marts: str) -> dict[str, list[str]]:
    leaves = (leaf for leaf in node.walk() if not leaf.downstream)
    read: dict[str, set[str]] = {}
    for leaf in leaves:
        table = leaf.expression.find(exp.Table)
        if table is not None:
            asset = table.name if table.db == marts else f"{table.db}/{table.name}"
            read.setdefault(asset, set()).add(to_column(leaf.name).name)
    return {asset: sorted(columns) for asset, columns in sorted(read.items())}


def text_of(found: Lineage) -> str:
    """The file's text: a line a column, so that a change shows what it changed."""
    marts = [
        f"{json.dumps(mart)}: {{\n"
        + ",\n".join(f"  {json.dumps(name)}: {json.dumps(read)}" for name, read in columns.items())
        + "\n}"
        for mart, columns in found.items()
    ]
    return "{\n" + ",\n".join(marts) + "\n}\n"


def _manifest(project: DbtProject) -> Mapping[str, Any]:
    parsed: Mapping[str, Any] = json.loads(project.parsed().read_text())
    return parsed


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        made = open_project(Path(home))
        FILE.write_text(text_of(column_lineage(made, build_documented(made))))
