"""Rate limit as the headers of an answer state it. A value that makes no sense says nothing."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from kpi_platform.domain.fivetran_budget import LONGEST_BLOCK
from kpi_platform.domain.instants import in_utc

_LIMIT_HEADERS = ("X-Rate-Limit-Limit", "X-Rate-Limit", "X-RateLimit-Limit")
_LEADING_NUMBER = re.compile(r"\s*([0-9]{1,9})(?![0-9])")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def hourly_limit(headers: httpx.Headers) -> int | None:
    """Returns the calls an hour; None if no header says it."""
    text = next((headers[name] for name in _LIMIT_HEADERS if name in headers), "")
    number = _LEADING_NUMBER.match(text)
    return (int(number[1]) if number else 0) or None


def retry_after(headers: httpx.Headers) -> float | None:
    """Returns the seconds until Fivetran wants the next call, from `Retry-After` as a number or as a date;
    None if it names no time that is still to come."""
    text = headers.get("Retry-After", "").strip()
    seconds = float(text) if _SECONDS.fullmatch(text) else _seconds_until(text)
    return min(seconds, LONGEST_BLOCK.total_seconds()) if seconds > 0 else None


def _seconds_until(text: str) -> float:
    try:
        return (in_utc(parsedate_to_datetime(text)) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return 0.0
