"""Drops events of the debug level before dbt makes them.

dbt renders every such event, all SQL included, and only then asks whether anybody listens. Our listeners and
our log file take none of them. Gains 0.05 s of a build without customers, more with the size of the
statements.
"""

from typing import Any

from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

original = EventManager.fire_event


def apply() -> None:
    EventManager.fire_event = fire_event  # type: ignore[assignment, method-assign]


def fire_event(
    manager: EventManager, e: BaseEvent, level: EventLevel | None = None, *rest: Any, **options: Any
) -> None:
    """Does what `original` does for every event above the debug level."""
    if (level or e.level_tag()) != EventLevel.DEBUG:
        original(manager, e, level, *rest, **options)
