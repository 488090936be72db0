"""A Python file with its syntax tree, and a breach of one of our rules in it."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Breach:
    """A line of a file that breaks a rule; `text` says how and what to do."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(frozen=True)
class SourceFile:
    """`path` is relative to the project, with slashes."""

    path: str
    text: str

    @classmethod
    def read(cls, root: Path, path: Path) -> "SourceFile":
        return cls(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def fields(self) -> Mapping[int, str]:
        """Line → field of a class, or member of an enumeration, that begins there."""
        found: dict[int, str] = {}
        for node in ast.walk(self.tree):
            for one in node.body if isinstance(node, ast.ClassDef) else ():
                target = one.target if isinstance(one, ast.AnnAssign) else None
                if isinstance(one, ast.Assign):
                    target = one.targets[0]
                if isinstance(target, ast.Name):
                    found[one.lineno] = target.id
        return found

    def breach(self, node: ast.AST | int, text: str) -> Breach:
        return Breach(self.path, node if isinstance(node, int) else getattr(node, "lineno", 1), text)
