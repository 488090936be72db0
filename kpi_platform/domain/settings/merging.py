"""Two people change the same settings: each one's changes hold, and what both changed is asked about."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_CUSTOM = "custom_kpis"
_ABSENT: Any = object()
_UNKNOWN: Any = object()


@dataclass(frozen=True, slots=True)
class Clash:
    """A setting that both changed, and not to the same value. None if one of them took it out."""

    path: str
    theirs: Any
    mine: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """`document` has what either changed; at a clash it has theirs, until somebody decides."""

    document: dict[str, Any]
    clashes: tuple[Clash, ...]


def merge_settings(
    base: Mapping[str, Any],
    theirs: Mapping[str, Any],
    mine: Mapping[str, Any],
    undecided: Collection[str] = (),
) -> Merged:
    """Merges two whole documents that were both made from `base`, setting by setting: a list counts as one,
    and custom KPIs are told apart by their slugs. At an `undecided` path every difference is a clash.
    Documents must be valid."""
    clashes: list[Clash] = []
    sides = (_by_slug(base), _by_slug(theirs), _by_slug(mine))
    document = dict(_merged(*sides, "", undecided, clashes))
    if _CUSTOM in document:
        document[_CUSTOM] = list(document[_CUSTOM].values())
    return Merged(document, tuple(clashes))


def _by_slug(document: Mapping[str, Any]) -> dict[str, Any]:
    definitions = document.get(_CUSTOM)
    if definitions is None:
        return dict(document)
    return {**document, _CUSTOM: {one["slug"]: one for one in definitions}}


def _merged(
    base: Mapping[str, Any],
    theirs: Mapping[str, Any],
    mine: Mapping[str, Any],
    prefix: str,
    undecided: Collection[str],
    clashes: list[Clash],
) -> Iterator[tuple[str, Any]]:
    for key in dict.fromkeys((*theirs, *mine)):
        path = f"{prefix}{key}"
        before, their, my = (side.get(key, _ABSENT) for side in (base, theirs, mine))
        if isinstance(their, Mapping) and isinstance(my, Mapping):
            inner = before if isinstance(before, Mapping) else {}
            yield key, dict(_merged(inner, their, my, f"{path}.", undecided, clashes))
            continue
        if path in undecided:
            before = _UNKNOWN
        if my in (before, their):
            chosen = their
        elif their == before:
            chosen = my
        else:
            chosen = their
            clashes.append(Clash(path, _plain(their), _plain(my)))
        if chosen is not _ABSENT:
            yield key, chosen


def _plain(value: Any) -> Any:
    return None if value is _ABSENT else value
