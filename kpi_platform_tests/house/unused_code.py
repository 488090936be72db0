"""Functions, classes, attributes and variables without a caller in the product are dead, also if a test calls
them.

vulture compares names. Names that something else than Python reads are known from where they are read
(templates, the settings of Dagster) or from the decorator that registers the function.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from vulture import Vulture

from kpi_platform_tests.house.source_file import Breach, SourceFile

REGISTERED = [
    "@*.command",
    "@*.callback",
    "@app.*",
    "@router.*",
    "@dg.*",
    "@*validator",
    "@field_serializer",
    "@model_serializer",
    "@event.listens_for",
    "@sa.event.*",
    "@njit",
]
"""What they decorate is called by a framework."""

ALLOWED: dict[str, str] = {}
"""Name → who reads it."""

_WORD = re.compile(r"[A-Za-z_]\w+")


def unused_code(files: Iterable[SourceFile], project: Path) -> Iterator[Breach]:
    """Finds definitions whose name nothing in the product mentions."""
    vulture = Vulture(ignore_decorators=REGISTERED, ignore_names=list(ALLOWED))
    for file in files:
        vulture.scan(file.text, filename=str(project / file.path))
    for template in project.glob("kpi_platform/**/*.html"):
        vulture.used_names |= set(_WORD.findall(template.read_text(encoding="utf-8")))
    for item in vulture.get_unused_code(min_confidence=60):
        path = item.filename.relative_to(project).as_posix()
        yield Breach(path, item.first_lineno, f"{item.typ} '{item.name}' is used nowhere: delete it.")
