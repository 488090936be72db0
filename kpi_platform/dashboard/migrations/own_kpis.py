"""Renames KPIs that customers define with the slug of a new standard KPI, for the migration that brings it.

Values, history and definition go with it, and so does every stored version of the settings: an older one that
is restored still has it.
"""

import copy
from typing import Any

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.migrations.settings_documents import add_version, documents, store

_BY_KPI = ("kpis", "kpi_history", "kpi_definitions")


def rename(taken: str, free: str, note: str) -> None:
    """Gives customers' own KPIs of the slug `taken` the slug `free`; `note` says why, with the settings."""
    newest: dict[int, tuple[int, Any, Any]] = {}
    for customer, version, document in documents():
        renamed = _renamed(document, taken, free)
        newest[customer] = version, document, renamed
        if renamed != document:
            store(customer, version, renamed)
    for customer, (version, before, after) in newest.items():
        if before != after:
            change = {"path": "custom_kpis", "before": before["custom_kpis"], "after": after["custom_kpis"]}
            add_version(customer, version + 1, after, note, [change])
    for name in _BY_KPI:
        table = sa.table(name, sa.column("kpi", sa.Text()))
        op.get_bind().execute(sa.update(table).where(table.c.kpi == taken).values(kpi=free))


def remove(standard: str) -> None:
    """Removes the values of a standard KPI that the older program does not know. A KPI that was renamed keeps
    its new name."""
    for name in _BY_KPI:
        table = sa.table(name, sa.column("kpi", sa.Text()))
        op.get_bind().execute(sa.delete(table).where(table.c.kpi == standard))


def _renamed(document: Any, taken: str, free: str) -> Any:
    result = copy.deepcopy(document)
    own = result.get("custom_kpis") if isinstance(result, dict) else None
    for kpi in own if isinstance(own, list) else ():
        if isinstance(kpi, dict) and kpi.get("slug") == taken:
            kpi["slug"] = free
    return result
