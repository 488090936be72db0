"""From what was found to a value with its status."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

_TOLERANCE = Fraction(1, 10**9)
_RANGES: dict[str, tuple[int | None, int | None]] = {
    "nps": (-100, 100),
    "csat": (1, 5),
    "executive_engagement": (0, None),
    "adoption_index": (0, 100),
    "support_ticket_volume": (0, None),
    "support_ticket_rate": (0, None),
    "sla_compliance": (0, 100),
    "first_response_time": (0, None),
    "resolution_time": (0, None),
    "support_satisfaction": (1, 5),
    "revenue_growth": (-100, None),
    "net_revenue_retention": (0, None),
    "gross_revenue_retention": (0, 100),
    "churn_risk": (0, 100),
}
_BARRIERS = ("disabled", "not_synced", "not_mapped")


@dataclass(frozen=True)
class Found:
    """What the rows say, before ranges and statuses. `value` is None where there is nothing to measure;
    `off_scale`: too many ratings lie outside the scale."""

    value: Fraction | None
    numerator: Fraction | None
    denominator: Fraction | None
    sample_size: int
    unreadable: int = 0
    off_scale: bool = False

    def with_unreadable(self, rows: int) -> "Found":
        """The same, of which so many rows more cannot be read."""
        return replace(self, unreadable=rows)


@dataclass(frozen=True)
class Measure:
    value: Fraction | None
    numerator: Fraction | None
    denominator: Fraction | None
    sample_size: int | None
    status: str
    unreadable: int = 0


def settle(kpi: str, found: Found, barriers: Collection[str], *, stale: bool) -> Measure:
    """ "Precedence: disabled > not_synced > not_mapped > unreadable > no_data > out_of_range > stale > ok."
    "Only `ok` and `stale` have a value." "`not_mapped`, `not_synced`, `disabled`: NULL." """
    for barrier in _BARRIERS:
        if barrier in barriers:
            return Measure(None, None, None, None, barrier)
    if too_many(found.unreadable, found.sample_size):
        status = "unreadable"
    elif found.off_scale:
        status = "out_of_range"
    elif found.value is None:
        status = "no_data"
    elif not in_range(found.value, *_RANGES[kpi]):
        status = "out_of_range"
    else:
        status = "stale" if stale else "ok"
    value = found.value if status in ("ok", "stale") else None
    return Measure(value, found.numerator, found.denominator, found.sample_size, status, found.unreadable)


def too_many(unreadable: int, counted: int) -> bool:
    """ "5 %: 20·u > u + n." """
    return 20 * unreadable > unreadable + counted


def in_range(value: Fraction, minimum: int | None, maximum: int | None) -> bool:
    """ "Ranges tolerate 1e-9" """
    return (minimum is None or value >= minimum - _TOLERANCE) and (
        maximum is None or value <= maximum + _TOLERANCE
    )


def field(value: Fraction | None, *, unreadable: bool = False) -> Found:
    """ "Fields: value, 1, 1 (also when out of range)." "`no_data`: … NULL, NULL, 0 for fields", and beside
    unreadable "fields NULL, NULL, 0" """
    if value is None:
        return Found(None, None, None, 0, int(unreadable))
    return Found(value, value, Fraction(1), 1)


def count(n: int) -> Found:
    """ "Counts: n, 1, n." """
    return Found(Fraction(n), Fraction(n), Fraction(1), n)


def mean(values: Sequence[Fraction]) -> Found:
    """ "Means: sum, n, n." """
    total, n = sum(values, Fraction(0)), len(values)
    return Found(total / n if n else None, total, Fraction(n), n)


def mean_rating(ratings: Sequence[Fraction], scale: tuple[int, int], max_outside: Fraction) -> Found:
    """ "scale s: 1 + 4·(v − lo)/(hi − lo); numerator is the sum of mapped ratings." "Outside o of (o +
    inside) readable ratings in the window, 3·o > o + n: out_of_range, also when none is inside; numerator,
    denominator and sample_size are those inside." """
    lowest, highest = scale
    inside = [rating for rating in ratings if in_range(rating, lowest, highest)]
    found = mean([1 + 4 * (rating - lowest) / (highest - lowest) for rating in inside])
    return replace(found, off_scale=len(ratings) - len(inside) > max_outside * len(ratings))


def percent(part: Fraction, whole: Fraction, sample_size: int) -> Found:
    """100 · part / whole; nothing to measure where the whole is not above 0."""
    return Found(100 * part / whole if whole > 0 else None, part, whole, sample_size)


def percentile(values: Sequence[Fraction], share: Fraction) -> Fraction | None:
    """ "by linear interpolation (percentile_cont)" """
    if not values:
        return None
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
