"""Redshift's SQL as PostgreSQL's, for the parts that the platform and dbt-redshift use."""

import re

import sqlglot
from sqlglot import exp

_NEEDS = re.compile(
    r"\b(datediff|try_cast|getdate|listagg|diststyle|distkey|sortkey|backup\s+no|regexp_replace)\b",
    re.IGNORECASE,
)
_WORDS = (
    (re.compile(r"\bpg_catalog\.svv_"), "redshift_compat.svv_"),
    (re.compile(r"\bset query_group to\b", re.IGNORECASE), "set redshift_compat.query_group to"),
    (re.compile(r"set_config\('query_group'"), "set_config('redshift_compat.query_group'"),
    (re.compile(r"with no schema binding", re.IGNORECASE), ""),
    (re.compile(r"\bcurrent_namespace\b"), "'c0ffee00-0000-4000-8000-000000000000'"),
)
_CURSOR = re.compile(r"declare \w+ cursor for ", re.IGNORECASE)
_TABLE_PROPERTIES = (
    exp.DistStyleProperty,
    exp.DistKeyProperty,
    exp.SortKeyProperty,
    exp.BackupProperty,
)


def to_postgres(statement: str) -> str:
    """The statement, or statements, in PostgreSQL's words. What both understand passes as it is."""
    for pattern, replacement in _WORDS:
        statement = pattern.sub(replacement, statement)
    if not _NEEDS.search(statement):
        return statement
    cursor = _CURSOR.match(statement)
    start = cursor.group() if cursor else ""
    parsed = sqlglot.parse(statement.removeprefix(start), read="redshift")
    return start + ";\n".join(_of_postgres(tree).sql("postgres") for tree in parsed if tree is not None)


def _of_postgres(tree: exp.Expression) -> exp.Expression:
    """From the leaves up: a function is rewritten around arguments that are rewritten already."""
    tree = tree.transform(lambda node: None if isinstance(node, _TABLE_PROPERTIES) else node)
    for node in reversed(list(tree.dfs())):
        rewritten = _rewritten(node)
        if rewritten is not node:
            node.replace(rewritten)
            tree = rewritten if node is tree else tree
    return tree


def _rewritten(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.TryCast):
        return _try_cast(node)
    if isinstance(node, (exp.DateDiff, exp.TsOrDsDiff)):
        unit = exp.Literal.string((node.args.get("unit") or exp.var("day")).name)
        moments = [exp.cast(moment, "timestamp") for moment in (node.expression, node.this)]
        return exp.func("redshift_compat.datediff", unit, *moments, dialect="postgres")
    if isinstance(node, exp.RegexpReplace):
        node.set("modifiers", exp.Literal.string("g"))
    if isinstance(node, exp.RegexpExtract):
        return exp.Anonymous(this="regexp_substr", expressions=[node.this, node.expression])
    if isinstance(node, exp.Literal) and node.is_string and "\\" in node.this:
        # The server reads escapes, as Redshift does.
        return exp.Literal.string(node.this.replace("\\", "\\\\"))
    return node


def _try_cast(node: exp.TryCast) -> exp.Expression:
    value, kind = node.this, node.args["to"]
    text = exp.cast(value.copy(), "text")
    valid: exp.Expression = exp.func("pg_input_is_valid", text, exp.Literal.string(kind.sql("postgres")))
    if kind.is_type(*exp.DataType.NUMERIC_TYPES) and not kind.is_type(*exp.DataType.FLOAT_TYPES):
        # PostgreSQL takes NaN and the infinities for decimals.
        valid = exp.and_(valid, exp.RegexpLike(this=text.copy(), expression=exp.Literal.string("[0-9]")))
    return exp.Case().when(valid, exp.cast(value.copy(), kind.copy()))
