"""Dates and numbers of a connection that lands text in another way, as the ISO texts that are always read."""

import re

_DATE = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?: (\d{1,2}):(\d\d)(?::(\d\d))? ?([AP]M)?)?",
    re.ASCII | re.IGNORECASE,
)
_COMMA = re.compile(r"[+-]?\d+(?:,\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_POINT = re.compile(r"[+-]?\d+\.\d+(?:[eE][+-]?\d+)?", re.ASCII)


def as_written(date_order: str, decimal: str, value: object) -> object:
    """ "`date_order` dmy, mdy also reads `D/M/YYYY` …; ISO is always read. `decimal: comma` reads digits, one
    comma, digits instead of the point." """
    if not isinstance(value, str) or (date_order, decimal) == ("ymd", "point"):
        return value
    shown = value.strip()
    if decimal == "comma" and _COMMA.fullmatch(shown):
        return shown.replace(",", ".")
    if decimal == "comma" and _POINT.fullmatch(shown):
        return f"not with a comma: {shown}"
    if date_order != "ymd" and (found := _DATE.fullmatch(shown)):
        return _iso(date_order, *found.group(1, 3, 4, 5, 6, 7, 8))
    return value


def _iso(
    order: str,
    first: str,
    second: str,
    year: str,
    hour: str | None,
    minute: str,
    seconds: str | None,
    half: str | None,
) -> str:
    day, month = (first, second) if order == "dmy" else (second, first)
    date = f"{year}-{month:0>2}-{day:0>2}"
    if hour is None:
        return date
    hours = int(hour)
    if half is not None:
        hours = hours % 12 + (12 if half.upper() == "PM" else 0) if 1 <= hours <= 12 else 99
    return f"{date} {hours:02d}:{minute}:{seconds or '00'}"
