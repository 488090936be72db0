"""The differences of two settings documents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kpi_platform.domain.settings.model import CustomerSettings


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that two documents disagree in; None if one of them has none."""

    path: str
    old: Any
    new: Any


def diff_settings(old: CustomerSettings, new: CustomerSettings) -> list[Change]:
    """Returns every setting that differs, in the order of the document. Lists differ as a whole."""
    return list(_changes(old.document(), new.document(), ""))


def _changes(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str) -> Iterator[Change]:
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _changes(before, after, f"{prefix}{key}.")
        elif before != after:
            yield Change(f"{prefix}{key}", before, after)
