"""Docstrings say first what a function does, and name the thing that a class or module is.

The words that cannot begin them are of closed classes (articles, pronouns, prepositions, conjunctions): short
lists suffice, where knowing all verbs would take a dictionary.
"""

import ast
import re
from collections.abc import Iterator

from kpi_platform_tests.house.source_file import Breach, SourceFile

_RELATIVE = "but of that what whatever where wherever which who whoever whom whose"
_OTHER_CLOSED = """
a about after all also an and another any anybody anything as at because before both by each either every
everybody everything few for from he here how i if in into it its just many more most no nobody none nothing
now on one only or other our several since so some somebody something than the their them then there these
they this those though to two until upon we when whenever while why with within without yet
"""
_PLURALS = """
accounts batches bytes columns connections customers events files hosts ids industries items keys
lines links minutes pages pairs parts positions rows seconds settings tables tags texts things times
tokens uploads values weights words
"""

RELATIVE = frozenset(_RELATIVE.split())
"""Begin a clause that has lost its noun."""

NO_VERBS = RELATIVE | frozenset(_OTHER_CLOSED.split()) | frozenset(_PLURALS.split())
"""Cannot begin the docstring of a function. Plurals look like verbs in the third person."""


def docstrings(file: SourceFile) -> Iterator[Breach]:
    """Finds functions whose docstring begins with no verb, and clauses without a noun."""
    for node, is_function in _documented(file.tree):
        text = ast.get_docstring(node)
        if not text:
            continue
        first = re.match(r"([A-Za-z']*)", text)
        word = first[1] if first else ""
        line = node.body[0].lineno
        if word.lower() in RELATIVE:
            yield file.breach(line, f"'{word} …': begin with the noun that the clause is about.")
        elif is_function and (not word or word.lower() in NO_VERBS):
            yield file.breach(line, f"'{word or text.split()[0]} …': begin with the verb, as in 'Returns'.")


def _documented(
    tree: ast.Module,
) -> Iterator[tuple[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
    """The module, and all its public functions (properties apart) and classes."""
    yield tree, False
    nodes: list[ast.stmt] = list(tree.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node, False
            nodes += node.body
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node, not any("property" in ast.unparse(one) for one in node.decorator_list)
