"""The reference page of all settings, made from the model."""

from collections.abc import Iterable, Mapping
from typing import Any

from kpi_platform.domain.custom_kpis import CustomKpi
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.settings.editor import WHO_MAY
from kpi_platform.domain.settings.leaves import Leaf, settings_kinds, settings_leaves, settings_structures
from kpi_platform.domain.settings.model import CustomerSettings
from kpi_platform.domain.settings.section import Kind
from kpi_platform.domain.sources import SOURCES

_INTRODUCTION = """\
# Settings

<!-- Made from the model by `kpi-platform settings docs > docs/settings.md`. -->

One document per customer, as JSON or YAML. `kpi-platform settings export CUSTOMER` writes it, `settings
validate` checks a file, `settings import` makes it the customer's settings. What a document leaves out is at
its default; a key that is not on this page is an error. No secret is ever stored in it: settings whose name
ends in `_secret` hold the name of an environment variable.

A default that names an environment variable is that variable's value if it is set. Variables that name a
connection count only while the installation has a single customer. A connection, and a raw schema within one
destination, belong to at most one customer. What only repeats a default is not stored.

Every setting is of one kind, which says who may change it. The operator may change all, and the command line
works for the operator.

| kind | what it is about | who may change it |
|---|---|---|
"""


_KINDS: Mapping[Kind, str] = {
    "placement": "where the customer's data lies and how it is reached",
    "reach_out": "addresses that the installation calls for the customer",
    "meaning": "everything else: mappings, thresholds, weights, schedules, policies",
}


def settings_reference() -> str:
    """Returns the page, as Markdown."""
    leaves = (*settings_leaves(), *(one for one in settings_structures() if one.path != "custom_kpis"))
    kinds = "".join(f"| {kind} | {about} | {WHO_MAY[kind]} |\n" for kind, about in _KINDS.items())
    parts = [_INTRODUCTION + kinds]
    for name, field in CustomerSettings.model_fields.items():
        own = [leaf for leaf in leaves if leaf.section == name]
        parts.append(f"## {name}\n\n{field.description}\n")
        if name == "kpi_mappings":
            parts += [
                _kpi(slug, [leaf for leaf in own if leaf.path.split(".")[1] == slug])
                for slug in dict.fromkeys(leaf.path.split(".")[1] for leaf in own)
            ]
        elif own:
            parts.append(_table(own, prefix=f"{name}."))
        else:
            parts.append(_custom_kpis())
    return "\n".join(parts)


def _kpi(slug: str, leaves: list[Leaf]) -> str:
    prefix = f"kpi_mappings.{slug}."
    return f"### {prefix.strip('.')}\n\n{KPIS[slug].display_name}: {KPIS[slug].formula}.\n\n" + _table(
        leaves, prefix
    )


def _table(leaves: Iterable[Leaf], prefix: str) -> str:
    rows = ["| setting | default | allowed | kind | what it does |", "|---|---|---|---|---|"]
    for leaf in leaves:
        cells = (
            f"`{leaf.path.removeprefix(prefix)}`",
            _default(leaf),
            "shown only" if leaf.read_only else leaf.allowed,
            "–" if leaf.read_only else leaf.kind,
            leaf.help,
        )
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows) + "\n"


def _default(leaf: Leaf) -> str:
    value = _text(leaf.default)
    if leaf.environment:
        return f"`{leaf.environment}`, else {value}" if leaf.default is not None else f"`{leaf.environment}`"
    return value


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if value == {}:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


CUSTOM_KPI_KEYS = {
    "name": "Name to show.",
    "slug": "Its name in the KPI tables and the dashboard; not that of a standard KPI.",
    "source": f"{' or '.join(SOURCES)}.",
    "table": "Landed table whose rows belong to an account.",
    "aggregate": "count, count_distinct, sum, avg, min, max, median, or ratio.",
    "field": "Field that is aggregated; none for count and ratio.",
    "filters": "Conditions that all hold: {field, operator, value}, or {and: […]}, {or: […]}.",
    "numerator": "For a ratio: {aggregate, field, filters}.",
    "denominator": "For a ratio: {aggregate, field, filters}.",
    "time_field": "Field that says when a row happened; needed for a window.",
    "window_days": "Days before the instant of the value that count, 1 to 730; without, all rows.",
    "unit": "Unit to show; percent multiplies a ratio by 100.",
    "direction": "high or low: which values are better.",
    "category": "Category with which it is loaded and shown.",
    "impact": "Critical, High, Medium or Low.",
    "frequency": "Daily, Weekly, Monthly or Quarterly.",
    "thresholds": "{healthy, at_risk}: colour the web app and drive alerts.",
}
"""Returns the meaning of each key of a custom KPI."""


def _custom_kpis() -> str:
    kind = settings_kinds()["custom_kpis"]
    rows = [
        f"A list, of the kind {kind}; each entry has:\n",
        "| key | default | what it is |",
        "|---|---|---|",
    ]
    for name, field in CustomKpi.model_fields.items():
        default = "required" if field.is_required() else _text(field.default or None)
        rows.append(f"| `{name}` | {default} | {CUSTOM_KPI_KEYS[name]} |")
    return "\n".join(rows) + "\n"
