"""A customer's own KPI with the slug of the new standard KPI gets another one, and keeps all that it has.

Its values, history and definition go with it, and so does every stored version of the settings: an older one
that is restored still has it.
"""

import copy
from typing import Any

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.migrations.settings_documents import add_version, documents, store

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TAKEN, _FREE = "gross_revenue_retention", "own_gross_revenue_retention"
_NOTE = "Gross revenue retention is a standard KPI now: the KPI of your own with its slug has another slug."
_BY_KPI = ("kpis", "kpi_history", "kpi_definitions")


def upgrade() -> None:
    newest: dict[int, tuple[int, Any, Any]] = {}
    for customer, version, document in documents():
        renamed = _renamed(document)
        newest[customer] = version, document, renamed
        if renamed != document:
            store(customer, version, renamed)
    for customer, (version, before, after) in newest.items():
        if before != after:
            change = {"path": "custom_kpis", "before": before["custom_kpis"], "after": after["custom_kpis"]}
            add_version(customer, version + 1, after, _NOTE, [change])
    for name in _BY_KPI:
        table = sa.table(name, sa.column("kpi", sa.Text()))
        op.get_bind().execute(sa.update(table).where(table.c.kpi == _TAKEN).values(kpi=_FREE))


def downgrade() -> None:
    """Keeps the new name of a KPI that was renamed. The older program knows no standard KPI of the name."""
    for name in _BY_KPI:
        table = sa.table(name, sa.column("kpi", sa.Text()))
        op.get_bind().execute(sa.delete(table).where(table.c.kpi == _TAKEN))


def _renamed(document: Any) -> Any:
    result = copy.deepcopy(document)
    own = result.get("custom_kpis") if isinstance(result, dict) else None
    for kpi in own if isinstance(own, list) else ():
        if isinstance(kpi, dict) and kpi.get("slug") == _TAKEN:
            kpi["slug"] = _FREE
    return result
