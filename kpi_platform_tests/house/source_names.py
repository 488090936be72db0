"""No code outside a source's own home compares with its name: the catalogue describes all sources."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from kpi_platform.domain.sources import SOURCES
from kpi_platform_tests.house.source_file import Breach, SourceFile

HOMES = ("kpi_platform/domain/sources", "kpi_platform/local/samples/")
"""May compare with a source's name."""

_ADVICE = "ask the source's entry in domain/sources.py instead."
_IN_TEMPLATE = re.compile(rf"(==|!=|\bin\b)\s*[\[(]?\s*['\"]({'|'.join(SOURCES)})['\"]")


def source_names(file: SourceFile) -> Iterator[Breach]:
    """Finds `source == "salesforce"`, `source in ("salesforce", …)` and `case "salesforce":`."""
    if file.path.startswith(HOMES):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Compare):
            compared = [node.left, *node.comparators]
            named = [name for one in compared for name in _constants(one) if name in SOURCES]
        elif isinstance(node, ast.MatchValue):
            named = [name for name in _constants(node.value) if name in SOURCES]
        else:
            continue
        if named:
            yield file.breach(node, f"compares with '{named[0]}': {_ADVICE}")


def source_names_in_text(path: str, text: str) -> Iterator[Breach]:
    """Finds the same in templates and in dbt's SQL, which may name a source in the source's own folder."""
    if set(PurePosixPath(path).parts) & set(SOURCES):
        return
    for number, line in enumerate(text.splitlines(), 1):
        found = _IN_TEMPLATE.search(line)
        if found:
            yield Breach(path, number, f"compares with '{found[2]}': {_ADVICE}")


def _constants(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [text for one in node.elts for text in _constants(one)]
    return []
