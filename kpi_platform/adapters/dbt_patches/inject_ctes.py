"""Puts ephemeral models into the SQL that reads them with one pattern.

dbt takes the whole statement apart with sqlparse to find its leading WITH: 4.5 s for the 240 kB that a batch
of many customers makes of one. All models of the project begin with that word.

A model that begins with the mark of computed_once() is computed once for all that read it in a statement.
DuckDB would put a model that is read twice into both places: kpi_measures would take a fifth more.
"""

import re
from collections.abc import Sequence

from dbt.artifacts.resources.v1.components import InjectedCTE

from dbt import compilation

_LEADING_WITH = re.compile(
    r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*with(?!\s+recursive\b)\s+", re.IGNORECASE | re.DOTALL
)

_COMPUTED_ONCE = re.compile(r"(\s*\S+ as )(\(\s*/\* computed once \*/)")

original = compilation.inject_ctes_into_sql


def apply() -> None:
    compilation.inject_ctes_into_sql = inject


def inject(sql: str, ctes: Sequence[InjectedCTE]) -> str:
    """Returns the statement that `original` returns, which does those that do not begin with WITH; marked
    models are computed once."""
    ctes = [InjectedCTE(cte.id, _marked(cte.sql)) for cte in ctes]
    found = _LEADING_WITH.match(sql) if ctes else None
    if found is None:
        return original(sql, ctes)
    return f"{sql[: found.end()]}{', '.join(cte.sql for cte in ctes)}, {sql[found.end() :]}"


def _marked(sql: str) -> str:
    found = _COMPUTED_ONCE.match(sql)
    return f"{found[1]}materialized {sql[found.start(2) :]}" if found else sql
