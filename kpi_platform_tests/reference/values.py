"""Landed values as exact Python values: times are integer microseconds since 1970 UTC, numbers are fractions.

A value that cannot be read as its kind is NULL; it never stops a build.
"""

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
HOUR = 3_600_000_000

_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LEADING_DIGITS = re.compile(r"\d+", re.ASCII)
_TRUE = frozenset({"true", "t", "1", "yes", "y"})
_FALSE = frozenset({"false", "f", "0", "no", "n"})


def text(value: object) -> str | None:
    """`value` as text; blank text is NULL."""
    if value is None:
        return None
    shown = str(value)
    return shown if shown.strip() else None


def instant(value: object) -> int | None:
    """Microseconds since 1970. "A timestamp without zone is UTC."; a date is its midnight in UTC."""
    if isinstance(value, str):
        value = _parsed_time(value.strip())
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (moment - EPOCH) // MICROSECOND
    if isinstance(value, date):
        return (datetime(value.year, value.month, value.day, tzinfo=UTC) - EPOCH) // MICROSECOND
    return None


def midnight(value: object) -> int | None:
    """A date as its midnight in UTC, also where it landed as a timestamp."""
    moment = instant(value)
    return None if moment is None else moment // DAY * DAY


def number(value: object) -> Fraction | None:
    """An exact number; text that is no number, NaN and infinities are NULL."""
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
    """A boolean that landed as boolean, number or text."""
    if isinstance(value, bool) or value is None:
        return value
    shown = str(value).strip().lower()
    if shown in _TRUE:
        return True
    return False if shown in _FALSE else None


def leading_digits(value: object) -> int | None:
    """ "Priority and escalation may land as a number, '1' or '1 - Critical': the leading digits count." """
    if value is None or isinstance(value, bool):
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
