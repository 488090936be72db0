"""Comments and descriptions say "if" for a condition and "except" for an exception; "where" is for places."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from kpi_platform_tests.house.source_file import Breach, SourceFile

QUOTES = "kpi_platform_tests/reference/"
"""Quotes the contract word by word."""

_CONDITIONAL = r"None|NULL|[Tt]rue|[Ff]alse|[Nn]othing|none|empty|also|only|even|[01]|\w+Error"
_DIALECT = re.compile(rf"\b(?:{_CONDITIONAL}) (where)\b|\b([Bb]ut for)\b")


def plain_words(file: SourceFile) -> Iterator[Breach]:
    """Finds words of dialect in the comments and docstrings of a Python file."""
    if file.path.startswith(QUOTES):
        return
    lines = {number for node in ast.walk(file.tree) for number in _lines_of_text(node)}
    lines |= {
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(file.text).readline)
        if token.type == tokenize.COMMENT
    }
    for number, line in enumerate(file.text.splitlines(), 1):
        if number in lines:
            yield from _breaches(file.path, number, line)


def plain_words_in_text(path: str, text: str) -> Iterator[Breach]:
    """Finds the same in dbt's SQL and YAML."""
    for number, line in enumerate(text.splitlines(), 1):
        yield from _breaches(path, number, line)


def _breaches(path: str, number: int, line: str) -> Iterator[Breach]:
    if found := _DIALECT.search(line):
        words, better = (found[1], "if") if found[1] else (found[2], "except")
        yield Breach(path, number, f"'{words}' for '{better}': write '{better}'.")


def _lines_of_text(node: ast.AST) -> range:
    """The lines of a text that stands alone: a docstring."""
    match node:
        case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=last):
            return range(first, (last or first) + 1)
    return range(0)
