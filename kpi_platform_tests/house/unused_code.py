"""Code without a caller in the product is dead, also if a test calls it.

vulture compares names. It cannot see the readers outside of Python (templates, dagster.yaml), nor frameworks
that call what a decorator registers or what their base class declares; the lists below name those.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from vulture import Vulture

from kpi_platform_tests.house.source_file import Breach, SourceFile

REGISTERED = ["@*.command", "@*.callback", "@*.get", "@*.post", "@*.put", "@*.patch", "@*.delete"]
REGISTERED += ["@*.exception_handler", "@*.middleware", "@*validator", "@*serializer", "@compiles", "@njit"]
REGISTERED += ["@dg.*", "@event.listens_for", "@sa.event.listens_for", "@pass_context"]
"""Decorators whose functions a framework calls."""

ALLOWED = {
    "RunsHere": "dagster.yaml",
    "RunsOnCelery": "dagster.yaml",
    "defs": "dagster, the code location",
    "get_partitions_def": "dagster-dbt",
    "get_group_name": "dagster-dbt",
    "get_owners": "dagster-dbt",
    "supports_check_run_worker_health": "dagster",
    "api_base_url": "dagster-fivetran",
    "_make_and_handle_request": "dagster-fivetran",
    "_make_request": "dagster-fivetran",
    "list_connectors_for_group": "dagster-fivetran",
    "get_groups": "dagster-fivetran",
    "sync_and_poll": "dagster-fivetran",
    "impl": "SQLAlchemy",
    "cache_ok": "SQLAlchemy",
    "inherit_cache": "SQLAlchemy",
    "isolation_level": "SQLAlchemy",
    "process_bind_param": "SQLAlchemy",
    "process_result_value": "SQLAlchemy",
    "load_dialect_impl": "SQLAlchemy",
    "model_config": "pydantic",
    "send_400_response": "uvicorn",
    "disconnected": "uvicorn",
    "should_exit": "uvicorn",
    "autocommit": "redshift_connector",
    "collect": "prometheus_client",
    "trace": "httpx",
    "__signature__": "typer",
    "__annotations__": "typer",
}
"""Name → who reads it."""

ELSEWHERE = (
    # Alembic reads them.
    "kpi_platform/dashboard/migrations/",
    # What they assign is read by those whose code they patch.
    "kpi_platform/adapters/dbt_patches/",
    "kpi_platform/adapters/destination/pins.py",
    "kpi_platform/defs/dagster_insides.py",
)
"""Files whose names others read."""

_WORD = re.compile(r"[A-Za-z_]\w+")


def unused_code(files: Iterable[SourceFile], project: Path) -> Iterator[Breach]:
    """Finds functions, classes, methods, attributes and variables whose name nothing in the product mentions.
    Fields of classes are no code: most are read as a whole, as JSON, as a row, or by pydantic. Imports are
    ruff's."""
    vulture = Vulture(ignore_decorators=REGISTERED, ignore_names=list(ALLOWED))
    known = {str(project / file.path): file for file in files}
    for name, file in known.items():
        vulture.scan(file.text, filename=name)
    for template in project.glob("kpi_platform/**/*.html"):
        vulture.used_names |= set(_WORD.findall(template.read_text(encoding="utf-8")))
    for item in vulture.get_unused_code():
        file = known[str(item.filename)]
        if file.path.startswith(ELSEWHERE) or item.typ == "import":
            continue
        if item.typ == "variable" and file.fields.get(item.first_lineno) == item.name:
            continue
        yield file.breach(item.first_lineno, f"{item.typ} '{item.name}' is used nowhere: delete it.")
