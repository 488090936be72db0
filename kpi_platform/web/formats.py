"""How numbers, times and reasons are written on pages."""

import re
from datetime import UTC, date, datetime
from typing import Any

from kpi_platform.dashboard.shown_accounts import KpiValue
from kpi_platform.domain.known_then import NOT_KNOWN
from kpi_platform.domain.kpis import KPIS, Band, left_out_rows
from kpi_platform.domain.sources import SOURCE_SYSTEMS

NOTHING = "–"

BAND_WORDS: dict[Band | None, str] = {
    "healthy": "Healthy",
    "between": "Watch",
    "at_risk": "At risk",
    None: "No score",
}

OUTCOME_WORDS = {"warn": "Warning", "fail": "Failed", "error": "Could not run"}
"""How a check ended that did not pass."""

SYNC_WORDS = {
    "queued": "Waiting",
    "syncing": "Syncing",
    "transforming": "Computing KPIs",
    "matching": "Matching accounts",
    "loading": "Loading the dashboard",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
"""The states of a sync that somebody has asked for."""

BACKTEST_WORDS = {"running": "Being computed", "done": "Done", "failed": "Failed", "cancelled": "Cancelled"}
"""The states of a back-test."""

METHOD_WORDS = {
    "id": "Known by its id",
    "exact": "Same name",
    "fuzzy": "Similar name",
    "domain": "Same web or e-mail domain",
    "decision": "Decided by a person",
    "created": "Created by a load",
    "same_name": "Same name, known to ServiceNow alone",
    "joined": "Joins with the next run",
    "none": "No match",
}
"""How a match was found, by method."""

REASONS = {
    "stale": "The source's newest sync failed. This is the value from before.",
    "out_of_range": "The source holds a number that is outside of this KPI's range, so it is not shown.",
    "no_data": "The source was synced, and holds nothing in the window that this KPI can be measured from.",
    "unreadable": "More than one in twenty of the rows that this KPI is measured from cannot be read.",
    "not_mapped": "The field or table that this KPI is read from does not exist in the source. "
    "Name it in the settings.",
    "not_synced": "The source of this KPI has not been synced yet, or is switched off.",
    "disabled": "This KPI is switched off in the settings.",
}
"""Why a value is missing or old, by status, where nothing else is known."""

REASON_WORDS = {
    "stale": "old",
    "out_of_range": "out of range",
    "no_data": "no data",
    "unreadable": "unreadable",
    "not_mapped": "not mapped",
    "not_synced": "not synced",
    "disabled": "off",
}

_SPELLED = {
    "kpi": "KPI",
    "kpis": "KPIs",
    "nps": "NPS",
    "csat": "CSAT",
    "sla": "SLA",
    "csm": "CSM",
    "id": "ID",
}
"""Words that are abbreviations."""

KPI_NAMES = {slug: kpi.display_name for slug, kpi in KPIS.items()}
SHORT_NAMES = {slug: kpi.short_name for slug, kpi in KPIS.items()}
"""Short names for heads of columns; other KPIs have their display name."""

_SYMBOLS = {"percent": "%", "hours": " h", "business hours": " business h", "SLA hours": " SLA h"}
_ONE = {
    **{unit: symbol.strip() for unit, symbol in _SYMBOLS.items()},
    "tickets": "ticket",
    "touches": "touch",
}
_TITLES = {str(system.name): system.title for system in SOURCE_SYSTEMS.values()}
_SOURCES = {**_TITLES, "combined": " and ".join(_TITLES.values())}


def missing_reason(value: KpiValue) -> str:
    """Says in a sentence why a value is missing or old. Where rows were left out, it does not say that
    nothing is there, but what was left out and why."""
    if value.left_out_reason == NOT_KNOWN:
        return "Not known then: nothing says what this field of the account held at the time."
    if value.left_out_reason is not None:
        left_out = left_out_rows(value.left_out_count or 0, value.left_out_reason)
        return f"What counts is not enough to measure this KPI from: {left_out}."
    return REASONS.get(value.status, value.status)


def number(value: float | None, digits: int = 1) -> str:
    """Formats a number with at most `digits` decimals, thousands apart: `1,234.5`, `40`."""
    if value is None:
        return NOTHING
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text.replace("-", "−")


def signed(value: float | None) -> str:
    """Formats a change with its sign: `+3.2`, `−18`, `0`."""
    text = number(value)
    return text if value is None or value < 0 or text == "0" else f"+{text}"


def quantity(value: float | None, unit: str) -> str:
    """Returns a value in its unit as a cell shows it: `97.5%`, `3.2 h`, `40`."""
    if value is None:
        return NOTHING
    return f"{number(value)}{_SYMBOLS.get(unit, '')}"


def unit_words(unit: str, value: float | None = None) -> str:
    """Returns the unit below a head or behind a value: `%`, `h`, `tickets`; `ticket` behind 1."""
    return _ONE.get(unit, unit) if value == 1 else _SYMBOLS.get(unit, unit).strip()


def money(value: float | None) -> str:
    """Formats a revenue in short: `1.2 M`. The platform does not know the currency."""
    if value is None:
        return NOTHING
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{number(value / size)} {letter}"
    return number(value, 0)


def too_few(sample_size: int) -> str:
    """Beside a value that comes from fewer rows than its KPI's min_sample."""
    return f"too few ({sample_size:,})"


def percent(share: float | None) -> str:
    """Returns a share from 0 to 1 as `85%`."""
    return NOTHING if share is None else f"{number(100 * share, 0)}%"


def moment(value: datetime | str | None) -> str:
    """Returns a time in UTC: `24 Nov 2026, 09:53`."""
    if not value:
        return NOTHING
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M}"


