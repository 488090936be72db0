"""How one customer's sources land: naming, layout, types, and what is missing."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Literal

from kpi_platform_tests.contract.dirty_rows import Row
from kpi_platform_tests.contract.dirty_world import DirtyWorld, Tables, distinct_versions
from kpi_platform_tests.contract.landing import LandedSchema, LandedTable
from kpi_platform_tests.reference.identity import id_key

_TIMES = {
    "_fivetran_synced", "_fivetran_start", "last_login_date", "created_date", "completed_date_time",
    "start_date_time", "end_date_time", "opened_at", "first_responded_at", "resolved_at", "closed_at",
    "sla_due", "reopened_time", "start_time", "end_time", "planned_end_time",
    "business_duration", "nps_date", "activation_date",
}  # fmt: skip
_DATES = {
    "close_date", "activity_date", "start_date", "next_start_date", "adoption_index_date",
    "feature_usage_date", "churn_risk_date",
}  # fmt: skip
_FLAGS = {
    "is_deleted", "_fivetran_deleted", "_fivetran_active", "is_won", "is_closed", "made_sla", "has_breached",
    "is_corporate",
}  # fmt: skip
_CHOICES = {"state", "incident_state", "priority", "escalation"}
_COUNTS = {"reopen_count", "reassignment_count", "business_stc"}
_NUMBERS = {
    "annual_revenue", "nps_score", "adoption_score", "churn_risk", "health_score", "active_users",
    "total_users", "feature_usage_score", "amount", "satisfaction_rating", "conversion_rate",
}  # fmt: skip
_CUSTOM = {
    "nps_score", "adoption_score", "churn_risk", "health_score", "last_login_date", "active_users",
    "total_users", "feature_usage_score", "executive_engagement", "satisfaction_rating",
    "customer_account_id", "customer_account_name", "first_responded_at", "nps_date", "adoption_index_date",
    "activation_date", "feature_usage_date", "churn_risk_date",
}  # fmt: skip
_OF_INCIDENT = {
    "sys_id", "incident_state", "category", "reopen_count", "reopened_time", "resolved_at",
    "parent_incident_value",
    "customer_account_id", "customer_account_name", "first_responded_at", "satisfaction_rating",
}  # fmt: skip
_OF_BOTH = {"priority", "closed_at"}
_LABELS = {
    "state": {1: "New", 2: "IN PROGRESS", 3: "On Hold", 6: "6 - Resolved", 7: "7", 8: "Cancelled"},
    "incident_state": {1: "1", 2: "In Progress", 3: "on hold ", 6: "Resolved", 7: "closed", 8: "canceled"},
    "priority": {1: "1 - Critical", 2: "2 - High", 3: "3", 4: "4 - Low", 5: "Planning"},
    "escalation": {0: "0 - Normal", 1: "1 - Moderate", 2: "2"},
}
_CAMEL = {"number": "Number", "id": "Id"}


@dataclass(frozen=True)
class Style:
    """`layout` "both" lands incidents flat, and tasks beside them. `absent` holds "table" and
    "table.column" in canonical names; `fields` maps canonical custom fields to their landed columns
    where they differ from the naming's own. With `local`, most texts are
    in that order of dates, with a comma before the decimals."""

    naming: Literal["fivetran", "api", "capitals"] = "fivetran"
    layout: Literal["class", "flat", "both"] = "class"
    times: Literal["plain", "zoned", "text"] = "plain"
    as_text: bool = False
    as_numbers: bool = False
    labels: bool = False
    history: bool = False
    local: Literal["", "dmy", "mdy"] = ""
    absent: frozenset[str] = frozenset()
    fields: Mapping[str, str] | None = None


def land_world(world: DirtyWorld, style: Style, seed: str) -> dict[str, LandedSchema]:
    """`salesforce` and `servicenow` schemas as this style lands them."""
    rng = random.Random(f"{seed} lands")
    servicenow = dict(world.servicenow)
    if style.layout != "flat":
        split = _class_tables(rng, servicenow["incident"], style)
        servicenow["task"] = split["task"]
        servicenow["incident"] = split["incident"] if style.layout == "class" else servicenow["incident"]
    landed: dict[str, LandedSchema] = {}
    for source, tables in (("salesforce", world.salesforce), ("servicenow", servicenow)):
        landed[source] = {
            _table_name(name, source, style): _landed(rng, source, name, rows, style)
            for name, rows in tables.items()
            if name not in style.absent
        }
    return landed


def _class_tables(rng: random.Random, incidents: list[Row], style: Style) -> Tables:
    """The same incidents split over `incident` and `task`, with rows of other classes beside them."""
    own: list[Row] = []
    tasks: list[Row] = []
    for row in incidents:
        lifecycle = {name: value for name, value in row.items() if name.startswith(("_", "is_"))}
        own.append(
            {name: value for name, value in row.items() if name in _OF_INCIDENT | _OF_BOTH} | lifecycle
        )
        if rng.random() < 0.97:
            task = {name: value for name, value in row.items() if name not in _OF_INCIDENT - {"sys_id"}}
            if rng.random() < 0.1:
                task |= {"_fivetran_deleted": rng.random() < 0.5, "_fivetran_active": rng.random() < 0.7}
            tasks.append(task)
        for column in _OF_BOTH:
            if rng.random() < 0.5:
                own[-1][column] = None
    tasks += [{**row, "sys_id": f"problem of {row['sys_id']}"} for row in tasks[::7]]
    for index, row in enumerate(own):
        if index % 3 == 0:
            # Synced on its own: another version than the task's may be the latest.
            synced = row["_fivetran_synced"]
            row["_fivetran_synced"] = None if synced is None else synced - timedelta(hours=1)  # type: ignore[operator]
    return {
        "incident": distinct_versions(own, "sys_id", history=style.history),
        "task": distinct_versions(tasks, "sys_id", history=style.history),
    }


def _table_name(name: str, source: str, style: Style) -> str:
    if style.naming == "capitals":
        return name.upper()
    return name.capitalize() if style.naming == "api" and source == "salesforce" else name


def _landed(rng: random.Random, source: str, table: str, rows: Iterable[Row], style: Style) -> LandedTable:
    rows = list(rows)
    absent = {name.partition(".")[2] for name in style.absent if name.startswith(f"{table}.")}
    if source == "servicenow":
        absent.add("is_deleted")
    if not style.history:
        absent |= {"_fivetran_active", "_fivetran_start"}
    if absent & ({"_fivetran_synced", "_fivetran_start"} if style.history else {"_fivetran_synced"}):
        # Without them nothing says which of two versions is the latest.
        rows = list({row.get("sys_id") or id_key(row.get("id")): row for row in rows}.values())
    kept = [column for column in rows[0] if column not in absent]
    names = {column: _column_name(column, source, style) for column in kept}
    return LandedTable(
        columns={names[column]: _type(column, style) for column in kept},
        rows=[{names[column]: _cell(rng, column, row[column], style) for column in kept} for row in rows],
    )


def _column_name(column: str, source: str, style: Style) -> str:
    name = _small_name(column, source, style)
    return name.upper() if style.naming == "capitals" else name


def _small_name(column: str, source: str, style: Style) -> str:
    if style.fields and column in style.fields:
        return style.fields[column]
    if source == "servicenow":
        return f"u_{column}" if column in _CUSTOM else column
    special = {"churn_risk": "churn_risk_score"}.get(column, column)
    if style.naming != "api":
        return f"{special}_c" if column in _CUSTOM else column
    if column.startswith("_"):
        return column
    words = special.split("_")
    if column in _CUSTOM:
        return "_".join(word.upper() if word == "nps" else word.capitalize() for word in words) + "__c"
    return "".join(word.capitalize() for word in words)


def _type(column: str, style: Style) -> str:
    if column in _TIMES:
        return {"plain": "TIMESTAMP", "zoned": "TIMESTAMP WITH TIME ZONE", "text": "VARCHAR"}[style.times]
    if column in _DATES:
        return {"plain": "DATE", "zoned": "TIMESTAMP", "text": "VARCHAR"}[style.times]
    if style.as_text or (style.labels and column in _CHOICES):
        return "VARCHAR"
    if column in _FLAGS:
        return "INTEGER" if style.as_numbers else "BOOLEAN"
    if column in _NUMBERS or (style.as_numbers and column in _CHOICES | _COUNTS):
        return "DOUBLE"
    return "INTEGER" if column in _CHOICES | _COUNTS else "VARCHAR"


def _cell(rng: random.Random, column: str, value: object, style: Style) -> object:
    if value is None:
        return (
            rng.choice(("", None, None)) if _type(column, style) == "VARCHAR" and column in _NUMBERS else None
        )
    if isinstance(value, datetime):
        return _time(rng, column, value, style)
    if column in _CHOICES and style.labels and isinstance(value, int):
        return rng.choice(
            (_LABELS[column].get(value, "3 - On hold"), str(value), f"{value} - x", f" {value}")
        )
    if style.as_text and isinstance(value, bool):
        return rng.choice((str(value), str(value).lower(), str(value).upper(), str(int(value))))
    if style.as_text and column in _NUMBERS and rng.random() < 0.03:
        return rng.choice(("n/a", "12 points", "--"))
    if isinstance(value, bool) and style.as_numbers and not style.as_text:
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_text(rng, value, style) if style.as_text else _number(column, value, style)
    return value


def _number_text(rng: random.Random, value: float, style: Style) -> str:
    text = f"{value} "[: rng.choice((-1, None))]
    return text.replace(".", ",") if style.local and rng.random() < 0.95 else text


def _number(column: str, value: int | float, style: Style) -> object:
    return float(value) if _type(column, style) == "DOUBLE" else value


def _time(rng: random.Random, column: str, value: datetime, style: Style) -> object:
    if column in _DATES:
        if style.times == "plain":
            return value.date()
        # A date that lands as a timestamp may carry a time of day; the date counts.
        shown = value + rng.choice((timedelta(0), timedelta(hours=13, minutes=5)))
        return shown.replace(tzinfo=None) if style.times == "zoned" else _date_text(rng, shown.date(), shown)
    if style.times == "plain":
        return value.replace(tzinfo=None)
    if style.times == "zoned":
        return value
    if rng.random() < 0.01 and column not in ("_fivetran_synced", "_fivetran_start"):
        return rng.choice(("soon", "31/12/2025 10:00", ""))
    if style.local and column not in ("_fivetran_synced", "_fivetran_start") and rng.random() < 0.7:
        order, separator = ("%d", "%m") if style.local == "dmy" else ("%m", "%d"), rng.choice("/.-")
        clock = rng.choice((" %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S%p", ""))
        return value.strftime(f"{order[0]}{separator}{order[1]}{separator}%Y{clock}")
    abroad = value.astimezone(timezone(timedelta(hours=rng.choice((2, -7)))))
    return rng.choice(
        (
            value.replace(tzinfo=None).isoformat(sep=" "),
            value.replace(tzinfo=None).isoformat(),
            value.isoformat(),
            value.replace(tzinfo=None).isoformat() + "Z",
            abroad.isoformat(sep=" "),
        )
    )


def _date_text(rng: random.Random, day: date, moment: datetime) -> str:
    return rng.choice((day.isoformat(), moment.replace(tzinfo=None).isoformat(sep=" ")))
