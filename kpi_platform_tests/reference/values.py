"""Landed values as exact Python values: times are integer microseconds since 1970 UTC, numbers are fractions.

A value that is there and cannot be read reads as None too; `unreadable` tells it from NULL.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
HOUR = 3_600_000_000
_FIRST = (datetime(1990, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
_LAST = (datetime(2201, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::\d\d)?)?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_LEADING_DIGITS = re.compile(r"\d+", re.ASCII)
_TRUE = frozenset({"true", "t", "1", "yes", "y"})
_FALSE = frozenset({"false", "f", "0", "no", "n"})


def text(value: object) -> str | None:
    """`value` as text; blank text is NULL."""
    if value is None:
        return None
    shown = str(value)
    return shown if shown.strip() else None


def there(value: object) -> bool:
    """ "blank is NULL" """
    return value is not None and not (isinstance(value, str) and not value.strip())


def unreadable(read: Callable[[object], object], value: object) -> bool:
    """ "a value that is there and cannot be read is *unreadable*" """
    return there(value) and read(value) is None


def instant(value: object) -> int | None:
    """ "Unreadable: t < 1990-01-01 or t ≥ 2201-01-01 UTC" """
    found = moment(value)
    return found if found is not None and _FIRST <= found < _LAST else None


def moment(value: object) -> int | None:
    """Microseconds since 1970. "A timestamp without zone is UTC."; a date is its midnight in UTC. Of any
    year: the bounds are "Not applied to `_fivetran_*`"."""
    if isinstance(value, str):
        value = _parsed_time(value.strip())
    if isinstance(value, datetime):
        return ((value if value.tzinfo else value.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND
    if isinstance(value, date):
        return (datetime(value.year, value.month, value.day, tzinfo=UTC) - EPOCH) // MICROSECOND
    return None


def midnight(value: object) -> int | None:
    """A date as its midnight in UTC, also where it landed as a timestamp."""
    found = instant(value)
    return None if found is None else found // DAY * DAY


def number(value: object) -> Fraction | None:
    """An exact number. "NaN, infinities and |x| ≥ 1e15 are unreadable" """
    found = _any_number(value)
    return found if found is not None and abs(found) < 10**15 else None


def _any_number(value: object) -> Fraction | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return Fraction(Decimal(repr(value))) if math.isfinite(value) else None
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, Decimal):
        return Fraction(value) if value.is_finite() else None
    trimmed = str(value).strip()
    return Fraction(trimmed) if _NUMBER.fullmatch(trimmed) else None


def flag(value: object) -> bool | None:
    """ "Boolean: true, t, yes, y, 1 / false, f, no, n, 0, any case, and the numbers 1 and 0." """
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        return {1: True, 0: False}.get(value)
    shown = str(value).strip().lower()
    if shown in _TRUE:
        return True
    return False if shown in _FALSE else None


def leading_digits(value: object) -> int | None:
    """ "Priority and escalation may land as a number, '1' or '1 - Critical': the leading digits count." """
    if not isinstance(value, str | int | float | Decimal) or isinstance(value, bool):
        return None
    if not isinstance(value, str) and number(value) is None:
        return None
    found = _LEADING_DIGITS.match(str(value).strip())
    return int(found.group()) if found else None


def choice(value: object) -> str | None:
    """A text choice for comparison. "texts and `stage` case-insensitive" """
    shown = text(value)
    return None if shown is None else shown.strip().lower()


def _parsed_time(shown: str) -> datetime | None:
    if not _ISO.fullmatch(shown):
        return None
    try:
        return datetime.fromisoformat(shown)
    except ValueError:
        return None
