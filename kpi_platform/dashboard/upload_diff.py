"""Differences between what two uploads of a customer show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.definitions import KpiDefinition, stored_definitions
from kpi_platform.dashboard.upload_states import COMPARED, KPIS_AT_MOST, StateReader, ValueStates, aligned
from kpi_platform.dashboard.uploads import BASELINE, get_upload
from kpi_platform.domain.kpis import Band, least_sample
from kpi_platform.domain.load_plan import Array

DiffKind = Literal["changed", "new", "retired"]
KINDS: tuple[DiffKind, ...] = ("changed", "new", "retired")

_accounts = tables.accounts
_NAMES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ValueDiff:
    """One KPI value that two uploads show differently. A status without a value says why there is none; a
    band is None if there is no value or no threshold."""

    account_id: int
    account_name: str
    kpi: str
    kind: DiffKind
    before: float | None
    before_status: str | None
    before_band: Band | None
    after: float | None
    after_status: str | None
    after_band: Band | None


@dataclass(frozen=True, slots=True)
class UploadDiff:
    """`counts` are of all differences by kind, `by_kpi` by KPI, in the order of their definitions. `values`
    are a page of those of the KPI that was asked for, the greatest movers first: `total` of them."""

    counts: Mapping[DiffKind, int]
    by_kpi: Mapping[str, int]
    total: int
    values: tuple[ValueDiff, ...]


def diff_uploads(
    connection: sa.Connection,
    customer: str,
    first: int,
    second: int,
    *,
    kpi: str | None = None,
    limit: int = 1000,
    offset: int = 0,
) -> UploadDiff:
    """Returns what the dashboard showed after upload `second` and not after `first` (0: before any), by
    value.

    The greatest movers come first: values whose band changed, then values that came or went, then by the
    difference in units of the distance between the two thresholds. Raises NotFound for an unknown upload.
    """
    customer_id = get_customer(connection, customer).id
    for version in (first, second):
        if version != BASELINE:
            get_upload(connection, customer, version)
    reader = StateReader(connection, customer_id)
    low, high = sorted((first, second))
    newer = reader.newest(low, high)
    older = reader.newest(BASELINE, low, newer.keys)
    before, after = (older, newer) if second == high else (newer, older)
    found = _Differences.between(
        before, after, tuple(reader.numbers), stored_definitions(connection, customer_id)
    )
    of_kpi = found.of_kpi(kpi)
    page = of_kpi[offset : offset + limit]
    return UploadDiff(
        found.counts(), found.by_kpi(), len(of_kpi), found.values(connection, customer_id, page)
    )


@dataclass(frozen=True, slots=True)
class _Differences:
    """The values that differ, the greatest movers first. `before` and `after` have a row for each of them."""

    kpis: Sequence[str]
    definitions: Mapping[str, KpiDefinition]
    before: ValueStates
    after: ValueStates
    kinds: Array

    @classmethod
    def between(
        cls,
        before: ValueStates,
        after: ValueStates,
        kpis: Sequence[str],
        definitions: Mapping[str, KpiDefinition],
    ) -> "_Differences":
        # Sorting is quicker than what numpy finds distinct values by.
        keys = np.sort(np.concatenate([before.keys, after.keys]))
        keys = keys[np.append(keys[1:] != keys[:-1], True)] if len(keys) else keys
        before, after = aligned(before, keys), aligned(after, keys)
        had, has = before.is_shown, after.is_shown
        kinds = np.select([had & has & _differ(before, after), ~had & has, had & ~has], [1, 2, 3], 0)
        some = np.flatnonzero(kinds)
        before, after, kinds = before.at(some), after.at(some), kinds[some]
        order = cls(kpis, definitions, before, after, kinds)._order()
        return cls(kpis, definitions, before.at(order), after.at(order), kinds[order])

    def counts(self) -> dict[DiffKind, int]:
        """How many differ, by kind."""
        counted = np.bincount(self.kinds, minlength=len(KINDS) + 1)[1:]
        return dict(zip(KINDS, counted.tolist(), strict=True))

    def by_kpi(self) -> dict[str, int]:
        """How many differ, of those KPIs of which some do."""
        counted = np.bincount(self.before.keys % KPIS_AT_MOST, minlength=len(self.kpis)).tolist()
        found = dict(zip(self.kpis, counted, strict=True))
        known = [*self.definitions, *sorted(set(found) - set(self.definitions))]
        return {kpi: found[kpi] for kpi in known if found.get(kpi)}

    def of_kpi(self, kpi: str | None) -> Array:
        """The positions of those of one KPI, or of all."""
        if kpi is None:
            return np.arange(len(self.kinds))
        number = self.kpis.index(kpi) if kpi in self.kpis else -1
        return np.flatnonzero(self.before.keys % KPIS_AT_MOST == number)

    def values(self, connection: sa.Connection, customer_id: int, positions: Array) -> tuple[ValueDiff, ...]:
        """Those at `positions`, with the names of their accounts."""
        names = _names(connection, customer_id, np.unique(self.before.keys[positions] // KPIS_AT_MOST))
        return tuple(self._value(at, names) for at in positions.tolist())

    def _value(self, at: int, names: Mapping[int, str]) -> ValueDiff:
        account, number = divmod(int(self.before.keys[at]), KPIS_AT_MOST)
        kpi = self.kpis[number]
        definition = self.definitions.get(kpi)
        before, after = (_shown_at(one, at, definition) for one in (self.before, self.after))
        return ValueDiff(account, names[account], kpi, KINDS[self.kinds[at] - 1], *before, *after)

    def _order(self) -> Array:
        """Changes of the band first, then values that came or went, then by the distance moved."""
        before, after = self._bands(self.before), self._bands(self.after)
        crossed = (before != after) & (before > 0) & (after > 0)
        old, new = (np.where(one.is_shown, one.columns["value"], np.nan) for one in (self.before, self.after))
        came_or_went = np.isnan(old) != np.isnan(new)
        moved = np.nan_to_num(np.abs(new - old) / self._by_key(_distances))
        return np.lexsort((self.before.keys, -moved, ~came_or_went, ~crossed))

    def _bands(self, state: ValueStates) -> Array:
        """The number of the band of each value, as `KpiDefinition.band` gives it; 0 without one."""
        value = np.where(state.is_shown, state.columns["value"], np.nan)
        sign, healthy, at_risk = (self._by_key(one) for one in (_signs, _healthy, _at_risk))
        with np.errstate(invalid="ignore"):
            too_few = state.columns["sample_size"] < self._by_key(_least_samples)
            known = ~(np.isnan(value) | np.isnan(healthy) | np.isnan(at_risk) | too_few)
            band = np.select([sign * value >= sign * healthy, sign * value < sign * at_risk], [1, 3], 2)
        return np.where(known, band, 0)

    def _by_key(self, what: Callable[[KpiDefinition], float]) -> Array:
        """A figure of the definition of each value's KPI; NaN without one."""
        known = [self.definitions.get(kpi) for kpi in self.kpis]
        figures = np.array([what(one) if one else np.nan for one in known], np.float64)
        of_each: Array = figures[self.before.keys % KPIS_AT_MOST]
        return of_each


