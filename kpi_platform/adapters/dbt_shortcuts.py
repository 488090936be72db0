"""What dbt does for nobody: for many customers more than a second of each build.

To put ephemeral models into the SQL that reads them it takes the whole statement apart with sqlparse, and
looks for its leading WITH. All models of the project begin with that word, and one pattern finds it. It makes
every event of the debug level, all SQL included, before it asks whether somebody listens. It checks the shape
of project and profile at every invocation, though it did when it parsed them, and serialises them with all
vars for it. It looks through the whole stack for who defines a flag, for a warning that no log of ours takes,
and sums the graph up in a file that nobody reads.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from dbt.adapters.contracts.connection import Credentials
from dbt.artifacts.resources.v1.components import InjectedCTE
from dbt.config.runtime import RuntimeConfig
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.dataclass_schema import dbtClassMixin
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

from dbt import compilation

_LEADING_WITH = re.compile(
    r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*with(?!\s+recursive\b)\s+", re.IGNORECASE | re.DOTALL
)

_by_parsing = compilation.inject_ctes_into_sql
_fire = EventManager.fire_event
_validate_config: Callable[[RuntimeConfig], None] = RuntimeConfig.validate
_validate: Callable[[type[dbtClassMixin], Any], None] = dbtClassMixin.validate.__func__  # type: ignore[attr-defined]
_is_parsed = False
"""Whether the project of the invocation was parsed before."""


def take_shortcuts(*, is_parsed: bool) -> None:
    """Holds for all invocations of dbt in this process, until the next call. Its log and its listeners get no
    debug events."""
    global _is_parsed
    _is_parsed = is_parsed
    compilation.inject_ctes_into_sql = inject
    EventManager.fire_event = _fire_what_is_heard  # type: ignore[assignment, method-assign]
    dbtClassMixin.validate = classmethod(_validate_what_is_new)  # type: ignore[assignment, method-assign]
    RuntimeConfig.validate = _validate_config_that_is_new  # type: ignore[method-assign]
    compilation.Linker.get_graph_summary = lambda *_: {}  # type: ignore[method-assign]
    BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")  # type: ignore[method-assign]


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


def _validate_what_is_new(cls: type[dbtClassMixin], data: Any) -> None:
    of_project = cls.__module__ in ("dbt.contracts.project", "dbt.contracts.selection")
    if not (_is_parsed and (of_project or issubclass(cls, Credentials))):
        _validate(cls, data)


def _validate_config_that_is_new(config: RuntimeConfig) -> None:
    if not _is_parsed:
        _validate_config(config)
