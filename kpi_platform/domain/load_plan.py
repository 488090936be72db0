"""The changes of a load: a pure function of incoming rows, current rows, and the settings.

Rows are columns of numpy arrays, so that the plan which the tests check is also the one that plans a million
values in a fraction of a second. NULL is NaN in numbers, NaT in instants, None in text.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Positions = npt.NDArray[Any]
"""int64."""
OnDuplicate = Literal["update", "skip", "error"]

_NOWHERE: Positions = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one kind. `key` (int64) is unique and ascending; `columns` are as long as it is."""

    key: Positions
    columns: Mapping[str, Array]

    def __len__(self) -> int:
        return len(self.key)

    def take(self, positions: Array) -> "Rows":
        """Returns the rows at `positions` (or at which a mask is true), in their order."""
        return Rows(self.key[positions], {name: values[positions] for name, values in self.columns.items()})


@dataclass(frozen=True, slots=True)
class Distinct:
    """Incoming rows with one row a key. `rows` are positions in what came in; `clashing` are those of rows
    that lost to another row of the same key with other content."""

    rows: Positions
    clashing: Positions


@dataclass(frozen=True, slots=True)
class Changes:
    """Positions in the incoming rows, but `retired`: in the current ones. Every incoming row is in exactly
    one of `inserted`, `updated`, `older`, `duplicate`, or is one of the `unchanged`.

    `duplicate` rows differ from a current value of the same `as_of`, and the policy keeps that one.
    """

    inserted: Positions
    updated: Positions
    older: Positions
    duplicate: Positions
    retired: Positions
    unchanged: int


def distinct(
    key: Positions, columns: Mapping[str, Array], order: Array, on_duplicate: OnDuplicate
) -> Distinct:
    """Returns one row for each key, keys ascending, for rows in any order.

    If rows have the same key and other content, the one with the highest `order` wins (`on_duplicate:
    update`) or the lowest; equal orders are decided by content.
    """
    by_key = np.argsort(key, kind="stable")
    ordered = key[by_key]
    repeated = np.zeros(len(key), dtype=bool)
    repeated[1:] = ordered[1:] == ordered[:-1]
    if not repeated.any():
        return Distinct(by_key, _NOWHERE)
    in_group = repeated.copy()
    in_group[:-1] |= repeated[1:]
    group = by_key[in_group]
    ranks = [rank(values[group]) for values in columns.values()]
    group = group[np.lexsort((*ranks, rank(order[group]), key[group]))]
    by_key[in_group] = group
    first = np.flatnonzero(~repeated)
    winner = np.append(first[1:], len(key)) - 1 if on_duplicate == "update" else first
    chosen = by_key[winner]
    lost = np.ones(len(key), dtype=bool)
    lost[winner] = False
    losers = by_key[lost]
    rivals = chosen[np.searchsorted(key[chosen], key[losers])]
    return Distinct(chosen, losers[_differs(columns, losers, columns, rivals)])


def plan_changes(
    incoming: Rows,
    current: Rows,
    *,
    compared: Sequence[str],
    retired: Array,
    older: Array,
    same_time: Array,
    replaceable: Array | None = None,
    on_duplicate: OnDuplicate = "update",
) -> Changes:
    """Compares two sets of rows by key and by the columns `compared`.

    `retired` marks current rows that are not shown: they come back when they come in again. `older` marks
    incoming rows whose `as_of` is older than what is shown, `same_time` those whose `as_of` is the same.
    `replaceable` marks the current rows that are retired unless they come in (None: none is).
    """
    place = np.searchsorted(current.key, incoming.key)
    inside = np.flatnonzero(place < len(current))
    known = np.zeros(len(incoming), dtype=bool)
    known[inside] = current.key[place[inside]] == incoming.key[inside]
    here = np.flatnonzero(known)
    there = place[here]
    changed = np.zeros(len(incoming), dtype=bool)
    changed[here] = retired[there] | _differs(
        {name: incoming.columns[name] for name in compared}, here, current.columns, there
    )
    duplicate = changed & same_time & ~older
    if on_duplicate == "update":
        duplicate[:] = False
    gone = _NOWHERE
    if replaceable is not None:
        absent = np.ones(len(current), dtype=bool)
        absent[there] = False
        gone = np.flatnonzero(absent & replaceable & ~retired)
    return Changes(
        inserted=np.flatnonzero(~known & ~older),
        updated=np.flatnonzero(changed & ~older & ~duplicate),
        older=np.flatnonzero(older),
        duplicate=np.flatnonzero(duplicate),
        retired=gone,
        unchanged=int(np.count_nonzero(known & ~changed & ~older)),
    )


def differing(incoming: Rows, known: Rows, compared: Sequence[str]) -> Positions:
    """Returns positions of the incoming rows that `known` does not have, or has with other content."""
    nothing = np.zeros(len(known), dtype=bool), np.zeros(len(incoming), dtype=bool)
    changes = plan_changes(
        incoming, known, compared=compared, retired=nothing[0], older=nothing[1], same_time=nothing[1]
    )
    return np.sort(np.concatenate((changes.inserted, changes.updated)))


def _differs(
    left: Mapping[str, Array], left_rows: Positions, right: Mapping[str, Array], right_rows: Positions
) -> npt.NDArray[np.bool_]:
    result = np.zeros(len(left_rows), dtype=bool)
    for name, values in left.items():
        mine, theirs = values[left_rows], right[name][right_rows]
        if mine.dtype == object:
            result |= np.asarray(mine != theirs, dtype=bool)
        elif mine.dtype.kind in "fMm":
            result |= (mine != theirs) & ~((mine != mine) & (theirs != theirs))
        else:
            result |= mine != theirs
    return result


def rows_by(key: Array, columns: Mapping[str, Array]) -> Rows:
    """Returns rows in the order of their key, which must be unique."""
    order = np.argsort(key, kind="stable")
    return Rows(key[order].astype(np.int64), {name: values[order] for name, values in columns.items()})


def not_null(values: Array) -> npt.NDArray[np.bool_]:
    """Returns a mask of the values that are there."""
    if values.dtype == object:
        return np.array([value is not None for value in values], dtype=bool)
    return ~(np.isnat(values) if values.dtype.kind in "mM" else np.isnan(values))


def rank(values: Array) -> Positions:
    """Order of the values, so that columns of any kind sort together; NULL first."""
    if values.dtype == object:
        ordered = {text: rank for rank, text in enumerate(sorted({v for v in values if v is not None}), 1)}
        return np.array([ordered.get(value, 0) for value in values], dtype=np.int64)
    ranks = np.unique(values, return_inverse=True)[1] + 1
    null = values != values
    return np.where(null, 0, ranks).astype(np.int64)


def text_hashes(texts: Iterable[str]) -> Array:
    """Returns 64 bits of the BLAKE2b of each text, which are the same in every process."""
    digests = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
