"""The effect of a setting, as something that can be seen from outside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Bench = Literal[
    "marts",
    "ledger",
    "standard",
    "fivetran",
    "onboarding",
    "due",
    "dashboard",
    "links",
    "warehouse",
    "runs",
    "stale",
    "crossing",
    "checks",
]
"""Where effects are looked for; each has a file beside this one that runs the platform's own code."""


@dataclass(frozen=True)
class Effect:
    """Two values of one setting, and what is to be seen of it on a bench: a row, a request, a run, a page, an
    alert. `seen` takes what the bench gives for a document. `beside` is what both documents say besides.
    Effects of the same `customer` share the one whose settings are all changed, if what is to be seen of
    each depends on nothing else; without one, each has two of its own."""

    bench: Bench
    values: tuple[Any, Any]
    seen: Callable[[Any], Any]
    beside: Mapping[str, Any] = field(default_factory=dict)
    customer: str = ""

    def documents(self, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The two settings documents."""
        first, second = (merged(self.beside, at(path, value)) for value in self.values)
        return first, second


def at(path: str, value: Any) -> dict[str, Any]:
    """A document that says nothing but `path`."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)


def merged(*documents: Mapping[str, Any]) -> dict[str, Any]:
    """One document of several; if two say something, the later one."""
    result: dict[str, Any] = {}
    for document in documents:
        for key, value in document.items():
            if isinstance(value, Mapping) and isinstance(result.get(key), dict):
                result[key] = merged(result[key], value)
            else:
                result[key] = merged(value) if isinstance(value, Mapping) else value
    return result
