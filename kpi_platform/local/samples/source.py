"""The answer of a source when Fivetran asks it for changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kpi_platform.local.samples.noise import Integers

DAY = 86_400_000_000
HOUR = DAY // 24
MINUTE = HOUR // 60
SECOND = MINUTE // 60
NEVER = np.iinfo(np.int64).max
"""Instants are integers: microseconds since 1970, UTC. This one is for what does not happen."""


@dataclass(frozen=True, slots=True)
class Window:
    """The source's time that a sync reads: `[since, until)`. The first sync has no `since`."""

    since: int | None
    until: int

    @classmethod
    def between(cls, since: datetime | None, until: datetime) -> "Window":
        return cls(None if since is None else instant(since), instant(until))

    def written(self, created: Integers, *later: Integers) -> tuple[NDArray[np.bool_], Integers]:
        """Returns which rows exist at `until` and were written in the window, and when each was written
        last."""
        last = created.copy()
        for moment in later:
            last = np.where((moment < self.until) & (moment > last), moment, last)
        kept = created < self.until
        return (kept if self.since is None else kept & (last >= self.since)), last


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """New and changed rows under the source's names, and the keys of the rows that have vanished since."""

    rows: pa.Table
    deleted: Sequence[str] = ()


class Source(Protocol):
    """A sample source. `tables` maps each table that it has to its primary key."""

    @property
    def tables(self) -> Mapping[str, str]: ...

    def changes(self, table: str, window: Window) -> SourceChanges:
        """Returns what was written to the table in the window."""
        ...


def instant(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def timestamps(values: Integers, until: int = NEVER) -> pa.Array:
    """Returns UTC timestamps in whole seconds; null from `until` on, as the event has not happened yet."""
    return pa.array(values // SECOND * SECOND, pa.timestamp("us", tz="UTC"), mask=values >= until)


def dates(values: Integers, until: int = NEVER) -> pa.Array:
    """Returns the UTC dates of instants; null from `until` on."""
    mask = values >= until
    return pa.array(np.where(mask, 0, values // DAY).astype(np.int32), pa.int32(), mask=mask).cast(
        pa.date32()
    )


def numbers(values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(np.asarray(values, dtype=np.float64), pa.float64(), mask=missing)


def integers(values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(np.asarray(values, dtype=np.int64), pa.int64(), mask=missing)


def texts(values: Sequence[Any] | NDArray[Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(np.asarray(values, dtype=object), pa.string(), mask=missing)


def flags(values: NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, pa.bool_())


def constant(value: str | int | bool | None, count: int) -> pa.Array:
    """Returns the same value in every row; None is an empty text."""
    if value is None:
        return pa.nulls(count, pa.string())
    return pa.repeat(pa.scalar(value), count)
