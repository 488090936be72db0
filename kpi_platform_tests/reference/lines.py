"""Lines of recurring revenue and how they end each other: revenue.md, Lines, B1 to B5, C1 to C5."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from itertools import groupby

from kpi_platform_tests.reference.values import DAY, EPOCH, MICROSECOND

_HALF_A_YEAR = 180 * DAY


@dataclass(frozen=True)
class Line:
    """One line. Times are microseconds; `end` and `until` are None for an open period. `contract` of a period
    is its asset. `amount` and `arr` are in the currency that counts, `landed_arr` in the line's own."""

    id: str
    key: str
    account: str
    kind: str
    start: int
    end: int | None
    amount: Fraction | None
    arr: Fraction | None
    landed_arr: Fraction | None
    currency: str | None
    contract: str | None
    renewed: str | None
    lacks_rate: bool
    until: int | None = None
    ended_by: str | None = None
    reason: str | None = None

    def is_active(self, moment: int) -> bool:
        """ "A line is active at t when `start ≤ t < until`" """
        return self.start <= moment and (self.until is None or moment < self.until)

    def days(self, start: int, end: int) -> Fraction:
        """ "days of [start, until) inside the window", "exact fractions" """
        last = end if self.until is None else min(end, self.until)
        return Fraction(max(0, last - max(start, self.start)), DAY)


@dataclass(frozen=True)
class Terms:
    """An opportunity before lines order themselves. `months` is None where the end came from a date."""

    id: str
    key: str
    account: str
    kind: str
    closed: int
    given_start: int | None
    given_end: int | None
    given_term: bool
    term: int
    default: int
    amount: Fraction | None
    own_arr: Fraction | None
    currency: str | None
    contract: str | None
    renewed: str | None
    start: int = 0
    end: int = 0
    months: int | None = None

    @property
    def is_add_on(self) -> bool:
        """C2: "An expansion without mapped end, mapped term, or contract with end or term" """
        return self.kind == "expansion" and self.given_end is None and not self.given_term

    @property
    def may_follow(self) -> bool:
        """C3: "A renewal without mapped or contract start" """
        return self.kind == "renewal" and self.given_start is None

    def starting(self, start: int) -> "Terms":
        """From `start`, "end (where it is by months) and arr are computed anew; a given end that is not after
        it gives the default term." """
        if self.given_end is None:
            return replace(self, start=start, end=add_months(start, self.term), months=self.term)
        if self.given_end <= start:
            return replace(self, start=start, end=add_months(start, self.default), months=self.default)
        months = anniversary(start, self.given_end)
        return replace(self, start=start, end=self.given_end, months=months)

    def runs(self, moment: int) -> bool:
        """ "“runs” is by start and end alone" """
        return self.start <= moment < self.end


def placed(terms: Sequence[Terms]) -> list[Terms]:
    """The account's lines with their final start and end. "C3 goes by close_date, and each renewal sees the
    earlier ones as moved; C2 then sees all as moved";"""
    lines = [one for one in terms if not one.may_follow]
    followers = sorted((one for one in terms if one.may_follow), key=lambda one: one.closed)
    for closed, of_day in groupby(followers, key=lambda one: one.closed):
        # "C3 does not see other renewals of its kind that are won … on the same day."
        lines += [_following(one, lines, closed) for one in list(of_day)]
    mains = [one for one in lines if not one.is_add_on]
    return [_co_terminous(one, mains) if one.is_add_on else one for one in lines]


def _following(renewal: Terms, lines: Sequence[Terms], closed: int) -> Terms:
    """C3: "won (close_date) while lines of the account run which all end on one day, one of them no expansion
    (expansions that end by C2 not counted), starts on that day, if it is at most 180 days later; not where
    its renewed contract and the line's are both known and differ." """
    mains = [one for one in lines if not one.is_add_on]
    running = [
        one
        for one in lines
        if one.runs(closed)
        and not (one.is_add_on and (one.start == closed or any(main.runs(one.start) for main in mains)))
    ]
    renewed = [
        one
        for one in running
        if one.kind != "expansion"
        and (not renewal.renewed or not one.contract or renewal.renewed == one.contract)
    ]
    ends = {one.end for one in running}
    if renewed and len(ends) == 1 and (end := ends.pop()) - closed <= _HALF_A_YEAR:
        return renewal.starting(end)
    return renewal


def _co_terminous(add_on: Terms, mains: Sequence[Terms]) -> Terms:
    """C2: "ends with the account's line … that runs (start ≤ t < end) at its start and ends last, if there is
    one; its arr stays 12 · amount / default term." """
    ends = [one.end for one in mains if one.runs(add_on.start)]
    return replace(add_on, end=max(ends), months=add_on.default) if ends else add_on


def ordered(lines: Sequence[Line], grace: int, as_of: int) -> list[Line]:
    """With until and ended_by: "only lines with start ≤ as_of take part; a line that starts later is a row
    with reason `not started`"."""
    started = sorted((one for one in lines if one.start <= as_of), key=lambda one: (one.start, one.key))
    result = []
    for one in lines:
        end = one.end
        assert end is not None
        if one.start > as_of:
            result.append(replace(one, until=end + grace, reason="not started"))
            continue
        after = [other for other in started if (other.start, other.key) > (one.start, one.key)]
        by = next((other for other in after if _ends(other, one, end, grace)), None)
        until, ended_by = (end + grace, None) if by is None else (by.start, by.id)
        result.append(replace(one, until=until, ended_by=ended_by))
    return result


def _ends(other: Line, line: Line, end: int, grace: int) -> bool:
    """ "A renewal R … with |L.end − R.start| ≤ grace … If R's renewed contract and L's contract are both
    known, only equal ones." C1: "any line but an expansion, of the same known contract, that starts in
    [L.end, L.end + grace] ends L too." """
    renews = (
        other.kind == "renewal"
        and abs(end - other.start) <= grace
        and (not other.renewed or not line.contract or other.renewed == line.contract)
    )
    goes_on = (
        other.kind != "expansion"
        and other.contract is not None
        and other.contract == line.contract
        and end <= other.start <= end + grace
    )
    return renews or goes_on


def add_months(start: int, months: int) -> int:
    """ "Adding months keeps the day, or takes the last day of a shorter month." """
    day = EPOCH + start * MICROSECOND
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return (day.replace(year=year, month=month + 1, day=min(day.day, last)) - EPOCH) // MICROSECOND


def anniversary(start: int, end: int) -> int | None:
    """C4: "an exact number of months m ≥ 1 after start (same day of the month, or the last day of a shorter
    month, or the day after that)" """
    first, last = EPOCH + start * MICROSECOND, EPOCH + end * MICROSECOND
    apart = (last.year - first.year) * 12 + last.month - first.month
    for months in (apart, apart - 1):
        if months < 1:
            continue
        day = EPOCH + add_months(start, months) * MICROSECOND
        if day == last or (day.day < first.day and day + timedelta(days=1) == last):
            return months
    return None


def rounded(value: Fraction | None) -> Fraction | None:
    """ "rounded to 9 decimal places, half away from zero" """
    if value is None:
        return None
    scaled = abs(value) * 10**9 + Fraction(1, 2)
    return (1 if value >= 0 else -1) * Fraction(scaled.numerator // scaled.denominator, 10**9)
