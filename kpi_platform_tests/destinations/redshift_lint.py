"""Finds SQL that PostgreSQL takes and Redshift does not: the emulation cannot notice it, so compiled SQL is
read."""

from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift

RESERVED = Redshift.Generator.RESERVED_KEYWORDS
MAX_STATEMENT_BYTES = 16_777_216
MAX_NAME_BYTES = 127
_SORTED_AGGREGATES = (exp.PercentileCont, exp.PercentileDisc, exp.GroupConcat, exp.Median)
_OWN_FUNCTIONS = {"to_char", "chr", "pg_backend_pid"}
"""Functions of Redshift that the parser has no class for."""

_RULES: dict[type[exp.Expression], Callable[[exp.Expression], str | None]] = {
    exp.Filter: lambda node: "aggregates have no FILTER",
    exp.ArrayAgg: lambda node: "there is no array_agg",
    exp.Array: lambda node: "there are no arrays",
    exp.Bracket: lambda node: "there are no subscripts",
    exp.Lateral: lambda node: "there is no LATERAL",
    exp.Unnest: lambda node: "there is no unnest",
    exp.Collate: lambda node: "ORDER BY takes no collation; texts sort by their bytes",
    exp.NullSafeEQ: lambda node: "there is no IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: lambda node: "there is no IS DISTINCT FROM",
    exp.GenerateSeries: lambda node: "generate_series runs on the leader node alone",
    exp.Values: lambda node: (
        None if isinstance(node.parent, exp.Insert) else "VALUES is no table outside of INSERT"
    ),
    exp.Distinct: lambda node: "there is no DISTINCT ON" if node.args.get("on") else None,
    exp.CTE: lambda node: "CTEs take no MATERIALIZED" if node.args.get("materialized") is not None else None,
    exp.Cast: lambda node: (
        "TEXT is VARCHAR(256): longer texts fail" if node.args["to"].is_type("text") else None
    ),
    exp.Anonymous: lambda node: (
        None if node.name.lower() in _OWN_FUNCTIONS else f"there is no function {node.name}"
    ),
    exp.Identifier: lambda node: (
        f"the name {node.name} is too long"
        if len(node.name.encode()) > MAX_NAME_BYTES
        else f"{node.name} is a reserved word"
        if not node.args.get("quoted") and node.name.lower() in RESERVED
        else None
    ),
    exp.Select: lambda node: (
        "sorted aggregates of one SELECT must sort alike" if len(_orders(node)) > 1 else None
    ),
}


def complaints(statement: str) -> Iterator[str]:
    """What Redshift would refuse in the statement, or statements. Raises sqlglot's ParseError."""
    if len(statement.encode()) > MAX_STATEMENT_BYTES:
        yield "the statement is longer than 16 MB"
    for tree in sqlglot.parse(statement, read="redshift"):
        for node in tree.walk() if tree is not None else ():
            rule = _RULES.get(type(node))
            if rule is not None and (reason := rule(node)):
                yield f"{reason}: {node.sql('redshift')[:200]}"


def _orders(select: exp.Expression) -> set[str]:
    """The ORDER BY of the sorted aggregates that belong to this SELECT itself."""
    return {
        node.expression.sql()
        for node in select.find_all(exp.WithinGroup)
        if isinstance(node.this, _SORTED_AGGREGATES) and node.find_ancestor(exp.Select) is select
    }
