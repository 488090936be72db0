"""The file of accounts: a row for each, a pair of columns for each KPI."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from kpi_platform.dashboard.account_export import ExportedAccount, ExportedValue
from kpi_platform.dashboard.account_query import ACCOUNT
from kpi_platform.dashboard.account_support import AccountSupport
from kpi_platform.dashboard.definitions import KpiDefinition
from kpi_platform.dashboard.tables import EXTRA_METRICS, SUPPORT_METRICS
from kpi_platform.domain.account_columns import ACCOUNT_COLUMNS
from kpi_platform.domain.kpis import HEALTH_THRESHOLDS, is_too_few
from kpi_platform.web.csv_export import BYTE_ORDER_MARK, csv_lines
from kpi_platform.web.formats import BAND_WORDS, REASON_WORDS, too_few, unit_words, words

_BREACH_COUNTS = (
    "total_tickets", "tickets_with_sla", "sla_breaches", "critical_breaches", "routing_issues",
    "complex_issues",
)  # fmt: skip
_SUPPORT_HEADS = (
    *EXTRA_METRICS,
    *(name if name.startswith("tickets_") else f"{name}_90_days" for name in SUPPORT_METRICS),
    *(f"{name}_30_days" for name in _BREACH_COUNTS),
)
"""The columns of support: rates beside the KPIs, the last 90 days, breaches of the last 30 days."""

_ATTRIBUTES = {"id": "Account id", "name": "Account", "external_id": "External id"} | {
    column.name: column.label for column in ACCOUNT_COLUMNS if column.label
}
"""Attribute of an account → head of its column."""

_PLACES = [ACCOUNT.index(name) for name in _ATTRIBUTES]
_NO_SUPPORT = [None] * len(_SUPPORT_HEADS)
_NO_VALUE = (None, None)


def account_lines(
    customer: str,
    as_of: datetime | None,
    definitions: Mapping[str, KpiDefinition],
    parts: Iterable[Iterable[ExportedAccount]],
) -> Iterator[str]:
    """Returns the file's text in parts. A status says why a number is missing."""
    heads = ["Customer", "As of (UTC)", *_ATTRIBUTES.values(), "Health score", "Health", "Coverage"]
    yield BYTE_ORDER_MARK + csv_lines([[*heads, *_kpi_heads(definitions), *map(words, _SUPPORT_HEADS)]])
    for part in parts:
        yield csv_lines([customer, as_of, *_cells(one, definitions)] for one in part)


def _kpi_heads(definitions: Mapping[str, KpiDefinition]) -> Iterator[str]:
    for one in definitions.values():
        unit = unit_words(one.unit)
        yield f"{one.display_name} ({unit})" if unit else one.display_name
        yield f"{one.display_name}: status"


def _cells(one: ExportedAccount, definitions: Mapping[str, KpiDefinition]) -> list[object]:
    score = one.health_score
    cells = [one.attributes[place] for place in _PLACES]
    band = None if score is None else HEALTH_THRESHOLDS.band(score, "high")
    cells += score, BAND_WORDS[band], one.coverage
    for kpi, definition in definitions.items():
        value = one.kpis.get(kpi)
        cells += _NO_VALUE if value is None else (value.value, _status(value, definition))
    cells += _NO_SUPPORT if one.support is None else _support_cells(one.support)
    return cells


def _status(value: ExportedValue, definition: KpiDefinition) -> str:
    size = value.sample_size
    if value.value is not None and size is not None and is_too_few(size, definition.min_sample):
        return too_few(size)
    return REASON_WORDS.get(value.status, value.status)


def _support_cells(support: AccountSupport) -> list[object]:
    """In the order of _SUPPORT_HEADS; counts of breaches over all categories."""
    counts = [[getattr(one, name) for one in support.breaches] for name in _BREACH_COUNTS]
    known = [[count for count in column if count is not None] for column in counts]
    return [*support.rates.values(), *support.metrics.values(), *(sum(one) if one else None for one in known)]
