"""Reads the calculations of KPIs in settings files of older set-ups as settings of today.

Such a file spells out expressions and filters. Those that mean what the platform computes anyway become the
field or window that they name; any other cannot be taken over, and says so.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.settings.kpi_mappings import FIELD_OF_KPI

_COLUMN = r"(?:[a-z_]+\.)?[A-Za-z_][A-Za-z0-9_]*"
_INCIDENT = r"(?:incident\.)?"
_SHARE = r"\(?\(? ?{n} ?/ ?{d} ?\)? ?\* ?100(?:\.0)?\)?"

# Compared without regard to case and to the number of blanks; the group `field` is the mapped field.
_KNOWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "nps": (rf"(?P<field>{_COLUMN})",),
        "csat": (rf"AVG\((?P<field>{_COLUMN})\)",),
        "adoption_index": (rf"(?P<field>{_COLUMN})",),
        "churn_risk": (rf"(?P<field>{_COLUMN})",),
        "support_ticket_volume": (
            rf"COUNT\((?:\*|(?:DISTINCT )?{_INCIDENT}(?:sys_id|number|incident_id))\)",
        ),
        "sla_compliance": (
            _SHARE.format(n=rf"COUNT\({_INCIDENT}(?:sla_met|made_sla)\)", d=r"COUNT\(\*\)"),
            _SHARE.format(n=rf"SUM\({_INCIDENT}(?:sla_met|made_sla)\)", d=r"COUNT\(\*\)"),
        ),
        "first_response_time": (rf"AVG\((?P<field>{_COLUMN}) ?- ?{_INCIDENT}opened_at\)(?: IN HOURS)?",),
        "resolution_time": (
            rf"AVG\({_INCIDENT}(?:resolved_at|closed_at) ?- ?{_INCIDENT}opened_at\)(?: IN HOURS)?",
        ),
        "support_satisfaction": (rf"AVG\((?P<field>{_COLUMN})\)",),
        "revenue_growth": (
            r"\(?\( ?current_revenue ?- ?prior_revenue ?\) ?/ ?prior_revenue ?\)? ?\* ?100(?:\.0)?",
        ),
    }
)

_WINDOW = re.compile(
    rf"(?:WHERE )?(?P<column>{_COLUMN}) ?>=? ?CURRENT_DATE(?:\(\))? ?- ?"
    r"(?:INTERVAL )?'?(?P<days>\d+)'?(?: DAYS?'?)?",
    re.IGNORECASE,
)

_TIME_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "csat": ("created_date",),
        "executive_engagement": ("activity_date", "completed_date_time"),
        "support_ticket_volume": ("opened_at",),
        "support_ticket_rate": ("opened_at",),
        "sla_compliance": ("resolved_at", "closed_at", "sla_due"),
        "first_response_time": ("first_responded_at",),
        "resolution_time": ("resolved_at", "closed_at"),
        "support_satisfaction": ("resolved_at", "closed_at"),
        "revenue_growth": ("close_date",),
        "net_revenue_retention": ("close_date",),
        "gross_revenue_retention": ("close_date",),
    }
)


def calculation_as_field(slug: str, expression: str) -> str | None:
    """Returns the field that a known expression reads, or None if it reads none that can be set. Raises
    ValueError with the reason if the platform does not measure the KPI so."""
    text = " ".join(expression.split())
    for pattern in _KNOWN.get(slug, ()):
        if found := re.fullmatch(pattern, text, re.IGNORECASE):
            return _field(slug, found["field"]) if "field" in found.groupdict() else None
    raise ValueError(
        f"'{text}' is not how {KPIS[slug].display_name} is measured ({KPIS[slug].formula}); leave it out, or "
        "define a custom KPI"
    )


def filters_as_window(slug: str, filters: str) -> int:
    """Returns the days of a filter that only limits the KPI to its window. Raises ValueError with the reason
    for any other filter."""
    text = " ".join(filters.split())
    found = _WINDOW.fullmatch(text)
    columns = _TIME_COLUMNS.get(slug, ())
    if not found or found["column"].rpartition(".")[2].lower() not in columns:
        raise ValueError(
            f"'{text}' is no window of {KPIS[slug].display_name}; set window_days, or define a custom KPI"
        )
    return int(found["days"])


def _field(slug: str, column: str) -> str | None:
    table, _, name = column.rpartition(".")
    tables, custom_field = FIELD_OF_KPI[slug]
    if name.lower() == custom_field:
        return None  # the measure's name, not a column's: custom_fields says which column that is
    return f"{table.lower()}.{name}" if table and table.lower() in tables else column
