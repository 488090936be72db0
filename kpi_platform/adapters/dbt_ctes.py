"""How dbt puts ephemeral models into the SQL that reads them.

It takes the whole statement apart with sqlparse to find its leading WITH: for many customers a second of each
build. All models of the project begin with that word, and one pattern finds it.
"""

import re
from collections.abc import Sequence

from dbt.artifacts.resources.v1.components import InjectedCTE

from dbt import compilation

_LEADING_WITH = re.compile(
    r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*with(?!\s+recursive\b)\s+", re.IGNORECASE | re.DOTALL
)

_by_parsing = compilation.inject_ctes_into_sql


def inject_without_parsing() -> None:
    """Holds for all invocations of dbt in this process."""
    compilation.inject_ctes_into_sql = inject


def inject(sql: str, ctes: Sequence[InjectedCTE]) -> str:
    """As dbt's own, which does the rest: statements that do not begin with WITH."""
    found = _LEADING_WITH.match(sql) if ctes else None
    if found is None:
        return _by_parsing(sql, list(ctes))
    return f"{sql[: found.end()]}{', '.join(cte.sql for cte in ctes)}, {sql[found.end() :]}"
