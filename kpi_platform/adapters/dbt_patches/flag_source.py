"""Names dbt itself as the source of every behaviour flag.

dbt searches the whole stack for the module that defines a flag, for the text of a warning about it.
"""

from typing import Any

from dbt_common.behavior_flags import BehaviorFlagRendered

original: Any = BehaviorFlagRendered.__dict__["_default_source"]


def apply() -> None:
    BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")  # type: ignore[method-assign]