def _signs(definition: KpiDefinition) -> float:
    return 1.0 if definition.direction == "high" else -1.0


def _healthy(definition: KpiDefinition) -> float:
    return np.nan if definition.healthy is None else definition.healthy


def _at_risk(definition: KpiDefinition) -> float:
    return np.nan if definition.at_risk is None else definition.at_risk


def _least_samples(definition: KpiDefinition) -> float:
    return least_sample(definition.min_sample)


def _distances(definition: KpiDefinition) -> float:
    """How far a KPI's thresholds are apart: what a movement is measured in."""
    return abs(_healthy(definition) - _at_risk(definition)) or 1.0


def _differ(before: ValueStates, after: ValueStates) -> Array:
    differing = np.zeros(len(before.keys), bool)
    for name in COMPARED:
        old, new = before.columns[name], after.columns[name]
        same = old == new
        if old.dtype != object:
            same |= np.isnan(old) & np.isnan(new)
        differing |= ~same.astype(bool)
    return differing


def _shown_at(
    state: ValueStates, at: int, definition: KpiDefinition | None
) -> tuple[float | None, str | None, Band | None]:
    """Value, status and band, as far as they were shown."""
    if not state.is_shown[at]:
        return None, None, None
    value, sample_size = (_number_or_none(state.columns[name][at]) for name in ("value", "sample_size"))
    rows = None if sample_size is None else int(sample_size)
    return value, state.columns["status"][at], definition.band(value, rows) if definition else None


def _number_or_none(number: Any) -> float | None:
    return None if np.isnan(number) else float(number)


def _names(connection: sa.Connection, customer_id: int, accounts: Array) -> dict[int, str]:
    names: dict[int, str] = {}
    for start in range(0, len(accounts), _NAMES_AT_ONCE):
        some = accounts[start : start + _NAMES_AT_ONCE].tolist()
        query = sa.select(_accounts.c.id, _accounts.c.name).where(
            _accounts.c.customer_id == customer_id, _accounts.c.id.in_(some)
        )
        names |= dict(connection.execute(query).tuples().all())
    return names
