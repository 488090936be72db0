"""The parts of the platform are declared, used, locked, and listed."""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from typer.testing import CliRunner

from kpi_platform.cli.main import app
from kpi_platform_tests.web.conftest import Web, web  # noqa: F401

PROJECT = Path(__file__).parents[2]
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
NOT_IMPORTED = {
    "dagster-webserver": "its command is started by `up`",
    "dagster-postgres": "dagster.yaml names its classes",
    "dbt-duckdb": "dbt loads its adapters by name",
    "dbt-postgres": "dbt loads its adapters by name",
    "dbt-snowflake": "dbt loads its adapters by name",
    "dbt-bigquery": "dbt loads its adapters by name",
    "dbt-redshift": "dbt loads its adapters by name",
    "dagster-k8s": "the chart's dagster.yaml names its classes",
    "python-multipart": "FastAPI needs it for forms",
    "httptools": "uvicorn's protocol that limits connections reads requests with it",
    "tzdata": "zoneinfo reads it where the system has no zones",
    "fastapi-swagger": "its files of the API's page are served",
}


def imported() -> set[str]:
    """Every top package that a file of the platform imports, wherever in the file."""
    found: set[str] = set()
    for file in (PROJECT / "kpi_platform").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def declared() -> set[str]:
    extras = [
        text for name, texts in DECLARED["optional-dependencies"].items() if name != "dev" for text in texts
    ]
    return {Requirement(text).name.lower() for text in [*DECLARED["dependencies"], *extras]}


@cache
def installed() -> Mapping[str, Sequence[str]]:
    # The adapters put themselves into dbt's own package.
    return {**packages_distributions(), "dbt": ["dbt-core"]}


def distributions_of(names: set[str]) -> set[str]:
    return {one.lower().replace("_", "-") for name in names for one in installed().get(name, [])}


def test_every_declared_package_is_imported_or_has_a_reason() -> None:
    used = distributions_of(imported())
    unused = declared() - used - set(NOT_IMPORTED)
    assert unused == set()
    stale = {name for name in NOT_IMPORTED if name in used or name not in declared()}
    assert stale == set()


def test_every_imported_package_is_declared() -> None:
    ours = imported() - set(sys.stdlib_module_names) - {"kpi_platform"}
    undeclared = {
        name
        for name in ours
        if (known := distributions_of({name})) and not known & (declared() | {"kpi-platform"})
    }
    assert undeclared - COME_WITH_OTHERS == set()


COME_WITH_OTHERS = {
    "starlette", "markupsafe", "pydantic_core", "dagster_shared", "dbt_common", "snowflake", "google",
    "redshift_connector", "psycopg2", "botocore",
}  # fmt: skip
"""Parts of a declared package under another name: FastAPI's, Jinja's, Dagster's, dbt's, its adapters'."""


def test_the_version_is_told_by_the_command_and_every_page(web: Web) -> None:  # noqa: F811
    assert CliRunner().invoke(app, ["--version"]).stdout == f"kpi-platform {version('kpi_platform')}\n"
    assert f"Version {version('kpi_platform')}" in web.signed_in("acme").get("/uploads").text


@pytest.mark.slow
def test_the_bill_of_materials_names_every_locked_package() -> None:
    subprocess.run(["make", "sbom"], cwd=PROJECT, check=True, capture_output=True, timeout=120)
    lock, file = PROJECT / "requirements.lock", PROJECT / "sbom.json"
    document = json.loads(file.read_text())
    named = {(one["name"].lower(), one["version"]) for one in document["components"]}
    locked = {
        tuple(line.split(" ")[0].split("==")) for line in lock.read_text().splitlines() if line[:1].isalnum()
    }
    assert locked <= {(name.replace("_", "-"), number) for name, number in named}
    assert document["metadata"]["component"]["name"] == "kpi_platform"
