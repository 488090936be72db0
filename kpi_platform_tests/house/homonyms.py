"""One name for one class: two classes of a name are two things that readers take for one."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from kpi_platform_tests.house.source_file import Breach, SourceFile


def homonyms(files: Iterable[SourceFile]) -> Iterator[Breach]:
    """Finds public classes of a name that a class of another module has."""
    found: defaultdict[str, list[tuple[SourceFile, ast.ClassDef]]] = defaultdict(list)
    for file in files:
        for node in file.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append((file, node))
    for name, places in found.items():
        if len(places) > 1:
            others = ", ".join(file.path for file, _ in places[1:])
            file, node = places[0]
            yield file.breach(node, f"class {name} is also in {others}: give each thing a name of its own.")
