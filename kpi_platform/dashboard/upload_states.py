"""A customer's values as one of its uploads left them.

The history lies by upload, so it is read upload by upload, newest first, and only until every wanted value is
found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk_reading import no_columns, read_columns
from kpi_platform.domain.load_plan import Array

COMPARED = ("value", "numerator", "denominator", "sample_size", "unreadable_count", "status")
"""What makes two states of a value differ."""

KPIS_AT_MOST = 65_536
"""A key is an account's id, times this, and the number of the KPI."""

_history, _uploads = tables.kpi_history, tables.kpi_uploads


@dataclass(frozen=True, slots=True)
class ValueStates:
    """Values as an upload left them, each key once: account id and number of the KPI (`StateReader.numbers`).
    `is_shown` is false for values that were removed or retired."""

    keys: Array
    is_shown: Array
    columns: Mapping[str, Array]

    def at(self, positions: Array) -> "ValueStates":
        columns = {name: values[positions] for name, values in self.columns.items()}
        return ValueStates(self.keys[positions], self.is_shown[positions], columns)

    @classmethod
    def of(cls, parts: Sequence["ValueStates"]) -> "ValueStates":
        return cls(
            np.concatenate([one.keys for one in parts]),
            np.concatenate([one.is_shown for one in parts]),
            {name: np.concatenate([one.columns[name] for one in parts]) for name in COMPARED},
        )


@dataclass(frozen=True, slots=True)
class StateReader:
    """Reads the states of one customer's values. `numbers` grows with the KPIs that are met."""

    connection: sa.Connection
    customer_id: int
    numbers: dict[str, int] = field(default_factory=dict)

    def newest(self, after: int, up_to: int, wanted: Array | None = None) -> ValueStates:
        """Returns, for each key (only of `wanted`, if given), the newest state that an upload after `after`
        and no later than `up_to` left."""
        parts = [self._states(no_columns(self._query(up_to)))]
        missing = wanted
        for version in self._versions(after, up_to):
            if missing is not None and not len(missing):
                break
            part = self._upload(version)
            if missing is not None:
                part = part.at(np.flatnonzero(np.isin(part.keys, missing, assume_unique=True)))
                missing = missing[~np.isin(missing, part.keys, assume_unique=True)]
            elif len(parts) > 1:
                seen = np.concatenate([one.keys for one in parts])
                part = part.at(np.flatnonzero(~np.isin(part.keys, seen, assume_unique=True)))
            parts.append(part)
        return ValueStates.of(parts)

    def _versions(self, after: int, up_to: int) -> list[int]:
        query = sa.select(_uploads.c.version).where(
            _uploads.c.customer_id == self.customer_id,
            _uploads.c.version > after,
            _uploads.c.version <= up_to,
        )
        return sorted(self.connection.execute(query).scalars(), reverse=True)

    def _upload(self, version: int) -> ValueStates:
        return self._states(read_columns(self.connection, self._query(version)))

    def _query(self, version: int) -> sa.Select[Any]:
        shown = sa.case(
            (sa.and_(_history.c.change != "removed", _history.c.retired_at.is_(None)), 1), else_=0
        )
        return sa.select(
            _history.c.account_id,
            _history.c.kpi,
            shown.label("is_shown"),
            *(_history.c[n] for n in COMPARED),
        ).where(
            _history.c.customer_id == self.customer_id,
            _history.c.upload_version == version,
            _history.c.change != "history_only",
        )

    def _states(self, columns: dict[str, Array]) -> ValueStates:
        accounts, kpis, is_shown = (columns.pop(name) for name in ("account_id", "kpi", "is_shown"))
        # A customer has few KPIs: each is looked up once, not once for each row.
        encoded = pa.array(kpis, pa.string()).dictionary_encode()
        known = [self.numbers.setdefault(kpi, len(self.numbers)) for kpi in encoded.dictionary.to_pylist()]
        numbers = np.array(known, np.int64)[encoded.indices.to_numpy()]
        return ValueStates(accounts * KPIS_AT_MOST + numbers, is_shown.astype(bool), columns)


def aligned(state: ValueStates, keys: Array) -> ValueStates:
    """Returns a row for each of `keys`, which are sorted and hold all of the state's; not shown without
    one."""
    order = np.argsort(state.keys)
    ordered = state.at(order)
    at = np.searchsorted(keys, ordered.keys)
    is_shown = np.zeros(len(keys), bool)
    is_shown[at] = ordered.is_shown
    columns = {}
    for name, values in ordered.columns.items():
        nothing: Array = np.full(len(keys), None if values.dtype == object else np.nan, _wide(values))
        nothing[at] = values
        columns[name] = nothing
    return ValueStates(keys, is_shown, columns)


def _wide(values: Array) -> Any:
    """A type that has room for nothing."""
    return object if values.dtype == object else np.float64
