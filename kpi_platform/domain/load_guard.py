"""Compares a load with those before it: would it do harm, or is it only unusual? Pure."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

HARMFUL_SHARE_OF_ACCOUNTS = 0.5
"""A load is held if this share of the accounts of the load before it is gone, …"""

HARMFUL_SHARE_OF_VALUES = 0.8
"""… or this share of the values that a source had."""

FEW_ACCOUNTS, FEW_VALUES = 5, 10
"""With fewer than these before, any share is chance, and nothing is held, unless no account is left."""

HISTORY_LOADS = 10
"""So many earlier loads say what is usual; at least three are needed."""

_UNUSUAL_ROWS = 0.25
_JUMP = 3.0
_JUMP_ACCOUNTS = 10


@dataclass(frozen=True, slots=True)
class KpiProfile:
    """How many accounts have a value of the KPI, and the median of those values."""

    values: int
    median: float | None


@dataclass(frozen=True, slots=True)
class LoadProfile:
    """The content of a load. `sample` are at most a hundred of its accounts, the same ones whenever they
    are there, so that two profiles tell which share of the accounts has gone."""

    accounts: int
    sample: tuple[str, ...]
    kpis: Mapping[str, KpiProfile]

    def document(self) -> dict[str, Any]:
        """Returns the profile as JSON has it."""
        kpis = {slug: {"values": one.values, "median": one.median} for slug, one in self.kpis.items()}
        return {"accounts": self.accounts, "sample": list(self.sample), "kpis": kpis}

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "LoadProfile":
        kpis = {slug: KpiProfile(**one) for slug, one in document["kpis"].items()}
        return cls(document["accounts"], tuple(document["sample"]), kpis)

    def with_rest_of(self, before: "LoadProfile | None") -> "LoadProfile":
        """Returns the profile with the KPIs that only `before` had: a load of one source says nothing about
        the other's."""
        return LoadProfile(self.accounts, self.sample, {**(before.kpis if before else {}), **self.kpis})


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something unusual that does not hold a load back."""

    check: Literal["row_counts", "value_jumps"]
    text: str


def harms(
    before: LoadProfile, now: LoadProfile, present: AbstractSet[str], sources: Mapping[str, Iterable[str]]
) -> list[str]:
    """Returns why this load would do harm, in plain words; empty for most loads.

    `present` are the ids of all accounts of this load; `sources` names, of every source that the load speaks
    for, the KPIs that are switched on.
    """
    gone = sum(account not in present for account in before.sample) / max(len(before.sample), 1)
    is_chance = before.accounts < FEW_ACCOUNTS and present
    if before.accounts and not is_chance and gone >= HARMFUL_SHARE_OF_ACCOUNTS:
        # Their values are gone with them.
        return [
            f"{gone:.0%} of the {before.accounts} accounts of the load before are gone; "
            f"this one has {now.accounts}."
        ]
    found: list[str] = []
    for source, kpis in sources.items():
        had = {kpi: before.kpis[kpi].values for kpi in kpis if kpi in before.kpis}
        has = sum(now.kpis[kpi].values for kpi in had if kpi in now.kpis)
        total = sum(had.values())
        if total >= FEW_VALUES and total - has >= HARMFUL_SHARE_OF_VALUES * total:
            found.append(f"{(total - has) / total:.0%} of the {total} {source} values are gone.")
    return found


def anomalies(history: Sequence[LoadProfile], now: LoadProfile) -> list[Anomaly]:
    """Returns what is unusual beside `history`, newest first. Numbers of accounts and values are compared
    with the usual number, medians of a KPI with that of the newest load."""
    found: list[Anomaly] = []
    if len(history) >= 3:
        counts = [("accounts", now.accounts, [one.accounts for one in history])]
        counts += [
            (f"values of {slug}", kpi.values, [one.kpis[slug].values for one in history if slug in one.kpis])
            for slug, kpi in now.kpis.items()
        ]
        found += [
            Anomaly("row_counts", f"{number} {what}; usual are {median(usual):g}.")
            for what, number, usual in counts
            if len(usual) >= 3 and _is_unusual(number, usual)
        ]
    for slug, kpi in now.kpis.items():
        before = history[0].kpis.get(slug) if history else None
        if before is not None and _has_jumped(before, kpi):
            found.append(
                Anomaly("value_jumps", f"The median of {slug} went from {before.median:g} to {kpi.median:g}.")
            )
    return found


def _is_unusual(number: int, usual: Sequence[int]) -> bool:
    middle = median(usual)
    spread = median(abs(one - middle) for one in usual)
    return abs(number - middle) > max(_UNUSUAL_ROWS * middle, 5 * spread, FEW_ACCOUNTS)


def _has_jumped(before: KpiProfile, now: KpiProfile) -> bool:
    if before.median is None or now.median is None or min(before.values, now.values) < _JUMP_ACCOUNTS:
        return False
    low, high = sorted((abs(before.median), abs(now.median)))
    other_sign = before.median * now.median < 0
    return low > 0 and (high >= _JUMP * low or other_sign)
