"""What dbt does for nobody: for many customers more than a second of each build.

To put ephemeral models into the SQL that reads them it takes the whole statement apart with sqlparse, and
looks for its leading WITH. All models of the project begin with that word, and one pattern finds it. And it
makes every event of the debug level, all SQL included, before it asks whether somebody listens.
"""

import re
from collections.abc import Sequence
from typing import Any

from dbt.artifacts.resources.v1.components import InjectedCTE
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

from dbt import compilation

_LEADING_WITH = re.compile(
    r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*with(?!\s+recursive\b)\s+", re.IGNORECASE | re.DOTALL
)

_by_parsing = compilation.inject_ctes_into_sql
_fire = EventManager.fire_event


def take_shortcuts() -> None:
    """Holds for all invocations of dbt in this process. Its log and its listeners get no debug events."""
    compilation.inject_ctes_into_sql = inject
    EventManager.fire_event = _fire_what_is_heard  # type: ignore[assignment, method-assign]


def inject(sql: str, ctes: Sequence[InjectedCTE]) -> str:
    """As dbt's own, which does the rest: statements that do not begin with WITH."""
    found = _LEADING_WITH.match(sql) if ctes else None
    if found is None:
        return _by_parsing(sql, list(ctes))
    return f"{sql[: found.end()]}{', '.join(cte.sql for cte in ctes)}, {sql[found.end() :]}"


def _fire_what_is_heard(
    manager: EventManager, e: BaseEvent, level: EventLevel | None = None, *rest: Any, **options: Any
) -> None:
    if (level or e.level_tag()) != EventLevel.DEBUG:
        _fire(manager, e, level, *rest, **options)
