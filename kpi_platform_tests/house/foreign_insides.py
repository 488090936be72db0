"""Private modules of other packages, and changes to what they hold, stand behind a wall.

docs/decisions/0017-foreign-insides-behind-a-wall.md says why.
"""

import ast
from collections.abc import Iterator

from kpi_platform_tests.house.source_file import Breach, SourceFile

WALLS = (
    "kpi_platform/defs/dagster_insides.py",
    "kpi_platform/adapters/dbt_patches/",
    # The driver of Redshift has no other way to connect to an address that was checked.
    "kpi_platform/adapters/destination/pins.py",
)


def foreign_insides(file: SourceFile) -> Iterator[Breach]:
    """Finds imports of `package._module`, and assignments to an attribute of what another package owns."""
    if file.path.startswith(WALLS):
        return
    foreign: set[str] = set()
    for node in ast.walk(file.tree):
        for module, names in _imports(node):
            if _is_private(module):
                yield file.breach(node, f"{module} is private: import it in {WALLS[0]} or {WALLS[1]}.")
            if not module.startswith("kpi_platform"):
                foreign |= names
    for node in ast.walk(file.tree):
        for target in _targets(node):
            root = _root(target)
            if isinstance(target, ast.Attribute) and root in foreign:
                yield file.breach(
                    node, f"{ast.unparse(target)} is another package's: change it in {WALLS[1]}."
                )


def _imports(node: ast.AST) -> Iterator[tuple[str, set[str]]]:
    """The modules that a statement imports, each with the names that it binds."""
    if isinstance(node, ast.Import):
        for name in node.names:
            yield name.name, {name.asname or name.name.partition(".")[0]}
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for name in node.names:
            bound = {name.asname or name.name}
            yield (f"{node.module}.{name.name}" if name.name.startswith("_") else node.module), bound


def _is_private(module: str) -> bool:
    return not module.startswith("__") and any(
        part.startswith("_") and not part.startswith("__") for part in module.split(".")[1:]
    )


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    if isinstance(node, ast.AnnAssign | ast.AugAssign):
        return [node.target]
    return []


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