def calendar_day(value: str) -> str:
    """Returns a date, `2027-03-14`, as `14 Mar 2027`."""
    return f"{date.fromisoformat(value):%-d %b %Y}"


def plain_number(value: float | None) -> str:
    """Returns the number as an input takes it: `120000`, `0.5`; empty without one."""
    return "" if value is None else f"{value:.12g}"


def day(value: datetime | None) -> str:
    return f"{value.astimezone(UTC):%-d %b %Y}" if value else NOTHING


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """Formats an instant as `5 min ago`, `in 3 h` or `never`."""
    if value is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - value).total_seconds()
    size = abs(seconds)
    if size < 60:
        return "just now" if seconds >= 0 else "within a minute"
    count, unit = size // 60, "min"
    if size >= 2 * 86400:
        count, unit = size // 86400, "days"
    elif size >= 3600:
        count, unit = size // 3600, "h"
    return f"{count:.0f} {unit} ago" if seconds >= 0 else f"in {count:.0f} {unit}"


def seconds(value: float) -> str:
    return f"{value * 1000:,.0f} ms" if value < 1 else f"{value:,.1f} s"


def duration(value: float) -> str:
    """Formats how long something took: `4.2 s`, `12 min`, `3 h 5 min`."""
    if value < 60:
        return seconds(value)
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def source_name(source: str) -> str:
    return _SOURCES.get(source, source)


def setting_value(value: Any) -> str:
    """Returns a setting as a person reads it."""
    if value is None or value == "":
        return "not set"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def formula_words(formula: str) -> str:
    """Returns a KPI's formula as a sentence begins, with mapped fields in words: `mapped as NPS score`."""
    text = re.sub(r"(?<=mapped as )\w+", lambda found: _spelled(found[0]), formula)
    return text[:1].upper() + text[1:]


def words(name: str) -> str:
    """Makes `First response time` of `first_response_time`."""
    text = _spelled(name)
    return text[:1].upper() + text[1:]


def _spelled(name: str) -> str:
    return " ".join(_SPELLED.get(word, word) for word in name.replace("_", " ").split())
