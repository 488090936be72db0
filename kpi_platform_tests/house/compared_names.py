"""No code outside its home compares with the name of a source or destination: the catalogue describes all."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from kpi_platform.domain.destination_kinds import DESTINATION_KINDS
from kpi_platform.domain.sources import SOURCES
from kpi_platform_tests.house.source_file import Breach, SourceFile


@dataclass(frozen=True)
class _Catalogue:
    """`homes` are the beginnings of the files that may compare with its `names`."""

    names: Collection[str]
    homes: tuple[str, ...]
    advice: str


_CATALOGUES = (
    _Catalogue(
        SOURCES,
        ("kpi_platform/domain/sources", "kpi_platform/local/samples/"),
        "ask the source's entry in domain/sources.py instead.",
    ),
    _Catalogue(
        DESTINATION_KINDS,
        # Adapters hold each kind's client; the local Fivetran lands in two kinds, the dashboard is of two.
        (
            "kpi_platform/domain/destination_kinds",
            "kpi_platform/adapters/",
            "kpi_platform/local/",
            "kpi_platform/dashboard/",
        ),
        "ask the destination's entry in domain/destination_kinds.py instead.",
    ),
)
_OF_NAME: Mapping[str, _Catalogue] = {name: one for one in _CATALOGUES for name in one.names}
_IN_TEMPLATE = re.compile(rf"(==|!=|\bin\b)\s*[\[(]?\s*['\"]({'|'.join(SOURCES)})['\"]")


def compared_names(file: SourceFile) -> Iterator[Breach]:
    """Finds `source == "salesforce"`, `kind in ("postgres", …)` and `case "salesforce":`."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Compare):
            compared = [name for one in (node.left, *node.comparators) for name in _constants(one)]
        elif isinstance(node, ast.MatchValue):
            compared = _constants(node.value)
        else:
            continue
        for name in compared:
            catalogue = _OF_NAME.get(name)
            if catalogue and not file.path.startswith(catalogue.homes):
                yield file.breach(node, f"compares with '{name}': {catalogue.advice}")


def compared_names_in_text(path: str, text: str) -> Iterator[Breach]:
    """Finds sources in templates and in dbt's SQL, which may name a source in the source's own folder."""
    if set(PurePosixPath(path).parts) & set(SOURCES):
        return
    for number, line in enumerate(text.splitlines(), 1):
        found = _IN_TEMPLATE.search(line)
        if found:
            yield Breach(path, number, f"compares with '{found[2]}': {_OF_NAME[found[2]].advice}")


def _constants(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [text for one in node.elts for text in _constants(one)]
    return []
