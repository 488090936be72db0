"""The real incident log (see ATTRIBUTION.md) as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kpi_platform.local.samples.noise import Integers
from kpi_platform.local.samples.source import DAY

PACKED = Path(__file__).with_name("incidents.parquet")
"""Made by `kpi_platform_tests.local.pack_incident_log`."""

LOG_EPOCH = np.datetime64("2016-01-01", "us")
START = int(LOG_EPOCH.astype(np.int64))
"""The instant that the log's minutes count from."""

ANCHOR = int(np.datetime64("2016-05-15", "us").astype(np.int64))
"""The day of the log that falls on the day of installation."""

LENGTH = 51 * 7 * DAY
"""How long the log is, in whole weeks: after that it repeats."""


@dataclass(frozen=True)
class IncidentLog:
    """`finals`: one value for each incident, -1 if it is unknown. The events of incident `i`, in
    the order of time, are those from `offsets[i]` to `offsets[i + 1]` of `events`."""

    finals: Mapping[str, Integers]
    events: Mapping[str, Integers]
    offsets: Integers

    @property
    def locations_by_size(self) -> Integers:
        """The locations, that of most incidents first."""
        locations, counts = np.unique(self.finals["location"], return_counts=True)
        known = locations >= 0
        return locations[known][np.lexsort((locations[known], -counts[known]))]

    def of_locations(self, locations: Integers) -> "IncidentLog":
        """Returns the part of the log that happened at the given locations."""
        chosen = np.flatnonzero(np.isin(self.finals["location"], locations))
        lengths = np.diff(self.offsets)[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        events = np.repeat(self.offsets[chosen] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return IncidentLog(
            {name: values[chosen] for name, values in self.finals.items()},
            {name: values[events] for name, values in self.events.items()},
            offsets,
        )


@lru_cache(maxsize=1)
def incident_log() -> IncidentLog:
    table = pq.read_table(PACKED).combine_chunks()
    finals: dict[str, NDArray[np.int64]] = {}
    events: dict[str, NDArray[np.int64]] = {}
    offsets = np.zeros(1, dtype=np.int64)
    for name in table.column_names:
        column = table.column(name).combine_chunks()
        if name.startswith("event_"):
            offsets = column.offsets.to_numpy().astype(np.int64)
            events[name.removeprefix("event_")] = _integers(column.values)
        else:
            finals[name] = _integers(column)
    return IncidentLog(finals, events, offsets)


def _integers(column: object) -> NDArray[np.int64]:
    return np.asarray(column).astype(np.int64)
